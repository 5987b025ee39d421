"""Sentences in, vectors out: the protocol every encoder satisfies and babelite's own runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from babelite.encoding.model_description import ModelDescription, Precision
from babelite.encoding.model_folder import (
    DEFAULT_MODEL,
    GRAPHS,
    SPECIAL_TOKENS,
    read_model_folder,
)
from babelite.errors import BabeliteError
from babelite.machine import usable_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

    from babelite.encoding.tokenizer import LazyTokenizer

# Text beyond this many characters a token is not looked at: hardly a language's tokens are longer,
# and a line of a megabyte must not cost a second.
_CHARACTERS_A_TOKEN = 32

BATCH_TOKENS = 256  # what two layers make of them fits a core's own cache


def require_list(sentences: Sequence[str]) -> None:
    """Raise if a single string was given in place of a sequence of them.

    Raises:
        BabeliteError: It was.
    """
    if isinstance(sentences, str):
        raise BabeliteError(
            "encode takes a sequence of sentences, and one string was given",
            hint="put it in a list: encoder.encode([sentence])",
        )


@runtime_checkable
class SentenceEncoder(Protocol):
    """What searching, mining, aligning, classifying and evaluating ask of an encoder."""

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        ...

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences.

        Args:
            sentences: Any number of sentences, in any language, of any length.

        Returns:
            float32 array of shape (len(sentences), dim), each row of unit length.
        """
        ...


