"""Damaged index files: a flipped bit is an error or has no effect; earlier formats still open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from error_codes import raises
from word_encoder import WordEncoder

from babelite.errors import BabeliteError
from babelite.index import Index
from babelite.storage import checksums_path

FLIPS_A_FILE = 8


def build_small(folder: Path) -> None:
    lines = {"a.txt": ["red", "", "green"], "b.txt": ["blue", "größer"]}
    Index.build(lines, WordEncoder(), folder).remove([4])


def build_parts(folder: Path) -> None:
    Index.build([f"w{i}" for i in range(1_000)], WordEncoder(), folder, kind="pq")


def answers(folder: Path) -> object:
    index = Index.open(folder, WordEncoder())
    found = index.search(["red", "green", "blue", "w7"], 3)
    files = [(source.name, source.lines) for source in index.description.contents.sources]
    return found, index.find(["green", "größer", "w7"]), len(index), files


@pytest.mark.parametrize("build", [build_small, build_parts])
def test_a_flipped_bit_is_an_error_or_has_no_effect(
    tmp_path: Path, build: Callable[[Path], None]
) -> None:
    build(tmp_path / "index")
    right = answers(tmp_path / "index")
    rng = np.random.default_rng(1)
    noticed = 0
    for path in sorted(path for path in (tmp_path / "index").iterdir() if path.stat().st_size):
        whole = path.read_bytes()
        for _ in range(FLIPS_A_FILE):
            damaged = bytearray(whole)
            damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                assert answers(tmp_path / "index") == right
            except BabeliteError as error:
                assert error.code in ("index-invalid", "file-damaged", "format-too-new")
                noticed += 1
        path.write_bytes(whole)
    assert noticed >= 30
    assert answers(tmp_path / "index") == right


def test_only_the_blocks_that_are_read_are_verified(tmp_path: Path) -> None:
    lines = [f"word{i} " * 20 for i in range(3_000)]
    index = Index.build(lines, WordEncoder(), tmp_path / "index")
    text = index.folder / "text.txt"
    content = bytearray(text.read_bytes())
    content[-2] ^= 1
    text.write_bytes(content)
    again = Index.open(index.folder, WordEncoder())
    assert again.search(["word1"], 1)[0][0].text == lines[1]
    with raises("index-invalid", r"text.txt: is damaged"):
        again.find(["word1"])


def as_format_1(folder: Path) -> None:
    """Turn an index into one of format 1, which had no checksums."""
    for path in folder.glob("*.crc"):
        path.unlink()
    description = json.loads((folder / "index.json").read_text())
    del description["file_checksum"]
    (folder / "index.json").write_text(json.dumps(description | {"format_version": 1}))


@pytest.mark.parametrize("build", [build_small, build_parts])
def test_an_index_of_format_1_opens_and_gets_checksums_when_lines_are_added(
    tmp_path: Path, build: Callable[[Path], None]
) -> None:
    folder = tmp_path / "index"
    build(folder)
    right = answers(folder)
    shutil.copytree(folder, tmp_path / "old")
    as_format_1(tmp_path / "old")
    assert answers(tmp_path / "old") == right
    for place in (folder, tmp_path / "old"):
        Index.open(place, WordEncoder()).add({"c.txt": ["yellow"]})
    assert answers(tmp_path / "old") == answers(folder)
    assert {path.name for path in folder.iterdir()} == {
        p.name for p in (tmp_path / "old").iterdir()
    }
    damaged = bytearray((tmp_path / "old" / "text.txt").read_bytes())
    damaged[0] ^= 1
    (tmp_path / "old" / "text.txt").write_bytes(damaged)
    with raises("index-invalid", r"text.txt: is damaged"):
        answers(tmp_path / "old")


@pytest.mark.parametrize(("name", "byte"), [("text.txt", 0xFF), ("ends.bin", 0xFF)])
def test_damage_without_checksums_is_no_traceback(tmp_path: Path, name: str, byte: int) -> None:
    build_small(tmp_path)
    as_format_1(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[1] = byte
    (tmp_path / name).write_bytes(content)
    with raises("index-invalid", f"{name}: is damaged"):
        answers(tmp_path)


def test_a_header_that_announces_terabytes_is_damage(tmp_path: Path) -> None:
    build_small(tmp_path)
    path = tmp_path / "removed.npy"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"(1,), }", b"(1099511627776,), }").replace(b" " * 12, b"", 1))
    with raises("index-invalid", r"removed.npy: is damaged"):
        Index.open(tmp_path)


def test_an_interrupted_cut_of_a_block_is_finished(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    lines = [f"word{i}" for i in range(50)]

    def interrupted() -> object:
        yield from lines
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        Index.build({"a": lines, "b": interrupted()}, WordEncoder(), folder)  # type: ignore[dict-item]
    # The description names fewer rows, and the process was killed before it cut the other files.
    description = json.loads((folder / "index.json").read_text())
    del description["file_checksum"]
    description["pending"]["sources"] = [{"name": "a", "lines": 20}]
    (folder / "index.json").write_text(json.dumps(description))
    index = Index.build({"a": lines[:20], "b": ["blue"]}, WordEncoder(), folder)
    assert [hits[0].text for hits in index.search(["word5", "blue"], 1)] == ["word5", "blue"]
    assert checksums_path(folder / "ends.bin").stat().st_size == 12 * 2
