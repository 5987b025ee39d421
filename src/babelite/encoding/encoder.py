"""`Encoder`: babelite's own runtime (ONNX, no torch); `SentenceEncoder`: the encoder protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from babelite.encoding.batches import encode_rows
from babelite.encoding.model_description import ModelDescription, Precision
from babelite.encoding.model_folder import (
    DEFAULT_MODEL,
    GRAPHS,
    SPECIAL_TOKENS,
    TOKENIZER,
    read_model_folder,
)
from babelite.encoding.readability import Readability
from babelite.encoding.texts import iterate_texts
from babelite.encoding.words import to_ids, to_row
from babelite.errors import BabeliteError
from babelite.machine import MAX_THREADS, usable_cores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from onnxruntime import InferenceSession

    from babelite.encoding.tokenizer import LazyTokenizer

# Text beyond this many characters per token is not tokenized: hardly any token is longer, and a
# line of a megabyte must not take a second.
_CHARACTERS_PER_TOKEN = 32
_UNKNOWN = to_row([SPECIAL_TOKENS.index("unk")])
_BATCH_TOKENS = 256  # the activations of two layers then fit the cache of a core


@runtime_checkable
class SentenceEncoder(Protocol):
    """The encoder protocol that search, mining, alignment, classification and evaluation use."""

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        ...

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences of any language and length.

        Returns:
            float32 array of shape (len(sentences), dim), rows of unit length.
        """
        ...