class Encoder:
    """A model folder, loaded and ready to encode; made by `Encoder.load`.

    It may be used from several threads at once.

    Attributes:
        description: What the model's ``babelite.json`` says.
        precision: The graph that runs.
    """

    def __init__(
        self,
        session: InferenceSession,
        tokenizer: LazyTokenizer,
        description: ModelDescription,
        precision: Precision,
        threads: int,
    ) -> None:
        self.description, self.precision = description, precision
        self._session, self._tokenizer, self._threads = session, tokenizer, threads

    @classmethod
    def load(
        cls,
        folder: str | Path | None = None,
        precision: Literal["auto", "int8", "float32"] = "auto",
        threads: int | None = None,
    ) -> Encoder:
        """Load a model folder; no network is touched.

        Args:
            folder: A folder that `babelite train` wrote; the model that babelite carries if not
                given.
            precision: The graph to run; ``auto`` takes what the model recommends.
            threads: CPU threads to encode with; as many as the process may use unless given.

        Returns:
            The encoder.

        Raises:
            BabeliteError: The folder is not a whole, unchanged model, or lacks that precision, or
                there is no such precision, or not one thread.
        """
        from onnxruntime import InferenceSession, SessionOptions

        from babelite.encoding.tokenizer import open_tokenizer

        if precision not in ("auto", *GRAPHS):
            raise BabeliteError(
                f"there is no precision {precision!r}", hint="choose auto, int8 or float32"
            )
        if threads is not None and threads < 1:
            raise BabeliteError(f"{threads} threads cannot encode", hint="give 1 or more")
        model = read_model_folder(DEFAULT_MODEL if folder is None else folder)
        chosen = model.description.precision if precision == "auto" else precision
        graph, tokenizer = model.file(GRAPHS[chosen]), open_tokenizer(model)
        options = SessionOptions()
        # Batches run side by side, one thread each: nothing has to be synchronised within one.
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # a plan kept for every shape, and shapes abound here
        session = InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        return cls(session, tokenizer, model.description, chosen, threads or usable_cores())

    def __repr__(self) -> str:
        languages = ", ".join(self.languages)
        return f"<Encoder {self.description.name}: {languages}; {self.dim} wide, {self.precision}>"

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        return self.description.dim

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages the model was trained for."""
        return self.description.languages

    def encode(
        self, sentences: Sequence[str], batch_tokens: int = BATCH_TOKENS
    ) -> NDArray[np.float32]:
        """Encode sentences.

        Every text works. One that leaves no token (empty, or of white space alone) gets the zero
        vector; of a long one the first `ModelDescription.max_tokens` tokens count. The order and
        the company of a sentence change its vector by no more than rounding.

        Args:
            sentences: Any number of sentences.
            batch_tokens: Tokens computed together, padding included; it changes speed and memory
                only.

        Returns:
            float32 array of shape (len(sentences), dim), rows of unit length.

        Raises:
            BabeliteError: A single string was given in place of a sequence of them, or something
                among them is not a string.
        """
        return self.encode_tokens(self.tokenize(sentences), batch_tokens)

    def encode_tokens(
        self, ids: Sequence[Sequence[int]], batch_tokens: int = BATCH_TOKENS
    ) -> NDArray[np.float32]:
        """Encode sentences that are tokenized already, by `tokenize`.

        Args:
            ids: The token ids of each sentence.
            batch_tokens: As for `encode`.

        Returns:
            float32 array of shape (len(ids), dim), rows of unit length.
        """
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        # Neighbours in length share a batch, so that next to nothing is padding. The longest come
        # first, so that the threads end together.
        order = np.argsort(-lengths, kind="stable")
        lengths = lengths[order]
        tokens = np.fromiter(chain.from_iterable(ids[i] for i in order), np.int64, lengths.sum())
        ends = np.cumsum(lengths)
        vectors = np.zeros((len(ids), self.dim), np.float32)

        def run(batch: slice) -> None:
            first = ends[batch.start] - lengths[batch.start]
            vectors[order[batch]] = self._run(tokens[first : ends[batch.stop - 1]], lengths[batch])

        self._each(run, _batches(lengths, batch_tokens))
        return vectors

    def warm_up(self) -> None:
        """Load all of the tokenizer, for which `encode` would wait once more text has come.

        A server does so, whose users would wait otherwise; for a few sentences it is not needed.
        """
        self._tokenizer.library()

    def stream(self, lines: Iterable[str], block_size: int = 4096) -> Iterator[NDArray[np.float32]]:
        """Encode any number of lines in bounded memory.

        Args:
            lines: The sentences, for example an open text file; they are read as they are needed.
            block_size: Sentences per block.

        Yields:
            float32 arrays of shape (up to block_size, dim), in the order of the lines.
        """
        remaining = iter(lines)
        while block := list(islice(remaining, block_size)):
            yield self.encode(block)

    def unknown(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """How much of each sentence the model cannot read, as of a script it was not trained on.

        Args:
            sentences: Any number of sentences.

        Returns:
            float32 array of shape (len(sentences),): the share of tokens that stand for characters
            the vocabulary lacks, 0 to 1; 1 for a sentence without tokens.
        """
        unknown = SPECIAL_TOKENS.index("unk")
        shares = [ids.count(unknown) / len(ids) if ids else 1 for ids in self.tokenize(sentences)]
        return np.array(shares, np.float32)

    def tokenize(self, sentences: Sequence[str]) -> list[list[int]]:
        """Turn sentences into the tokens that the network reads.

        Args:
            sentences: Any number of sentences.

        Returns:
            The token ids of each, at most `ModelDescription.max_tokens`.

        Raises:
            BabeliteError: As `encode`.
        """
        require_list(sentences)
        limit = self.description.max_tokens
        texts = [_head(text, limit, i) for i, text in enumerate(sentences)]
        try:
            return self._tokenizer.ids(texts)
        except TypeError:  # half a surrogate pair, as badly decoded text holds, is no character
            return self._tokenizer.ids([t.encode("utf-8", "replace").decode() for t in texts])

    def _each(self, run: Callable[[slice], None], batches: list[slice]) -> None:
        if self._threads == 1 or len(batches) < 2:
            for batch in batches:
                run(batch)
        else:
            # Imported late: a first vector, that of a query above all, has no use for it.
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(self._threads) as pool:
                for _ in pool.map(run, batches):
                    pass  # asked for, so that an error in a thread is raised here

    def _run(self, tokens: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of sentences whose tokens lie one after the other, the longest first."""
        mask = np.arange(lengths[0]) < lengths[:, None]
        ids = np.zeros(mask.shape, np.int64)
        ids[mask] = tokens
        feed = {"input_ids": ids, "attention_mask": mask.astype(np.int64)}
        vectors: NDArray[np.float32] = self._session.run(["sentence_embedding"], feed)[0]
        return vectors


def _batches(lengths: NDArray[np.int64], batch_tokens: int) -> list[slice]:
    """Cut falling lengths into batches; those of zero are left out."""
    batches = []
    start, end = 0, int(np.count_nonzero(lengths))
    while start < end:
        stop = min(end, start + max(1, batch_tokens // int(lengths[start])))
        batches.append(slice(start, stop))
        start = stop
    return batches


def _head(text: str, max_tokens: int, index: int) -> str:
    """The part of a text that its first tokens can come from; the whole of an ordinary one."""
    if not isinstance(text, str):
        raise BabeliteError(
            f"sentence {index} (counted from 0) is not a string but {type(text).__name__}",
            hint="leave it out, or put an empty string in its place",
        )
    limit = _CHARACTERS_A_TOKEN * max_tokens
    if len(text) <= limit:
        return text
    return " ".join(text.split(maxsplit=max_tokens)[:max_tokens])[:limit]
