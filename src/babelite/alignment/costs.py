"""What a bead costs: how far apart its sides are, measured by how far apart strangers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.alignment.banded_search import Point, Size
from babelite.encoding import unit_rows
from babelite.errors import BabeliteError
from babelite.neighbors import TIE

# What an unmatched sentence costs; a pair of unrelated sentences costs 1.
UNMATCHED = 0.55
# By how much the score of a bead must rise without a sentence to show that it is not part of it.
_USELESS = 0.06

_SAMPLE = 100
_ROWS_A_BLOCK = 1 << 14


@dataclass(frozen=True)
class Runs:
    """The vectors of all runs of neighbouring sentences of a document.

    Attributes:
        vectors: float32 array of shape (sizes, sentences + 1, dim): [s - 1, i] is the unit vector
            of the run of s sentences that ends before sentence i; zero where i < s.
    """

    vectors: NDArray[np.float32]

    @property
    def length(self) -> int:
        """The number of sentences."""
        return len(self.vectors[0]) - 1

    @classmethod
    def of(cls, runs: Sequence[ArrayLike]) -> Runs:
        """Gather the vectors of runs.

        Args:
            runs: Row i of ``runs[s - 1]`` is the vector of the sentences i to i + s - 1; shapes
                (n, dim), (n - 1, dim), ...

        Returns:
            The same, brought to unit length.

        Raises:
            BabeliteError: The shapes are others than that, or a value is not a finite number.
        """
        rows = [unit_rows(vectors) for vectors in runs]
        shapes = [vectors.shape for vectors in rows]
        count, dim = shapes[0]
        if shapes != [(max(count - shorter, 0), dim) for shorter in range(len(rows))]:
            raise BabeliteError(
                f"the vectors of runs have the shapes {', '.join(map(str, shapes))}",
                hint=f"runs of one sentence more are one fewer: ({count}, {dim}), "
                f"({count - 1}, {dim}) and so on",
            )
        vectors = np.zeros((len(rows), count + 1, dim), np.float32)
        for size, found in enumerate(rows[:count], start=1):
            vectors[size - 1, size:] = found
        return cls(vectors)

    def halved(self) -> Runs:
        """The document in half as many pieces: each is the mean direction of two sentences."""
        pairs = np.add.reduceat(self.vectors[0, 1:], np.arange(0, self.length, 2), axis=0)
        return Runs.of([pairs])


class BeadCosts:
    """The costs of beads after Vecalign (Thompson & Koehn 2019, D19-1136, its scoring function).

    A bead of n source sentences x and m target sentences y costs ::

        n · m · (1 - cos(x, y)) / mean of the same distance between x or y and strangers

    where strangers are sentences drawn at random from the other document. So a bead of unrelated
    sentences costs n · m, with every encoder, and large beads must be much better than the small
    ones they are made of. A sentence left unmatched costs 0.55.

    Ours is a rule that keeps omitted sentences from being added to their neighbours' beads: no bead
    whose score would rise by 0.06 without its first or its last sentence on a side.

    Args:
        source: The runs of the source document, at least one sentence.
        target: The runs of the target document, at least one sentence.
        min_score: Beads of lower `scores` may not be; -inf for any bead.
    """

    def __init__(self, source: Runs, target: Runs, *, min_score: float) -> None:
        self._source, self._target, self._min_score = source, target, min_score
        self._far = _strange(source, target), _strange(target, source)
        self.shape = (source.length, target.length)
        reach = len(source.vectors), len(target.vectors)
        self._matched = [(n + 1, m + 1) for n, m in np.ndindex(*reach)]
        self.sizes: list[Size] = [*self._matched, (1, 0), (0, 1)]

    def table(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """The costs of the beads that end in a rectangle.

        Args:
            sources: So many source sentences lie before a bead's end.
            targets: So many target sentences do.

        Returns:
            Array of shape (sizes, sources, targets); infinite for what may not be.
        """
        # One point more, for what beads would be without their last sentence.
        inner = np.s_[:, min(sources.start, 1) :, :, min(targets.start, 1) :]
        distances = self._distances(
            slice(max(sources.start - 1, 0), sources.stop),
            slice(max(targets.start - 1, 0), targets.stop),
        )
        useless = _useless(distances)[inner]
        costs = distances[inner]
        costs[useless | (costs > 1 - self._min_score)] = np.inf
        count, rows, columns = len(self._matched), costs.shape[1], costs.shape[3]
        table = np.full((len(self.sizes), rows, columns), UNMATCHED, np.float32)
        table[:count] = costs.swapaxes(1, 2).reshape(count, rows, columns)
        table[:count] *= np.array([n * m for n, m in self._matched], np.float32)[:, None, None]
        for costs_of_size, (n, m) in zip(table, self.sizes, strict=True):
            costs_of_size[: max(n - sources.start, 0)] = np.inf
            costs_of_size[:, : max(m - targets.start, 0)] = np.inf
        return table

    def _distances(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """The distances of runs that end in a rectangle, in units of the distance of strangers.

        Returns:
            Array of shape (source sizes, sources, target sizes, targets).
        """
        left, right = self._source.vectors[:, sources], self._target.vectors[:, targets]
        cosines = left.reshape(-1, left.shape[2]) @ right.reshape(-1, left.shape[2]).T
        # Float32 rounds the cosines of equal vectors to either side of 1, which must not decide.
        distances = np.maximum(1 - TIE - cosines, 0).reshape(*left.shape[:2], *right.shape[:2])
        far: NDArray[np.float32] = self._far[0][:, sources, None, None] + self._far[1][:, targets]
        relative: NDArray[np.float32] = distances / (far / 2)
        return relative

    def cosines(self, path: Sequence[Point]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The cosines and the scores of the beads along a path.

        Args:
            path: The points where beads meet.

        Returns:
            Two arrays of shape (beads,). The score is 1 less the cost of one pair of sentences: 1
            for the same meaning, 0 for strangers. Both are 0 for a bead with an empty side.
        """
        ends = np.array(path[1:])
        sizes = np.diff(np.array(path), axis=0)
        matched = sizes.all(1)
        (n, m), (i, j) = sizes[matched].T, ends[matched].T
        cosines, scores = np.zeros((2, len(ends)), np.float32)
        found = np.einsum(
            "ij,ij->i", self._source.vectors[n - 1, i], self._target.vectors[m - 1, j]
        )
        cosines[matched] = found
        far = (self._far[0][n - 1, i] + self._far[1][m - 1, j]) / 2
        scores[matched] = 1 - (1 - found) / far
        return cosines, scores