class Encoder:
    """A loaded model folder; created by `Encoder.load`. Safe to use from several threads.

    A pickle contains the path of the folder, not the model: unpickling loads the folder again, and
    raises `BabeliteError` if it is gone or contains another model. A copy is the same object.

    Attributes:
        description: The contents of the model's ``babelite.json``.
        precision: The precision of the ONNX graph in use.
        unreadable_texts: The number of texts encoded so far that the model cannot read (see
            `encode`).
    """

    def __init__(
        self,
        session: InferenceSession,
        tokenizer: LazyTokenizer,
        description: ModelDescription,
        precision: Precision,
        threads: int | None = None,
        folder: Path | None = None,
        dim: int | None = None,
    ) -> None:
        self.description, self.precision = description, precision
        self._session, self._tokenizer = session, tokenizer
        self._threads = threads or usable_cores()
        self._dim = description.dim if dim is None else dim
        self._loaded_with = (folder and str(folder.absolute()), precision, threads, dim)
        self._readability = Readability(tokenizer.piece)
        self.unreadable_texts = 0

    @classmethod
    def load(
        cls,
        folder: str | Path | None = None,
        precision: Literal["auto", "int8", "float32"] = "auto",
        threads: int | None = None,
        dim: int | None = None,
    ) -> Encoder:
        """Load a model folder, without network access.

        Args:
            folder: A folder that `babelite train` wrote. Default: the model in the package.
            precision: The ONNX graph to run; ``auto`` is the one that the model recommends.
            threads: CPU threads. Default: all cores that this process may use.
            dim: Components of a vector: all (default), or one of the sizes that the model was
                trained for (`ModelDescription.matryoshka`). A cut vector has unit length.

        Raises:
            BabeliteError: The folder is incomplete or was changed, or an argument is not valid.
        """
        from onnxruntime import InferenceSession, SessionOptions

        from babelite.encoding.tokenizer import open_tokenizer

        if precision not in ("auto", *GRAPHS):
            problem = f"precision {precision!r} does not exist"
            hint = "choose auto, int8 or float32"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        if threads is not None and not 1 <= threads <= MAX_THREADS:
            problem, hint = f"threads is {threads}", f"give 1 to {MAX_THREADS}"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        _require_folder(folder)
        model = read_model_folder(DEFAULT_MODEL if folder is None else folder)
        _require_size(dim, model.description)
        chosen = model.description.precision if precision == "auto" else precision
        graph, tokenizer = model.graph(chosen), open_tokenizer(model, threads or usable_cores())
        options = SessionOptions()
        # Batches run in parallel with one thread each, which needs no synchronisation inside one.
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # it caches a plan per shape, and shapes are many here
        session = InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        path = None if folder is None else model.path
        return cls(session, tokenizer, model.description, chosen, threads, path, dim)

    def __reduce__(self) -> tuple[Callable[..., Encoder], tuple[object, ...]]:
        return _load_again, (*self._loaded_with, self.checksum)

    def __deepcopy__(self, memo: object) -> Encoder:
        return self

    def __copy__(self) -> Encoder:
        return self

    def __repr__(self) -> str:
        languages = ", ".join(self.languages)
        return f"<Encoder {self.description.name}: {languages}; dim {self.dim}, {self.precision}>"

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        return self._dim

    @property
    def checksum(self) -> str:
        """SHA-256 of what determines the vectors: tokenizer, ONNX graph, number of tokens."""
        files = (TOKENIZER, GRAPHS[self.precision])
        parts = [self.description.files.get(name, "") for name in files]
        text = " ".join([*parts, str(self.description.max_tokens)])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that the model was trained on."""
        return self.description.languages

    def encode(
        self,
        sentences: Iterable[str],
        batch_tokens: int = _BATCH_TOKENS,
        *,
        batch_size: int | None = None,
        show_progress_bar: bool | None = False,
        normalize_embeddings: bool = True,
        convert_to_numpy: bool = True,
    ) -> NDArray[np.float32]:
        """Encode sentences.

        Every text is valid input. The vector is zero for a text without tokens (empty or white
        space), and for a text that the model cannot read: it has characters that the vocabulary
        lacks, such as emoji or Chinese, and no word, number or sufficient letters besides. Such a
        text matches nothing. Of a long text the first `ModelDescription.max_tokens` tokens are
        encoded. Results do not depend on the order or on batch composition, up to rounding.

        Args:
            sentences: Any number of sentences in order: a list, tuple, array, generator, or column
                of a table (pandas, polars, Arrow).
            batch_tokens: Tokens per batch, padding included; affects speed and memory only.
            batch_size: Sentences per batch, at most; affects speed and memory only.
            show_progress_bar: Show the progress on standard error.
            normalize_embeddings: Accepted as in sentence-transformers, without effect: vectors have
                unit length in any case, as with the same model folder there.
            convert_to_numpy: True; False is refused, because there are no tensors.

        Returns:
            float32 array of shape (len(sentences), dim), rows of unit length or zero.

        Raises:
            BabeliteError: The argument is a single string, a table, a dictionary or a set, or an
                item is not a string; an option has a value that is not allowed.
        """
        if not convert_to_numpy:
            problem = "encode returns arrays only, so convert_to_numpy cannot be False"
            hint = "write torch.from_numpy(encoder.encode(sentences))"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        if batch_size is not None and batch_size < 1:
            problem = f"batch_size is {batch_size}"
            raise BabeliteError(problem, code="option-invalid", hint="give 1 or more")
        rows = self._token_rows(sentences)
        if not show_progress_bar:
            return self._encode_rows(rows, batch_tokens, batch_size)
        from babelite.progress import ProgressDisplay  # late: it imports rich

        with ProgressDisplay("sentences") as show:
            report = partial(show, "encoding")
            return self._encode_rows(rows, batch_tokens, batch_size, report)

    def similarity(self, embeddings1: ArrayLike, embeddings2: ArrayLike) -> NDArray[np.float32]:
        """The cosines of all vectors of one array with all of another.

        Args:
            embeddings1: Array of shape (n, dim) or (dim,).
            embeddings2: Array of shape (m, dim) or (dim,).

        Returns:
            float32 array of shape (n, m).

        Raises:
            BabeliteError: A vector contains a value that is not finite.
        """
        from babelite.encoding.vectors import unit_rows

        left, right = unit_rows(np.atleast_2d(embeddings1)), unit_rows(np.atleast_2d(embeddings2))
        return left @ right.T

    def encode_tokens(
        self,
        ids: Sequence[Sequence[int]],
        batch_tokens: int = _BATCH_TOKENS,
        batch_size: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Encode sentences as token ids from `tokenize`; otherwise as `encode`."""
        return self._encode_rows([*map(to_row, ids)], batch_tokens, batch_size, progress)

    def warm_up(self) -> None:
        """Load the full tokenizer now; otherwise `encode` loads it after the first sentences."""
        self._tokenizer.full_tokenizer()

    def stream(self, lines: Iterable[str], block_size: int = 4096) -> Iterator[NDArray[np.float32]]:
        """Encode any number of lines, for example of an open text file, in bounded memory.

        Yields:
            float32 arrays of shape (at most block_size, dim), in the order of the lines.
        """
        remaining = iterate_texts(lines)
        while block := list(islice(remaining, block_size)):
            yield self.encode(block)

    def unknown_token_share(self, sentences: Iterable[str]) -> NDArray[np.float32]:
        """The share of unknown tokens of each sentence, high in scripts without training text.

        Returns:
            float32 array of shape (len(sentences),), 0 to 1; 1 for a sentence without tokens.
        """
        unknown = SPECIAL_TOKENS.index("unk")
        shares = [ids.count(unknown) / len(ids) if ids else 1 for ids in self.tokenize(sentences)]
        return np.array(shares, np.float32)

    def tokenize(self, sentences: Iterable[str]) -> list[list[int]]:
        """The ids of the first `ModelDescription.max_tokens` tokens of each sentence."""
        return [*map(to_ids, self._token_rows(sentences))]

    def _token_rows(self, sentences: Iterable[str]) -> list[bytes]:
        """As `tokenize`, each row as bytes."""
        limit = self.description.max_tokens
        texts = [_truncated(text, limit) for text in iterate_texts(sentences)]
        try:
            return self._tokenizer.rows(texts)
        except TypeError:  # a lone surrogate, as in badly decoded text, is not a character
            return self._tokenizer.rows([t.encode("utf-8", "replace").decode() for t in texts])

    def _encode_rows(
        self,
        rows: list[bytes],
        batch_tokens: int,
        batch_size: int | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Encode sentences of which each is the bytes of its token ids; otherwise as `encode`."""
        for i, row in enumerate(rows):
            # The bytes of the unknown token may also be parts of two others: tested quickly, first.
            if _UNKNOWN in row and self._readability.is_unreadable(to_ids(row)):
                rows[i] = b""
                self.unreadable_texts += 1
        return encode_rows(
            rows,
            self._run,
            dim=self.dim,
            threads=self._threads,
            batch_tokens=batch_tokens,
            batch_size=batch_size,
            progress=progress,
        )

    def _run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Run the graph on a batch: token ids and mask, (n, tokens), to vectors (n, dim)."""
        feed = {"input_ids": ids, "attention_mask": mask}
        vectors: NDArray[np.float32] = self._session.run(["sentence_embedding"], feed)[0]
        if self.dim == vectors.shape[1]:
            return vectors
        from babelite.encoding.vectors import unit_rows  # imports what whole vectors do not need

        return unit_rows(vectors[:, : self.dim])


def _load_again(
    folder: str | None, precision: Precision, threads: int, dim: int | None, checksum: str
) -> Encoder:
    """Load the model folder of an encoder that was pickled."""
    if folder is not None and not Path(folder).is_dir():
        problem = "the folder of a pickled encoder is not on this machine"
        hint = "put the model folder back, or load the encoder again with Encoder.load"
        raise BabeliteError(problem, code="model-not-found", path=folder, hint=hint)
    encoder = Encoder.load(folder, precision, threads, dim)
    if encoder.checksum != checksum:
        problem = "contains another model than when the encoder was pickled"
        hint = "restore that model, or load the encoder again with Encoder.load"
        raise BabeliteError(problem, code="model-changed", path=folder or DEFAULT_MODEL, hint=hint)
    return encoder


def _require_size(dim: int | None, description: ModelDescription) -> None:
    """Raise if the model was not trained for vectors of a size."""
    sizes = (*description.matryoshka, description.dim)
    if dim is not None and dim not in sizes:
        raise BabeliteError(
            f"the model {description.name} has no vectors of {dim} components",
            code="option-invalid",
            hint=f"choose {' or '.join(map(str, sizes))}",
        )


def _require_folder(folder: str | Path | None) -> None:
    """Raise if a string is an encoder spec such as ``sentence-transformers:NAME``."""
    if isinstance(folder, str) and ":" in folder and not Path(folder).exists():
        from babelite.encoding.adapters import is_encoder_spec

        if is_encoder_spec(folder):
            hint = f"use babelite.open_encoder({folder!r})"
            raise BabeliteError(
                f"{folder} is not a model folder", code="model-not-found", hint=hint
            )


def _truncated(text: str, max_tokens: int) -> str:
    """The beginning of a text that its first tokens can come from; usually the whole text."""
    limit = _CHARACTERS_PER_TOKEN * max_tokens
    if len(text) <= limit:
        return text
    return " ".join(text.split(maxsplit=max_tokens)[:max_tokens])[:limit]
