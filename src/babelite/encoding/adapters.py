"""Any encoder by its name: a model folder, other libraries' models, a function of one's own."""

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

# What an encoding function takes and gives: sentences in, an array-like of (n, dim) out.
EncodeFunction = Callable[[list[str]], object]

_FORMS = (
    "name a model folder, sentence-transformers:NAME_OR_FOLDER, fastembed:NAME, or module:callable"
)
_ATTRIBUTE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def names_encoder(text: str) -> bool:
    """Whether a word of a command line can only be meant as an encoder, not as a file.

    Example:
        >>> names_encoder("fastembed:some-model"), names_encoder("pairs.en-fr.tsv")
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
    """Open an encoder by what a user writes on the command line.

    Args:
        spec: None for the model that babelite carries; a model folder;
            ``sentence-transformers:NAME_OR_FOLDER``; ``fastembed:NAME``; or ``module:callable``,
            where the callable takes a list of strings and returns an array of shape (n, dim), or is
            a class or an object with such a method ``encode``. Modules are also looked for in the
            current directory.
        allow_download: Whether the other libraries may fetch a model that is not on this machine.
        threads: As for `Encoder.load`; other libraries' models take no notice of it.

    Returns:
        The encoder; its vectors are checked and of unit length.

    Raises:
        BabeliteError: There is no such model, library, module or callable, or what it gives is not
            one finite vector a sentence.

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
        return AdaptedEncoder(spec, _callable(kind, name))
    raise BabeliteError("there is no such model folder", path=spec, hint=_FORMS)


def _is_callable(module: str, attribute: str) -> bool:
    return bool(_ATTRIBUTE.fullmatch(module) and _ATTRIBUTE.fullmatch(attribute))


class AdaptedEncoder:
    """An encoding function made a `babelite.encoding.SentenceEncoder`.

    Args:
        name: What to call it in errors.
        function: Takes a list of strings and gives an array-like of shape (n, dim). It is tried at
            once on one sentence.

    Raises:
        BabeliteError: What the function gives is not one finite vector a sentence.

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
        """Encode sentences.

        Args:
            sentences: Any number of sentences.

        Returns:
            float32 array of shape (len(sentences), dim), each row of unit length (or zero).

        Raises:
            BabeliteError: The function failed, or gave something else than one finite vector of
                ``dim`` components a sentence.
        """
        require_list(sentences)
        if not sentences:
            return np.empty((0, self._dim), dtype=np.float32)
        vectors = self._vectors(list(sentences))
        if vectors.shape[1] != self._dim:
            raise self._wrong(f"gave vectors of {self._dim} and of {vectors.shape[1]} components")
        return vectors

    def _vectors(self, sentences: list[str]) -> NDArray[np.float32]:
        try:
            given = self._function(sentences)
        except Exception as error:
            raise self._wrong(f"failed with {type(error).__name__}: {error}") from error
        try:
            rows = np.asarray(given)
        except ValueError:  # Rows of different lengths.
            rows = np.empty(0, dtype=object)
        if rows.dtype.kind not in "fiu" or rows.ndim != 2 or not rows.shape[1]:
            raise self._wrong(
                f"gave {_described(given)} instead of an array of shape (sentences, components)"
            )
        if len(rows) != len(sentences):
            raise self._wrong(f"gave {len(rows)} vectors for {len(sentences)} sentences")
        try:
            return unit_rows(rows)
        except BabeliteError as error:
            raise self._wrong(f"is of no use: {error.problem}") from error

    def _wrong(self, problem: str) -> BabeliteError:
        return BabeliteError(
            f"the encoder {self.name} {problem}",
            hint="mend it, so that a list of n strings gives n vectors of equal size",
        )


def encode_stream(
    encoder: SentenceEncoder, sentences: Iterable[str], block_size: int = 1024
) -> Iterator[NDArray[np.float32]]:
    """Encode any number of sentences in bounded memory, as `encode_lines` does.

    Args:
        encoder: What turns sentences into vectors.
        sentences: The sentences, which are read as they are needed.
        block_size: How many sentences are encoded at a time.

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
    """Encode lines; a blank one gets the zero vector and is not shown to the encoder.

    Args:
        encoder: What turns sentences into vectors.
        lines: Any number of lines.

    Returns:
        float32 array of shape (len(lines), dim), rows of unit length or zero.

    Raises:
        BabeliteError: The encoder gave something else than a vector of ``dim`` components for each.
    """
    filled = [bool(line.strip()) for line in lines]
    texts = list(compress(lines, filled))
    vectors = np.zeros((len(lines), encoder.dim), np.float32)
    if texts:
        given = unit_rows(encoder.encode(texts))
        if given.shape != (len(texts), encoder.dim):
            raise BabeliteError(
                f"the encoder gave an array of shape {given.shape} for {len(texts)} sentences",
                hint=f"mend it, so that it gives {encoder.dim} components for each",
            )
        vectors[filled] = given
    return vectors


def _described(given: object) -> str:
    shape = getattr(given, "shape", None)
    kind = type(given).__name__
    return f"{kind} of shape {tuple(shape)}" if isinstance(shape, tuple) else f"a {kind}"


def _sentence_transformers(name: str, allow_download: bool) -> EncodeFunction:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise _missing("sentence-transformers") from error
    try:
        model = SentenceTransformer(name, local_files_only=not allow_download)
    except Exception as error:
        raise _not_loaded("sentence-transformers", name, error, allow_download) from error
    return lambda sentences: model.encode(sentences, show_progress_bar=False)


def _fastembed(name: str, allow_download: bool) -> EncodeFunction:
    try:
        from fastembed import TextEmbedding
    except ImportError as error:
        raise _missing("fastembed") from error
    try:
        model = TextEmbedding(name, local_files_only=not allow_download)
    except Exception as error:
        raise _not_loaded("fastembed", name, error, allow_download) from error
    return lambda sentences: np.array(list(model.embed(sentences)))


def _missing(library: str) -> BabeliteError:
    return BabeliteError(f"{library} is not installed", hint=f"run: pip install {library}")


def _not_loaded(library: str, name: str, error: Exception, allow_download: bool) -> BabeliteError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    remedy = "check the name" if allow_download else "check the name, or give --allow-download"
    return BabeliteError(f"{library} cannot load {name} ({reason})", hint=remedy)


def _callable(module_name: str, attribute: str) -> EncodeFunction:
    here = str(Path.cwd())
    if here not in sys.path:
        # For good, as with `python -m`: the module may import its neighbours only when called.
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise BabeliteError(
                f"there is no module {module_name}",
                hint="check its name, and run the command in the folder that holds it, or "
                + _FORMS,
            ) from error
        raise _import_failed(module_name, error) from error
    except Exception as error:
        raise _import_failed(module_name, error) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise BabeliteError(
                f"the module {module_name} has no attribute {attribute}",
                hint="write it as module:callable",
            )
        found = getattr(found, part)
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:
            raise BabeliteError(
                f"{module_name}:{attribute} cannot be made without arguments "
                f"({type(error).__name__}: {error})",
                hint="make an instance in the module and name that",
            ) from error
    function = getattr(found, "encode", found)
    if not callable(function):
        raise BabeliteError(
            f"{module_name}:{attribute} is a {type(found).__name__}, which cannot be called",
            hint="name a function, or a class or object with a method encode",
        )
    return function


def _import_failed(module_name: str, error: Exception) -> BabeliteError:
    return BabeliteError(
        f"importing the module {module_name} failed ({type(error).__name__}: {error})",
        hint="mend the module",
    )
