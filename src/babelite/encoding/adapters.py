"""`open_encoder`: model folders, models of other libraries, and custom encoding functions."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.encoding.encoder import Encoder, SentenceEncoder, require_list
from babelite.encoding.vectors import unit_rows
from babelite.errors import BabeliteError

# Sentences in, an array-like of shape (n, dim) out.
EncodeFunction = Callable[[list[str]], object]

_FORMS = (
    "give a model folder, sentence-transformers:NAME_OR_FOLDER, fastembed:NAME or module:callable"
)
_ATTRIBUTE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def is_encoder_spec(text: str) -> bool:
    """Whether a command-line argument is an encoder (see `open_encoder`) and not a file.

    Example:
        >>> is_encoder_spec("fastembed:some-model"), is_encoder_spec("pairs.en-fr.tsv")
        (True, False)
    """
    if Path(text).exists():
        return Path(text).is_dir()
    kind, colon, name = text.partition(":")
    return bool(colon and name) and (
        kind in ("sentence-transformers", "fastembed") or _is_callable(kind, name)
    )


def open_encoder(
    spec: str | None = None, *, allow_download: bool = False, threads: int | None = None
) -> SentenceEncoder:
    """Open an encoder from its spec, the value of ``--model`` on the command line.

    Args:
        spec: None for the model in the package; a model folder;
            ``sentence-transformers:NAME_OR_FOLDER``; ``fastembed:NAME``; or ``module:callable``,
            where the callable takes a list of strings and returns an array of shape (n, dim), or is
            a class or object with a method ``encode`` that does so. Modules are also searched for
            in the current directory.
        allow_download: Whether other libraries may download a model.
        threads: CPU threads, for model folders only; see `Encoder.load`.

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
        return Encoder.load(spec, threads=threads)
    kind, colon, name = spec.partition(":")
    if kind == "sentence-transformers" and name:
        return AdaptedEncoder(spec, _sentence_transformers(name, allow_download))
    if kind == "fastembed" and name:
        return AdaptedEncoder(spec, _fastembed(name, allow_download))
    if colon and _is_callable(kind, name):
        return AdaptedEncoder(spec, _import_callable(kind, name))
    raise _unknown("there is no such model folder", _FORMS, path=spec)


def _is_callable(module: str, attribute: str) -> bool:
    return bool(_ATTRIBUTE.fullmatch(module) and _ATTRIBUTE.fullmatch(attribute))


