"""`open_encoder`: model folders, models of other libraries, and custom encoding functions."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import compress, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.encoding.encoder import Encoder, SentenceEncoder
from babelite.encoding.texts import iterate_texts, list_texts
from babelite.encoding.vectors import unit_rows
from babelite.errors import BabeliteError, quantity

# Sentences in, an array-like of shape (n, dim) out.
EncodeFunction = Callable[[list[str]], object]

# The other libraries, and their class that loads a model.
_LIBRARIES = {"sentence-transformers": "SentenceTransformer", "fastembed": "TextEmbedding"}
_FORMS = (
    "give a model folder, sentence-transformers:NAME_OR_FOLDER, fastembed:NAME or module:callable"
)


def is_encoder_spec(text: str) -> bool:
    """Whether a command-line argument is an encoder (see `open_encoder`) and not a file.

    Example:
        >>> is_encoder_spec("fastembed:some-model"), is_encoder_spec("pairs.en-fr.tsv")
        (True, False)
    """
    if Path(text).exists():
        return Path(text).is_dir()
    kind, _, name = text.partition(":")
    if kind in _LIBRARIES:
        return bool(name)
    return all(part.isidentifier() for part in f"{kind}.{name}".split("."))


def open_encoder(
    spec: str | None = None,
    *,
    allow_download: bool = False,
    threads: int | None = None,
    dim: int | None = None,
) -> SentenceEncoder:
    """Open an encoder from its spec, the value of ``--model`` on the command line.

    Args:
        spec: None for the model in the package; a model folder;
            ``sentence-transformers:NAME_OR_FOLDER``; ``fastembed:NAME``; or ``module:callable``,
            which takes a list of strings and returns an array of shape (n, dim), or is a class or
            object with such a method ``encode``. Modules are also found in the current directory.
        allow_download: Whether other libraries may download a model.
        threads: CPU threads of a model folder (see `Encoder.load`) or of fastembed.
        dim: Components of a vector, if fewer than the encoder has: the first ones, scaled to unit
            length. A model folder has the sizes that it was trained for.

    Returns:
        The encoder; its vectors are checked and have unit length.

    Raises:
        BabeliteError: The model, library, module or callable does not exist, or does not return one
            finite vector per sentence.

    Example:
        >>> open_encoder("numpy:no_such_function")
        Traceback (most recent call last):
        babelite.errors.BabeliteError: the module numpy has no attribute no_such_function; ...
    """
    if spec is None or Path(spec).exists():
        return Encoder.load(spec, threads=threads, dim=dim)
    if not is_encoder_spec(spec):
        raise _unknown("there is no such model folder", _FORMS, path=spec)
    kind, _, name = spec.partition(":")
    if kind in _LIBRARIES:
        function = _load_with_library(kind, name, allow_download, threads)
    else:
        function = _import_callable(kind, name)
    encoder = AdaptedEncoder(spec, function, dim)
    encoder._open_again = partial(
        open_encoder, spec, allow_download=allow_download, threads=threads, dim=dim
    )
    return encoder


class AdaptedEncoder:
    """Adapts an encoding function to the protocol `SentenceEncoder`.

    A pickle of an encoder from `open_encoder` contains its spec, not the model. A pickle of another
    one contains its function. A copy is the same object.

    Args:
        name: The name of the encoder, for error messages.
        function: Takes a list of strings and returns an array-like of shape (n, dim). A first call
            with one sentence gives ``dim``.
        dim: Components to keep of each vector, the first ones; None: all.

    Raises:
        BabeliteError: The function does not return one finite vector per sentence, or its vectors
            have fewer components.

    Example:
        >>> encoder = AdaptedEncoder("lengths", lambda sentences: [[len(s), 3] for s in sentences])
        >>> encoder.dim, encoder.encode(["four"])
        (2, array([[0.8, 0.6]], dtype=float32))
    """

    def __init__(self, name: str, function: EncodeFunction, dim: int | None = None) -> None:
        self.name, self._function, self._kept = name, function, dim
        self._dim: int = self._vectors(["A sentence."]).shape[1]
        self._open_again: Callable[[], SentenceEncoder] | None = None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        if self._open_again is not None:
            return self._open_again, ()
        return type(self), (self.name, self._function, self._kept)

    def __copy__(self) -> AdaptedEncoder:
        return self

    def __deepcopy__(self, memo: object) -> AdaptedEncoder:
        return self

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        return self._dim

    def encode(self, sentences: Iterable[str]) -> NDArray[np.float32]:
        """See `SentenceEncoder`; an error unless the function returns finite vectors of ``dim``."""
        texts = list_texts(sentences)
        if not texts:
            return np.empty((0, self._dim), dtype=np.float32)
        vectors = self._vectors(texts)
        if vectors.shape[1] != self._dim:
            sizes = f"{self._dim} and of {vectors.shape[1]}"
            raise self._wrong(f"returned vectors of {sizes} components")
        return vectors

    def _vectors(self, sentences: list[str]) -> NDArray[np.float32]:
        try:
            returned = self._function(sentences)
        except Exception as error:
            raise self._wrong(f"failed with {type(error).__name__}: {error}") from error
        try:
            rows = np.asarray(returned)
        except ValueError as error:
            raise self._wrong("returned vectors of different sizes") from error
        if rows.dtype.kind not in "fiu" or rows.ndim != 2 or not rows.shape[1]:
            kind = f"{type(returned).__name__} of shape {rows.shape}"
            raise self._wrong(f"returned {kind}, not numbers of shape (sentences, components)")
        if len(rows) != len(sentences):
            count = quantity(len(rows), "vector")
            raise self._wrong(f"returned {count} for {quantity(len(sentences), 'sentence')}")
        if self._kept is not None and not 0 < self._kept <= rows.shape[1]:
            raise BabeliteError(
                f"the encoder {self.name} has no vectors of {self._kept} components",
                code="option-invalid",
                hint=f"choose 1 to {rows.shape[1]}",
            )
        try:
            return unit_rows(rows[:, : self._kept])
        except BabeliteError as error:
            raise self._wrong(f"returned invalid vectors: {error.problem}") from error

    def _wrong(self, problem: str) -> BabeliteError:
        return BabeliteError(
            f"the encoder {self.name} {problem}",
            code="vectors-invalid",
            hint="fix the encoder: n strings must give n finite vectors of equal size",
        )


def encode_stream(
    encoder: SentenceEncoder, sentences: Iterable[str], block_size: int = 1024
) -> Iterator[NDArray[np.float32]]:
    """Encode any number of sentences in bounded memory, block by block, as `encode_lines` does.

    Yields:
        float32 arrays of shape (at most block_size, dim), in order.

    Example:
        >>> encoder = AdaptedEncoder("lengths", lambda sentences: [[len(s), 3] for s in sentences])
        >>> [block.shape for block in encode_stream(encoder, ["a", "b", "c"], block_size=2)]
        [(2, 2), (1, 2)]
    """
    rest = iterate_texts(sentences)
    while block := list(islice(rest, block_size)):
        yield encode_lines(encoder, block)


def encode_lines(encoder: SentenceEncoder, lines: Iterable[str]) -> NDArray[np.float32]:
    """Encode lines; a blank line gets the zero vector and is not passed to the encoder.

    Returns:
        float32 array of shape (len(lines), dim), rows of unit length or zero.

    Raises:
        BabeliteError: The encoder did not return one vector of ``dim`` components per line.
    """
    rows = list_texts(lines)
    filled = [bool(line.strip()) for line in rows]
    texts = list(compress(rows, filled))
    vectors = np.zeros((len(rows), encoder.dim), np.float32)
    if texts:
        returned = unit_rows(encoder.encode(texts))
        if returned.shape != (len(texts), encoder.dim):
            raise BabeliteError(
                f"the encoder returned an array of shape {returned.shape} for {len(texts)} "
                "sentences",
                code="vectors-invalid",
                hint=f"fix the encoder: it must return {encoder.dim} components per sentence",
            )
        vectors[filled] = returned
    return vectors


def _load_with_library(
    library: str, name: str, allow_download: bool, threads: int | None
) -> EncodeFunction:
    """Load a model with sentence-transformers or fastembed."""
    try:
        module = importlib.import_module(library.replace("-", "_"))
    except ImportError as error:
        hint = f"run: pip install {library}"
        raise BabeliteError(
            f"{library} is not installed", code="extra-missing", hint=hint
        ) from error
    try:
        options = {"threads": threads} if library == "fastembed" else {}
        load = getattr(module, _LIBRARIES[library])
        model = load(name, local_files_only=not allow_download, **options)
    except Exception as error:
        advice = "check the name"
        if not allow_download:
            advice += ", or allow the download (--allow-download, allow_download=True)"
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BabeliteError(
            f"{library} cannot load {name} ({reason})",
            code="model-not-found" if allow_download else "download-refused",
            hint=advice,
        ) from error
    if library == "fastembed":
        return lambda sentences: np.array(list(model.embed(sentences)))
    return lambda sentences: model.encode(sentences, show_progress_bar=False)


def _import_callable(module_name: str, attribute: str) -> EncodeFunction:
    here = str(Path.cwd())
    if here not in sys.path:
        # It stays there, as with `python -m`: the module may import its neighbours when called.
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module_name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        if missing and f"{module_name}.".startswith(f"{missing}."):
            hint = f"check its name, run the command in the folder of the module, or {_FORMS}"
            raise _unknown(f"the module {module_name} does not exist", hint) from error
        reason = f"{type(error).__name__}: {error}"
        problem = f"importing the module {module_name} failed ({reason})"
        raise _unknown(problem, "fix the module") from error
    try:
        found = operator.attrgetter(attribute)(found)
    except AttributeError as error:
        problem = f"the module {module_name} has no attribute {attribute}"
        raise _unknown(problem, "write it as module:callable") from error
    name = f"{module_name}:{attribute}"
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            problem = f"{name} cannot be created without arguments ({reason})"
            raise _unknown(problem, "create an instance in the module and give its name") from error
    function = getattr(found, "encode", found)
    if not callable(function):
        problem = f"{name} is not callable (its type is {type(found).__name__})"
        raise _unknown(problem, "give a function, or a class or object with a method encode")
    return function


def _unknown(problem: str, hint: str, path: str | None = None) -> BabeliteError:
    return BabeliteError(problem, code="encoder-unknown", path=path, hint=hint)
