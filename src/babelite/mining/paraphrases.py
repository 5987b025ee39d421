"""`paraphrase_mining`: pairs of similar sentences, such as near-duplicates, in one collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, encode_stream, list_texts
from babelite.errors import BabeliteError
from babelite.neighbors import (
    Clusters,
    ClusterSearch,
    ExactSearch,
    Searcher,
    choose_search_kind,
    query_blocks,
    search_threads,
)
from babelite.progress import ProgressDisplay

_Report = Callable[[str, int, int | None], None]


class Paraphrase(NamedTuple):
    """Two sentences of a collection: their cosine, and their rows (from 0), the smaller first."""

    cosine: float
    first: int
    second: int


class _Pairs(NamedTuple):
    """Different pairs of rows: cosines, (n,), and keys first * sentences + second, (n,)."""

    cosines: NDArray[np.float32]
    keys: NDArray[np.int64]

    def and_also(self, other: _Pairs) -> _Pairs:
        """These pairs and others; a pair may occur twice."""
        cosines = np.concatenate([self.cosines, other.cosines])
        return _Pairs(cosines, np.concatenate([self.keys, other.keys]))

    def best(self, count: int) -> _Pairs:
        """The pairs of highest cosine, sorted; equal cosines in the order of the rows."""
        keys, places = np.unique(self.keys, return_index=True)
        order = np.argsort(-self.cosines[places], kind="stable")[:count]
        return _Pairs(self.cosines[places][order], keys[order])


def paraphrase_mining(
    encoder: SentenceEncoder,
    sentences: Iterable[str],
    *,
    top_k: int = 100,
    max_pairs: int = 500_000,
    min_cosine: float = -1.0,
    show_progress_bar: bool = False,
) -> list[Paraphrase]:
    """Find the most similar pairs of sentences in one collection.

    The results have the form of ``util.paraphrase_mining`` of sentence-transformers. Every sentence
    is compared with all others; above two billion comparisons, with those of the nearest clusters.

    Args:
        encoder: The encoder.
        sentences: The sentences, in any of its languages. Blank and unreadable ones have no pair.
        top_k: The number of neighbours of each sentence that are considered.
        max_pairs: The number of pairs to return, at most.
        min_cosine: The lowest cosine of a pair; 0.9 finds near-duplicates.
        show_progress_bar: Show the progress on standard error.

    Returns:
        The pairs, highest cosine first; each pair once, and no sentence with itself.

    Raises:
        BabeliteError: ``sentences`` is not a collection of strings, or a number is below 1.

    Example:
        >>> from babelite import Encoder
        >>> lines = ["It rains.", "The cat sleeps.", "Il pleut."]
        >>> pair = paraphrase_mining(Encoder.load(), lines)[0]
        >>> pair.first, pair.second
        (0, 2)
    """
    for name, number in (("top_k", top_k), ("max_pairs", max_pairs)):
        if number < 1:
            problem = f"{name} is {number}"
            raise BabeliteError(problem, code="option-invalid", hint="give 1 or more")
    with ExitStack() as stack:
        display = ProgressDisplay("sentences") if show_progress_bar else None
        report: _Report = stack.enter_context(display) if display else lambda *_: None
        vectors = _encoded(encoder, list_texts(sentences), report)
        rows = np.flatnonzero(vectors.any(axis=1))
        pairs = _Pairs(np.empty(0, np.float32), np.empty(0, np.int64))
        for found in _pairs(vectors[rows], rows, len(vectors), top_k, min_cosine, report):
            pairs = pairs.and_also(found)
            if len(pairs.keys) > 2 * max_pairs:
                pairs = pairs.best(max_pairs)
    cosines, keys = pairs.best(max_pairs)
    ends = np.divmod(keys, max(1, len(vectors)))
    return list(map(Paraphrase, cosines.tolist(), *(end.tolist() for end in ends)))


def _encoded(encoder: SentenceEncoder, texts: list[str], report: _Report) -> NDArray[np.float32]:
    """Unit vectors of all texts, (len(texts), dim); zero for blank ones."""
    vectors, done = np.zeros((len(texts), encoder.dim), np.float32), 0
    report("encoding", 0, len(texts))
    for block in encode_stream(encoder, texts):
        vectors[done : done + len(block)] = block
        done += len(block)
        report("encoding", done, len(texts))
    return vectors


def _pairs(
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    count: int,
    top_k: int,
    min_cosine: float,
    report: _Report,
) -> Iterator[_Pairs]:
    """Pairs of unit vectors (n, dim) with these ``rows`` among ``count``, block by block."""
    if len(rows) < 2:
        return
    searcher, k = _searcher(vectors), min(top_k + 1, len(rows))  # one of them is the sentence
    report("searching", 0, len(rows))
    for block in query_blocks(len(rows)):
        found = searcher.nearest(vectors[block], k)
        own = np.broadcast_to(rows[block, None], found.indices.shape)
        other = rows[found.indices]
        kept = (own != other) & (found.scores >= min_cosine)
        own, other = own[kept], other[kept]
        yield _Pairs(found.scores[kept], np.minimum(own, other) * count + np.maximum(own, other))
        report("searching", min(block.stop, len(rows)), len(rows))


def _searcher(vectors: NDArray[np.float32]) -> Searcher:
    if choose_search_kind("auto", len(vectors), len(vectors)) == "exact":
        return ExactSearch(vectors)
    return ClusterSearch(vectors, Clusters.of(vectors), threads=search_threads())
