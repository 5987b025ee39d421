"""Bead costs: the distance of two segments, relative to unrelated sentences (Vecalign)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.alignment.banded_search import Point, Size
from babelite.encoding import unit_rows
from babelite.errors import BabeliteError

# The cost of an unmatched sentence; a pair of unrelated sentences costs 1.
UNMATCHED = 0.55
# A sentence is not part of a bead whose score rises by this much without it.
_SUPERFLUOUS = 0.06
# Float32 cosines of equal vectors lie on either side of 1 by this rounding error.
_ROUNDING = 1e-6

_SAMPLE = 100
_ROWS_PER_BLOCK = 1 << 14


@dataclass(frozen=True)
class Runs:
    """The vectors of all runs of neighbouring sentences of a document.

    ``vectors[s - 1, i]`` is the unit vector of the run of s sentences that ends before sentence i;
    zero where i < s.
    """

    vectors: NDArray[np.float32]  # shape (sizes, sentences + 1, dim)

    @property
    def length(self) -> int:
        """The number of sentences."""
        return len(self.vectors[0]) - 1

    @classmethod
    def of(cls, runs: Sequence[ArrayLike]) -> Runs:
        """Row i of ``runs[s - 1]`` is the vector of the sentences i to i + s - 1."""
        rows = [unit_rows(vectors) for vectors in runs]
        shapes = [vectors.shape for vectors in rows]
        count, dim = shapes[0]
        if shapes != [(max(count - shorter, 0), dim) for shorter in range(len(rows))]:
            raise BabeliteError(
                f"the vectors of runs have the shapes {', '.join(map(str, shapes))}",
                code="vectors-invalid",
                hint=f"give runs of 1, 2, … sentences: ({count}, {dim}), ({count - 1}, {dim}), …",
            )
        vectors = np.zeros((len(rows), count + 1, dim), np.float32)
        for size, found in enumerate(rows[:count], start=1):
            vectors[size - 1, size:] = found
        return cls(vectors)

    def halved(self) -> Runs:
        """The document at half the resolution: each vector is the mean direction of two."""
        pairs = np.add.reduceat(self.vectors[0, 1:], np.arange(0, self.length, 2), axis=0)
        return Runs.of([pairs])


class BeadCosts:
    """The costs of beads after Vecalign (Thompson & Koehn 2019, D19-1136, its scoring function).

    A bead of n source sentences x and m target sentences y costs ::

        n · m · (1 - cos(x, y)) / mean distance of x and of y to unrelated sentences

    where unrelated sentences are drawn at random from the other document. So a bead of unrelated
    sentences costs n · m with every encoder, and a large bead must be much better than the small
    ones that it could be split into. An unmatched sentence costs 0.55.

    One rule is our own: a bead is forbidden if its score would rise by 0.06 without its first or
    its last sentence on a side. It keeps omitted sentences out of the beads of their neighbours.
    Beads with a lower score than ``min_score`` are forbidden too. No document is empty.
    """

    def __init__(self, source: Runs, target: Runs, *, min_score: float) -> None:
        self._source, self._target, self._min_score = source, target, min_score
        self._unrelated = _unrelated_distance(source, target), _unrelated_distance(target, source)
        self.shape = (source.length, target.length)
        reach = len(source.vectors), len(target.vectors)
        self._matched = [(n + 1, m + 1) for n, m in np.ndindex(*reach)]
        self.sizes: list[Size] = [*self._matched, (1, 0), (0, 1)]

    def table(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """See `babelite.alignment.banded_search.Costs`."""
        # One more point, for the costs of beads without their last sentence.
        inner = np.s_[:, min(sources.start, 1) :, :, min(targets.start, 1) :]
        distances = self._distances(
            slice(max(sources.start - 1, 0), sources.stop),
            slice(max(targets.start - 1, 0), targets.stop),
        )
        superfluous = _superfluous(distances)[inner]
        costs = distances[inner]
        costs[superfluous | (costs > 1 - self._min_score)] = np.inf
        count, rows, columns = len(self._matched), costs.shape[1], costs.shape[3]
        table = np.full((len(self.sizes), rows, columns), UNMATCHED, np.float32)
        table[:count] = costs.swapaxes(1, 2).reshape(count, rows, columns)
        table[:count] *= np.array([n * m for n, m in self._matched], np.float32)[:, None, None]
        for costs_of_size, (n, m) in zip(table, self.sizes, strict=True):
            costs_of_size[: max(n - sources.start, 0)] = np.inf
            costs_of_size[:, : max(m - targets.start, 0)] = np.inf
        return table

    def _distances(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """Relative distances of runs, shape (source sizes, sources, target sizes, targets)."""
        left, right = self._source.vectors[:, sources], self._target.vectors[:, targets]
        cosines = np.tensordot(left, right, axes=(2, 2))
        distances = np.maximum(1 - _ROUNDING - cosines, 0)
        unrelated = self._unrelated[0][:, sources, None, None] + self._unrelated[1][:, targets]
        relative: NDArray[np.float32] = distances / (unrelated / 2)
        return relative

    def cosines(self, path: Sequence[Point]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cosines and scores of the beads along a path, shape (beads,); 0 if a side is empty."""
        ends = np.array(path[1:])
        sizes = np.diff(np.array(path), axis=0)
        matched = sizes.all(1)
        (n, m), (i, j) = sizes[matched].T, ends[matched].T
        cosines, scores = np.zeros((2, len(ends)), np.float32)
        left, right = self._source.vectors[n - 1, i], self._target.vectors[m - 1, j]
        found = np.einsum("ij,ij->i", left, right)
        cosines[matched] = found
        unrelated = (self._unrelated[0][n - 1, i] + self._unrelated[1][m - 1, j]) / 2
        scores[matched] = 1 - (1 - found) / unrelated
        return cosines, scores


def _superfluous(distances: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a bead would be better without the first or the last sentence of a side."""
    superfluous = np.zeros(distances.shape, np.bool_)
    best = distances - _SUPERFLUOUS
    superfluous[1:] |= distances[:-1] < best[1:]
    superfluous[1:, 1:] |= distances[:-1, :-1] < best[1:, 1:]
    superfluous[:, :, 1:] |= distances[:, :, :-1] < best[:, :, 1:]
    superfluous[:, :, 1:, 1:] |= distances[:, :, :-1, :-1] < best[:, :, 1:, 1:]
    return superfluous


def _unrelated_distance(runs: Runs, others: Runs) -> NDArray[np.float32]:
    """Mean of 1 - cosine of each run to sampled sentences, shape (sizes, sentences + 1)."""
    # In a short document the sample also holds the translation: the nearest distance is replaced
    # by 1, which is the whole estimate for a document of one sentence.
    drawn = np.random.default_rng(0).permutation(others.length)[:_SAMPLE]
    sample = others.vectors[0, 1 + drawn]
    means = np.empty((len(runs.vectors), runs.length + 1), np.float32)
    for start in range(0, runs.length + 1, _ROWS_PER_BLOCK):
        block = slice(start, start + _ROWS_PER_BLOCK)
        distances = np.maximum(1 - runs.vectors[:, block] @ sample.T, 0)
        means[:, block] = (distances.sum(-1) - distances.min(-1) + 1) / len(sample)
    return means
