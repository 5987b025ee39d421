import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from babelite.encoding.adapters import AdaptedEncoder, encode_lines, encode_stream, open_encoder
from babelite.encoding.encoder import SentenceEncoder
from babelite.errors import BabeliteError

MODULE = """
import numpy as np

def lengths(sentences):
    return np.array([[len(s), 1, 2] for s in sentences], dtype=np.float64)

def lists(sentences):
    return [[len(s), 4] for s in sentences]

class Model:
    encode = staticmethod(lengths)

class Demanding:
    def __init__(self, argument):
        pass

class Holder:
    inner = Model()

model = Model()
number = 3

def one_less(sentences):
    return np.ones((len(sentences) - 1, 4))

def flat(sentences):
    return np.ones(4)

def ragged(sentences):
    return [[1.0] * (3 + i) for i in range(len(sentences) + 1)]

def words(sentences):
    return sentences

def generator(sentences):
    return (np.ones(4) for _ in sentences)

def infinite(sentences):
    return np.full((len(sentences), 4), np.inf)

def unsteady(sentences):
    return np.ones((len(sentences), 2 + len(sentences)))

def failing(sentences):
    raise KeyError("no such word")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current directory that holds the modules above."""
    (tmp_path / "my_encoders.py").write_text(MODULE)
    (tmp_path / "faulty_module.py").write_text("1 / 0")
    (tmp_path / "needy_module.py").write_text("import surely_not_installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("my_encoders", "faulty_module", "needy_module"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["lengths", "Model", "model", "Holder.inner"])
def test_functions_classes_and_objects(here: Path, name: str) -> None:
    encoder = open_encoder(f"my_encoders:{name}")
    assert isinstance(encoder, SentenceEncoder)
    assert encoder.dim == 3
    vectors = encoder.encode(["ab", ""])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [[2 / 3, 1 / 3, 2 / 3], [0, 5**-0.5, 2 * 5**-0.5]])
    assert encoder.encode([]).shape == (0, 3)


def test_a_function_may_return_lists(here: Path) -> None:
    np.testing.assert_allclose(open_encoder("my_encoders:lists").encode(["abc"]), [[0.6, 0.8]])


@pytest.mark.parametrize(
    ("spec", "code", "fact"),
    [
        ("no/such/folder", "encoder-unknown", "no/such/folder: "),
        ("nothing", "encoder-unknown", "sentence-transformers:NAME"),
        ("fastembed:", "encoder-unknown", "fastembed:: "),
        ("not_a_module:encode", "encoder-unknown", "not_a_module does not exist"),
        ("my_encoders.deeper:encode", "encoder-unknown", "my_encoders.deeper does not exist"),
        ("my_encoders:missing", "encoder-unknown", "my_encoders has no attribute missing"),
        ("my_encoders:number", "encoder-unknown", "my_encoders:number is not callable"),
        ("my_encoders:Demanding", "encoder-unknown", "without arguments"),
        ("faulty_module:encode", "encoder-unknown", "faulty_module failed (ZeroDivisionError"),
        ("needy_module:encode", "encoder-unknown", "surely_not_installed"),
        ("my_encoders:one_less", "vectors-invalid", "0 vectors for 1 sentence"),
        ("my_encoders:flat", "vectors-invalid", "ndarray of shape (4,), not"),
        ("my_encoders:ragged", "vectors-invalid", "vectors of different sizes"),
        ("my_encoders:words", "vectors-invalid", "list of shape (1,), not"),
        ("my_encoders:generator", "vectors-invalid", "generator of shape (), not"),
        ("my_encoders:infinite", "vectors-invalid", "not a finite number"),
        ("my_encoders:failing", "vectors-invalid", "KeyError: 'no such word'"),
    ],
)
def test_a_wrong_encoder_is_an_error_of_one_line(
    here: Path, spec: str, code: str, fact: str
) -> None:
    with pytest.raises(BabeliteError) as caught:
        open_encoder(spec)
    assert caught.value.code == code
    assert fact in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_refused(here: Path) -> None:
    (here / "empty").mkdir()
    with pytest.raises(BabeliteError, match="empty") as caught:
        open_encoder("empty")
    assert caught.value.code == "model-invalid"


