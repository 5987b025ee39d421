"""Exact search: every query is compared with every candidate, by cosine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError
from babelite.neighbors.faiss_threads import load_faiss
from babelite.neighbors.ranking import (
    TIE,
    Neighbours,
    merge_neighbours,
    no_neighbours,
    query_blocks,
    rank,
)

# Unit rows, shape (n, dim): float16 on disk, or float32 in memory.
StoredVectors = NDArray[np.floating[Any]]

_CANDIDATES_PER_BLOCK = 1 << 16


def nearest(queries: ArrayLike, candidates: ArrayLike, k: int) -> Neighbours:
    """Find the ``k`` candidates of highest cosine for each query, exactly.

    Equal candidates are returned in the order of their rows, independent of rounding. Vectors need
    not have unit length; a zero vector has cosine 0 with every vector.

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ 1.
        k: The number of candidates to find; all m if there are fewer.

    Returns:
        Cosines and rows, both of shape (n, min(k, m)).

    Raises:
        BabeliteError: There are no candidates, or the numbers of components differ.
        ValueError: ``k`` is below 1.

    Example:
        >>> nearest([[1.0, 0.0]], [[0.0, 1.0], [3.0, 4.0], [3.0, 4.0]], k=2)
        Neighbours(scores=array([[0.6, 0.6]], dtype=float32), indices=array([[1, 2]]))
    """
    left, right = comparable_rows(queries, candidates)
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    return nearest_in_blocks(left, [(np.arange(len(right)), right)], min(k, len(right)))


def nearest_in_blocks(
    queries: NDArray[np.float32],
    blocks: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]],
    k: int,
) -> Neighbours:
    """Find the nearest candidates, which are read block by block; memory holds one block.

    Queries are unit rows, shape (n, dim). A block is the numbers of its candidates, rising from
    block to block, and their unit rows, shape (m, dim). Cosines and numbers have the shape (n, at
    most k) and the order of `nearest`.

    Example:
        >>> rows = np.eye(3, dtype=np.float32)
        >>> blocks = [(np.array([10]), rows[:1]), (np.array([20, 30]), rows[1:])]
        >>> nearest_in_blocks(rows[1:2], blocks, k=2).indices
        array([[20, 10]])
    """
    best = no_neighbours(len(queries), 0 if len(queries) else k)
    for numbers, vectors in blocks:
        if not len(numbers) or not len(queries):
            continue
        found = [
            _nearest_in_block(queries[block], vectors, min(k, len(vectors)))
            for block in query_blocks(len(queries))
        ]
        scores = np.concatenate([part.scores for part in found])
        indices = numbers[np.concatenate([part.indices for part in found])]
        best = merge_neighbours([best, Neighbours(scores, indices)], k)
    return best


@dataclass(frozen=True)
class ExactSearch:
    """Exact search among unit rows, shape (m, dim), of which a block is read at a time."""

    candidates: StoredVectors

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """See `babelite.neighbors.Searcher`; candidates tied at the end of a list may differ.

        Resolving such ties, as `nearest_in_blocks` does, takes a third more time.
        """
        best = no_neighbours(len(queries), 0 if len(queries) else k)
        for numbers, block in self._blocks():
            found = knn(queries, block, min(k, len(block)))
            best = merge_neighbours([best, Neighbours(found.scores, numbers[found.indices])], k)
        return best

    def _blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        for start in range(0, len(self.candidates), _CANDIDATES_PER_BLOCK):
            block = self.candidates[start : start + _CANDIDATES_PER_BLOCK].astype(np.float32)
            yield np.arange(start, start + len(block)), block


def knn(queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int) -> Neighbours:
    """The ``k`` vectors of highest inner product by FAISS; tied vectors are in any order."""
    faiss = load_faiss()
    return Neighbours(*faiss.knn(queries, vectors, k, metric=faiss.METRIC_INNER_PRODUCT))


def comparable_rows(
    queries: ArrayLike, candidates: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit rows of both; an error if there are no candidates or the components differ."""
    left, right = unit_rows(queries), unit_rows(candidates)
    if not len(right):
        problem = "there are no sentences to search"
        raise BabeliteError(problem, code="input-empty", hint="give at least one")
    if left.shape[1] != right.shape[1]:
        problem = f"queries have {left.shape[1]} components and candidates {right.shape[1]}"
        hint = "encode both with the same model"
        raise BabeliteError(problem, code="dimension-mismatch", hint=hint)
    return left, right


def _nearest_in_block(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], k: int
) -> Neighbours:
    # One more than needed shows whether a tie crosses the end of the list.
    count = min(k + 1, len(candidates))
    indices = knn(queries, candidates, count).indices
    # FAISS's cosines of equal vectors differ in the last bits; these do not.
    scores = np.empty(indices.shape, np.float32)
    for block in query_blocks(len(queries), components=count * queries.shape[1]):
        scores[block] = np.einsum("qd,qkd->qk", queries[block], candidates[indices[block]])
    scores, indices = rank(scores, indices)
    if count == k:
        return Neighbours(scores, indices)
    ties = np.flatnonzero(scores[:, k - 1] - scores[:, k] <= TIE)
    for block in query_blocks(len(ties), components=len(candidates)):
        for row, cosines in zip(ties[block], queries[ties[block]] @ candidates.T, strict=True):
            near = np.flatnonzero(cosines >= scores[row, k - 1] - TIE)
            exact = np.einsum("qd,qkd->qk", queries[row][None], candidates[near][None])
            tied = rank(exact, near[None])
            scores[row, :k], indices[row, :k] = tied.scores[0, :k], tied.indices[0, :k]
    return Neighbours(scores[:, :k], indices[:, :k])