class AdaptedEncoder:
    """Adapts an encoding function to the protocol `SentenceEncoder`.

    Args:
        name: The name of the encoder, for error messages.
        function: Takes a list of strings and returns an array-like of shape (n, dim). It is called
            here with one sentence to learn ``dim``.

    Raises:
        BabeliteError: The function does not return one finite vector per sentence.

    Example:
        >>> encoder = AdaptedEncoder("lengths", lambda sentences: [[len(s), 3] for s in sentences])
        >>> encoder.dim, encoder.encode(["four"])
        (2, array([[0.8, 0.6]], dtype=float32))
    """

    def __init__(self, name: str, function: EncodeFunction) -> None:
        self.name, self._function = name, function
        self._dim: int = self._vectors(["A sentence."]).shape[1]

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        return self._dim

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """See `SentenceEncoder`; an error unless the function returns finite vectors of ``dim``."""
        require_list(sentences)
        if not sentences:
            return np.empty((0, self._dim), dtype=np.float32)
        vectors = self._vectors(list(sentences))
        if vectors.shape[1] != self._dim:
            raise self._wrong(
                f"returned vectors of {self._dim} and of {vectors.shape[1]} components"
            )
        return vectors

    def _vectors(self, sentences: list[str]) -> NDArray[np.float32]:
        try:
            returned = self._function(sentences)
        except Exception as error:
            raise self._wrong(f"failed with {type(error).__name__}: {error}") from error
        try:
            rows = np.asarray(returned)
        except ValueError:  # rows of different lengths
            rows = np.empty(0, dtype=object)
        if rows.dtype.kind not in "fiu" or rows.ndim != 2 or not rows.shape[1]:
            raise self._wrong(
                f"returned {_type_and_shape(returned)}, not an array of shape "
                "(sentences, components)"
            )
        if len(rows) != len(sentences):
            raise self._wrong(f"returned {len(rows)} vectors for {len(sentences)} sentences")
        try:
            return unit_rows(rows)
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

    Args:
        encoder: The encoder.
        sentences: The sentences; one block is read at a time.
        block_size: Sentences per block.

    Yields:
        float32 arrays of shape (at most block_size, dim), in order.

    Example:
        >>> encoder = AdaptedEncoder("lengths", lambda sentences: [[len(s), 3] for s in sentences])
        >>> [block.shape for block in encode_stream(encoder, "abc", block_size=2)]
        [(2, 2), (1, 2)]
    """
    rest = iter(sentences)
    while block := list(islice(rest, block_size)):
        yield encode_lines(encoder, block)


def encode_lines(encoder: SentenceEncoder, lines: Sequence[str]) -> NDArray[np.float32]:
    """Encode lines; a blank line gets the zero vector and is not passed to the encoder.

    Returns:
        float32 array of shape (len(lines), dim), rows of unit length or zero.

    Raises:
        BabeliteError: The encoder did not return one vector of ``dim`` components per line.
    """
    filled = [bool(line.strip()) for line in lines]
    texts = list(compress(lines, filled))
    vectors = np.zeros((len(lines), encoder.dim), np.float32)
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


def _type_and_shape(value: object) -> str:
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    return f"{kind} of shape {tuple(shape)}" if isinstance(shape, tuple) else f"a {kind}"


def _sentence_transformers(name: str, allow_download: bool) -> EncodeFunction:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise _not_installed("sentence-transformers") from error
    try:
        model = SentenceTransformer(name, local_files_only=not allow_download)
    except Exception as error:
        raise _not_loaded("sentence-transformers", name, error, allow_download) from error
    return lambda sentences: model.encode(sentences, show_progress_bar=False)


def _fastembed(name: str, allow_download: bool) -> EncodeFunction:
    try:
        from fastembed import TextEmbedding
    except ImportError as error:
        raise _not_installed("fastembed") from error
    try:
        model = TextEmbedding(name, local_files_only=not allow_download)
    except Exception as error:
        raise _not_loaded("fastembed", name, error, allow_download) from error
    return lambda sentences: np.array(list(model.embed(sentences)))


def _not_installed(library: str) -> BabeliteError:
    return BabeliteError(
        f"{library} is not installed", code="extra-missing", hint=f"run: pip install {library}"
    )


def _not_loaded(library: str, name: str, error: Exception, allow_download: bool) -> BabeliteError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return BabeliteError(
        f"{library} cannot load {name} ({reason})",
        code="model-not-found" if allow_download else "download-refused",
        hint="check the name" if allow_download else "check the name, or add --allow-download",
    )


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
            raise _unknown(
                f"the module {module_name} does not exist",
                "check its name, and run the command in the folder that contains it, or " + _FORMS,
            ) from error
        raise _unknown(
            f"importing the module {module_name} failed ({type(error).__name__}: {error})",
            "fix the module",
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise _unknown(
                f"the module {module_name} has no attribute {attribute}",
                "write it as module:callable",
            )
        found = getattr(found, part)
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:
            raise _unknown(
                f"{module_name}:{attribute} cannot be created without arguments "
                f"({type(error).__name__}: {error})",
                "create an instance in the module and give its name",
            ) from error
    function = getattr(found, "encode", found)
    if not callable(function):
        raise _unknown(
            f"{module_name}:{attribute} is not callable (its type is {type(found).__name__})",
            "give a function, or a class or object with a method encode",
        )
    return function


def _unknown(problem: str, hint: str, path: str | None = None) -> BabeliteError:
    return BabeliteError(problem, code="encoder-unknown", path=path, hint=hint)
