from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from word_encoder import WordEncoder

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError
from babelite.index import Index
from babelite.index.description import VectorType
from babelite.index.row_storage import from_stored, to_stored
from babelite.storage import locked_folder

FILES = ["vectors.bin", "text.txt", "ends.bin"]


@given(seed=st.integers(0, 10_000), dim=st.sampled_from([1, 2, 16, 300]), spread=st.integers(0, 6))
def test_quantisation_error_is_bounded(seed: int, dim: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.standard_normal((20, dim)) * 10.0 ** rng.integers(-spread, 1, dim))
    vectors[3] = 0
    largest = np.abs(vectors).max(axis=1)
    # Half a step a component, and as much again for the length that the steps change.
    bounds: dict[VectorType, NDArray[np.float64]] = {
        "int8": 2 * np.sqrt(dim) * largest / 254,
        "float16": 2 * 2**-11 + np.zeros(20),
    }
    for precision, bound in bounds.items():
        again = from_stored(to_stored(vectors, precision))
        assert (np.linalg.norm(again - vectors, axis=1) <= bound + 1e-6).all()
        np.testing.assert_allclose(np.linalg.norm(again, axis=1), largest > 0, atol=1e-6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index = Index.build({"a.txt": ["red", "", "green"]}, WordEncoder(), tmp_path / "index")
    return index.folder


@pytest.mark.parametrize("name", FILES)
def test_truncated_or_missing_files_are_errors(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    message = f"{name}: is truncated: it has {len(whole) - 1} bytes of {len(whole)}; copy the index"
    with pytest.raises(BabeliteError, match=message):
        Index.open(folder)
    path.unlink()
    with pytest.raises(BabeliteError, match=f"{name}: is missing"):
        Index.open(folder)


@pytest.mark.parametrize("name", FILES)
def test_uncommitted_rows_are_truncated(folder: Path, name: str) -> None:
    whole = {name: (folder / name).read_bytes() for name in FILES}
    with (folder / name).open("ab") as file:
        file.write(b"half a blo")
    index = Index.open(folder, WordEncoder())
    index.add(["blue"])
    assert [hits[0].text for hits in index.search(["red", "green", "blue"], 1)] == [
        "red",
        "green",
        "blue",
    ]
    for name, content in whole.items():
        assert (folder / name).read_bytes().startswith(content)
    assert (folder / "text.txt").read_text() == "red\n\ngreen\nblue\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "index.json: is damaged"),
        ("[]", "index.json: is damaged"),
        ('{"format_version": 1}', "index.json: is damaged"),
        ('{"format_version": 99, "babelite_version": "9.9"}', "babelite 9.9 in a newer format"),
    ],
)
def test_an_invalid_description_is_an_error(folder: Path, content: str, message: str) -> None:
    (folder / "index.json").write_text(content)
    with pytest.raises(BabeliteError, match=message):
        Index.open(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"[1, 2]"])
def test_invalid_removed_rows_are_an_error(folder: Path, content: bytes) -> None:
    (folder / "removed.npy").write_bytes(content)
    with pytest.raises(BabeliteError, match=r"removed.npy: is damaged"):
        Index.open(folder)


def test_a_damaged_part_is_an_error(tmp_path: Path) -> None:
    lines = [f"w{i}" for i in range(1_000)]
    index = Index.build(lines, WordEncoder(), tmp_path / "index", kind="ivf")
    path = index.folder / index.description.parts[0].file
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BabeliteError, match=r"\.faiss: is damaged"):
        Index.open(index.folder)
    path.unlink()
    with pytest.raises(BabeliteError, match=r"\.faiss: is missing"):
        Index.open(index.folder)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BabeliteError, match=r"is not an index"):
        Index.open(tmp_path)
    with pytest.raises(BabeliteError, match="there is no such folder"):
        Index.open(tmp_path / "none")
    with pytest.raises(BabeliteError, match="is not a folder"):
        Index.open(tmp_path / "notes.txt")
    with pytest.raises(BabeliteError, match="contains other files"):
        Index.build(["red"], WordEncoder(), tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name[0] != "."] == ["notes.txt"]


def test_an_index_is_changed_by_one_process_at_a_time(folder: Path) -> None:
    index = Index.open(folder, WordEncoder())
    with locked_folder(folder):
        for change in (lambda: index.add(["blue"]), lambda: index.remove([0])):
            with pytest.raises(BabeliteError, match="is locked by another process"):
                change()
        assert index.search(["red"], 1)[0][0].text == "red"
    index.add(["blue"])
    assert len(index) == 3