def test_vectors_of_changing_size_are_refused(here: Path) -> None:
    encoder = open_encoder("my_encoders:unsteady")
    with pytest.raises(BabeliteError, match="of 3 and of 4 components"):
        encoder.encode(["a", "b"])


class FakeSentenceTransformer:
    def __init__(self, name: str, *, local_files_only: bool) -> None:
        if name != "known" and local_files_only:
            raise OSError("not in the cache\nand more lines")

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> NDArray[np.float32]:
        return np.full((len(sentences), 4), 2.0, dtype=np.float32)


class FakeTextEmbedding:
    threads: int | None = None

    def __init__(self, name: str, *, local_files_only: bool, threads: int | None) -> None:
        FakeTextEmbedding.threads = threads
        if name != "known":
            raise ValueError(f"Model {name} is not supported")

    def embed(self, sentences: list[str]) -> Iterator[NDArray[np.float32]]:
        return (np.full(4, 2.0, dtype=np.float32) for _ in sentences)


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for the two libraries, which take seconds to import."""
    for name, attribute, value in (
        ("sentence_transformers", "SentenceTransformer", FakeSentenceTransformer),
        ("fastembed", "TextEmbedding", FakeTextEmbedding),
    ):
        module = ModuleType(name)
        setattr(module, attribute, value)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("library", ["sentence-transformers", "fastembed"])
def test_models_of_other_libraries(libraries: None, library: str) -> None:
    encoder = open_encoder(f"{library}:known")
    np.testing.assert_array_equal(encoder.encode(["a", "b"]), np.full((2, 4), 0.5))
    with pytest.raises(
        BabeliteError, match=f"{library} cannot load other .*--allow-download"
    ) as caught:
        open_encoder(f"{library}:other")
    assert caught.value.code == "download-refused"


def test_fastembed_gets_the_number_of_threads(libraries: None) -> None:
    open_encoder("fastembed:known", threads=1)
    assert FakeTextEmbedding.threads == 1


def test_a_model_is_downloaded_only_if_allowed(libraries: None) -> None:
    assert open_encoder("sentence-transformers:other", allow_download=True).dim == 4


@pytest.mark.parametrize("library", ["sentence-transformers", "fastembed"])
def test_a_missing_library_is_an_error(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library.replace("-", "_"), None)
    with pytest.raises(BabeliteError, match=f"run: pip install {library}") as caught:
        open_encoder(f"{library}:known")
    assert caught.value.code == "extra-missing"


def test_streams_are_encoded_in_blocks() -> None:
    sizes = []

    def ones(sentences: Sequence[str]) -> NDArray[np.float32]:
        sizes.append(len(sentences))
        return np.ones((len(sentences), 4), dtype=np.float32)

    encoder = AdaptedEncoder("ones", ones)
    blocks = encode_stream(encoder, (str(number) for number in range(10)), block_size=4)
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert sizes == [1, 4, 4, 2]


def test_blank_lines_get_zero_vectors_and_are_not_encoded() -> None:
    seen: list[str] = []

    def ones(sentences: Sequence[str]) -> NDArray[np.float32]:
        seen.extend(sentences)
        return np.full((len(sentences), 4), 0.5, dtype=np.float32)

    vectors = encode_lines(AdaptedEncoder("ones", ones), ["", "one", " \t", "two"])
    np.testing.assert_array_equal(vectors[:, 0], [0, 0.5, 0, 0.5])
    assert seen[1:] == ["one", "two"]


def test_a_single_string_is_refused() -> None:
    encoder = AdaptedEncoder("lengths", lambda sentences: [[len(s), 1] for s in sentences])
    with pytest.raises(BabeliteError, match="a single string"):
        encoder.encode("abc")