def _useless(distances: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a bead would be better without the first or the last sentence of one of its sides."""
    useless = np.zeros(distances.shape, np.bool_)
    best = distances - _USELESS
    useless[1:] |= distances[:-1] < best[1:]
    useless[1:, 1:] |= distances[:-1, :-1] < best[1:, 1:]
    useless[:, :, 1:] |= distances[:, :, :-1] < best[:, :, 1:]
    useless[:, :, 1:, 1:] |= distances[:, :, :-1, :-1] < best[:, :, 1:, 1:]
    return useless


def _strange(runs: Runs, others: Runs) -> NDArray[np.float32]:
    """The mean distance, 1 - cosine, of each run to sentences drawn from the other document.

    In a short document the sample holds the translation, too: the nearest is left out. In its
    place stands a distance of 1, which is all there is to say about a document of one sentence.

    Returns:
        Array of shape (sizes, sentences + 1).
    """
    drawn = np.random.default_rng(0).permutation(others.length)[:_SAMPLE]
    sample = others.vectors[0, 1 + drawn]
    means = np.empty((len(runs.vectors), runs.length + 1), np.float32)
    for start in range(0, runs.length + 1, _ROWS_A_BLOCK):
        block = slice(start, start + _ROWS_A_BLOCK)
        distances = np.maximum(1 - runs.vectors[:, block] @ sample.T, 0)
        means[:, block] = (distances.sum(-1) - distances.min(-1) + 1) / len(sample)
    return means
