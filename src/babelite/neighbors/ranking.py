"""Neighbours in order: ranking with reproducible ties, merging of lists, blocks of queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

# Cosines of float32 vectors that differ by less are equal up to rounding: a tie.
TIE = 1e-6
_QUERIES_PER_BLOCK = 1024
# Vector components that are ranked at the same time: 64 MB.
_COMPONENTS_PER_BLOCK = 2**24


class Neighbours(NamedTuple):
    """The best candidates of each query, best first.

    Attributes:
        scores: Cosines or margins, float32 array of shape (queries, k).
        indices: Rows of the candidates, int64 array of shape (queries, k).
    """

    scores: NDArray[np.float32]
    indices: NDArray[np.int64]


class Searcher(Protocol):
    """Finds the nearest candidates of blocks of queries: `ExactSearch` or `ClusterSearch`."""

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The ``k`` candidates of highest cosine of each query, best first.

        ``queries`` are unit rows, shape (n, dim), and ``k`` is at most the number of candidates.
        Cosines and rows have the shape (n, k).
        """
        ...


def no_neighbours(queries: int, k: int) -> Neighbours:
    """Placeholders of shape (queries, k): score -inf and index -1."""
    scores = np.full((queries, k), -np.inf, np.float32)
    return Neighbours(scores, np.full((queries, k), -1, np.int64))


def rank(scores: NDArray[np.float32], indices: NDArray[np.int64]) -> Neighbours:
    """Sort candidates of shape (queries, k): best first, equal scores by index."""
    order = np.lexsort((indices, -scores), axis=1)
    return Neighbours(np.take_along_axis(scores, order, 1), np.take_along_axis(indices, order, 1))


def merge_neighbours(parts: Sequence[Neighbours], k: int) -> Neighbours:
    """The best ``k`` of several lists of neighbours of the same queries; equal scores by index.

    Example:
        >>> near = Neighbours(np.float32([[1]]), np.array([[7]]))
        >>> far = Neighbours(np.float32([[0.5]]), np.array([[3]]))
        >>> merge_neighbours([far, near], k=1).indices
        array([[7]])
    """
    scores = np.concatenate([part.scores for part in parts], axis=1)
    indices = np.concatenate([part.indices for part in parts], axis=1)
    best = rank(scores, indices)
    return Neighbours(best.scores[:, :k], best.indices[:, :k])


def query_blocks(
    queries: int, components: int = 1, largest: int = _QUERIES_PER_BLOCK
) -> Iterator[slice]:
    """Cut queries into blocks that are searched one after the other, in bounded memory.

    ``components`` is the number of vector components ranked per query.
    """
    step = max(1, min(largest, _COMPONENTS_PER_BLOCK // components))
    for start in range(0, queries, step):
        yield slice(start, start + step)


def clearly_above(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether cosines are higher than others by more than rounding (1e-6); any shape.

    Example:
        >>> clearly_above(np.float32([0.5, 0.6]), np.float32([0.5, 0.5]))
        array([False,  True])
    """
    above: NDArray[np.bool_] = left - right > TIE
    return above
