"""Exact nearest neighbours of sentence vectors, by cosine or by margin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Cosines of float32 vectors nearer to each other than this are rounding noise apart: a tie.
TIE = 1e-6
_QUERIES_A_BLOCK = 1024
NUMBERS_AT_ONCE = 2**24  # of the vectors that are ranked anew: 64 MB


class Neighbours(NamedTuple):
    """The best candidates of each query, best first.

    Attributes:
        scores: float32 array of shape (queries, k).
        indices: int64 array of shape (queries, k): rows of the candidates.
    """

    scores: NDArray[np.float32]
    indices: NDArray[np.int64]


def nearest(queries: ArrayLike, candidates: ArrayLike, k: int) -> Neighbours:
    """Find the ``k`` candidates of highest cosine for each query, exactly.

    Equal candidates come in the order of their rows, whichever way the machine rounds. Vectors
    need not be of unit length; a zero vector has cosine 0 with everything.

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ 1.
        k: How many to find; all m if there are fewer.

    Returns:
        Cosines and rows, both of shape (n, min(k, m)).

    Raises:
        BabeliteError: There are no candidates, or the two have different numbers of components.
        ValueError: ``k`` is below 1.

    Example:
        >>> nearest([[1.0, 0.0]], [[0.0, 1.0], [3.0, 4.0], [3.0, 4.0]], k=2)
        Neighbours(scores=array([[0.6, 0.6]], dtype=float32), indices=array([[1, 2]]))
    """
    queries, candidates = _comparable(queries, candidates)
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    k = min(k, len(candidates))
    scores = np.empty((len(queries), k), dtype=np.float32)
    indices = np.empty((len(queries), k), dtype=np.int64)
    for block in query_blocks(len(queries)):
        scores[block], indices[block] = _nearest_of_block(queries[block], candidates, k)
    return Neighbours(scores, indices)


def nearest_in_blocks(
    queries: NDArray[np.float32],
    blocks: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]],
    k: int,
) -> Neighbours:
    """Find the nearest candidates where these come block by block; memory is one block.

    Args:
        queries: float32 array of shape (n, dim), rows of unit length or zero.
        blocks: Candidates: their numbers, which rise from block to block, and their vectors, a
            float32 array of shape (m, dim), rows of unit length or zero.
        k: How many to find.

    Returns:
        Cosines and numbers, both of shape (n, at most k), in the order that `nearest` gives.

    Example:
        >>> rows = np.eye(3, dtype=np.float32)
        >>> blocks = [(np.array([10]), rows[:1]), (np.array([20, 30]), rows[1:])]
        >>> nearest_in_blocks(rows[1:2], blocks, k=2).indices
        array([[20, 10]])
    """
    best = Neighbours(
        np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    )
    for numbers, vectors in blocks:
        if not len(numbers) or not len(queries):
            continue
        found = [
            _nearest_of_block(queries[block], vectors, min(k, len(vectors)))
            for block in query_blocks(len(queries))
        ]
        for_all = Neighbours(
            np.concatenate([part.scores for part in found]),
            numbers[np.concatenate([part.indices for part in found])],
        )
        best = merged([best, for_all], k)
    return best


def merged(parts: Sequence[Neighbours], k: int) -> Neighbours:
    """The best ``k`` of several lists of neighbours of the same queries, in the order of `nearest`.

    Example:
        >>> near, far = nearest([[1, 0]], [[1, 0]], k=1), nearest([[1, 0]], [[0, 1]], k=1)
        >>> merged([far, near], k=1).scores
        array([[1.]], dtype=float32)
    """
    scores = np.concatenate([part.scores for part in parts], axis=1)
    indices = np.concatenate([part.indices for part in parts], axis=1)
    best = ranked(scores, indices)
    return Neighbours(best.scores[:, :k], best.indices[:, :k])


def margin_search(queries: ArrayLike, candidates: ArrayLike, k: int = 4) -> Neighbours:
    """Find the best candidates of each query by the ratio margin.

    The margin is the cosine divided by the mean of two means: that of the query's cosines to its
    ``k`` nearest candidates, and that of the candidate's cosines to its ``k`` nearest queries. It
    takes away what cosine owes to sentences that are near to everything (Artetxe & Schwenk 2019,
    arXiv:1811.01136, equation 2 with the ratio; LASER's ``xsim``).

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ 1.
        k: How many neighbours make the mean, and how many are ranked; at most n and m.

    Returns:
        Margins and rows, both of shape (n, min(k, m)); around 1 for unrelated sentences.

    Raises:
        BabeliteError: As `nearest`.

    Example:
        >>> scores, indices = margin_search(np.eye(3), np.eye(3)[::-1], k=2)
        >>> indices[:, 0]
        array([2, 1, 0])
        >>> float(scores[0, 0])
        2.0
    """
    queries, candidates = _comparable(queries, candidates)
    forward = nearest(queries, candidates, k)
    if not len(queries):
        return forward
    backward = nearest(candidates, queries, k)
    means = forward.scores.mean(1)[:, None] + backward.scores.mean(1)[forward.indices]
    # Means of zero or below (empty sentences, unrelated text) say nothing about a neighbourhood.
    margins = forward.scores / np.maximum(means / 2, TIE)
    return ranked(margins, forward.indices)


def _comparable(
    queries: ArrayLike, candidates: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    left, right = unit_rows(queries), unit_rows(candidates)
    if not len(right):
        raise BabeliteError("there is nothing to search in", hint="give at least one sentence")
    if left.shape[1] != right.shape[1]:
        raise BabeliteError(
            f"queries have {left.shape[1]} components and candidates {right.shape[1]}",
            hint="encode both with the same model",
        )
    return left, right


def query_blocks(queries: int, numbers: int = 1, most: int = _QUERIES_A_BLOCK) -> Iterator[slice]:
    """Cut queries into blocks that are searched one after the other, in bounded memory.

    Args:
        queries: How many there are.
        numbers: How many numbers the vectors have that are ranked anew for each of them.
        most: The largest block.
    """
    step = max(1, min(most, NUMBERS_AT_ONCE // numbers))
    for start in range(0, queries, step):
        yield slice(start, start + step)


def _nearest_of_block(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], k: int
) -> Neighbours:
    import faiss

    # One more than asked for shows whether a tie crosses the end of the list.
    wanted = min(k + 1, len(candidates))
    _, indices = faiss.knn(queries, candidates, wanted, metric=faiss.METRIC_INNER_PRODUCT)
    # FAISS's cosines of equal vectors differ in the last bits; these do not.
    scores = np.empty(indices.shape, np.float32)
    for some in query_blocks(len(queries), numbers=wanted * queries.shape[1]):
        scores[some] = np.einsum("qd,qkd->qk", queries[some], candidates[indices[some]])
    scores, indices = ranked(scores, indices)
    if wanted > k:
        for row in np.flatnonzero(scores[:, k - 1] - scores[:, k] <= TIE):
            near = np.flatnonzero(candidates @ queries[row] >= scores[row, k - 1] - TIE)
            exact = np.einsum("qd,qkd->qk", queries[row][None], candidates[near][None])
            tied = ranked(exact, near[None])
            scores[row, :k], indices[row, :k] = tied.scores[0, :k], tied.indices[0, :k]
    return Neighbours(scores[:, :k], indices[:, :k])


def ranked(scores: NDArray[np.float32], indices: NDArray[np.int64]) -> Neighbours:
    """Neighbours best first; equal ones by index.

    Args:
        scores: float32 array of shape (queries, k).
        indices: int64 array of the same shape.
    """
    order = np.lexsort((indices, -scores), axis=1)
    return Neighbours(np.take_along_axis(scores, order, 1), np.take_along_axis(indices, order, 1))


class Hit(NamedTuple):
    """A sentence that was found.

    Attributes:
        score: Its cosine with the query, -1 to 1.
        row: Its place among the sentences searched, from 0.
        text: The sentence.
    """

    score: float
    row: int
    text: str


@dataclass(frozen=True)
class SearchResult:
    """A query and the sentences found for it, best first."""

    query: str
    hits: tuple[Hit, ...]


def search(
    encoder: SentenceEncoder,
    queries: Sequence[str],
    sentences: Sequence[str],
    k: int = 5,
    *,
    vectors: NDArray[np.float32] | None = None,
) -> list[SearchResult]:
    """Find the sentences nearest in meaning to each query.

    Args:
        encoder: What turns sentences into vectors.
        queries: The sentences looked for, in any language of the encoder.
        sentences: The sentences searched, at least one.
        k: How many to find for each query.
        vectors: The vectors of ``sentences``, shape (len(sentences), dim), where they are known.

    Returns:
        One result a query, in order.

    Raises:
        BabeliteError: There is nothing to search in.
    """
    if vectors is None:
        vectors = encoder.encode(sentences)
    scores, indices = nearest(encoder.encode(queries), vectors, k)
    return [
        SearchResult(
            query,
            tuple(
                Hit(float(score), int(index), sentences[index])
                for score, index in zip(scores[row], indices[row], strict=True)
            ),
        )
        for row, query in enumerate(queries)
    ]
