"""Runs of neighbouring sentences: their vectors, from sums of sentence vectors or joined text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError

# The number of sentences of a run on the source and on the target side.
Size = tuple[int, int]
Floats = NDArray[np.float32]


class Runs(Protocol):
    """All runs of up to ``max_size`` sentences of a document.

    The run (s, i) has s sentences and ends before sentence i.
    """

    @property
    def length(self) -> int:
        """The number of sentences."""

    @property
    def max_size(self) -> int:
        """The number of sentences of the longest runs."""

    @property
    def sentences(self) -> Floats:
        """The vectors of the sentences, shape (sentences, dim)."""

    def vectors(self, sizes: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
        """The unit vectors of the runs (sizes[k], ends[k]), shape (k, dim)."""

    def products(self, others: Floats, ends: slice) -> Floats:
        """Cosines of runs and unit vectors, shape (sizes, ends, others)."""

    def halved(self) -> SummedRuns:
        """The document at half the resolution: two sentences are one."""


@dataclass(frozen=True)
class SummedRuns:
    """Runs whose vectors are weighted sums of sentence vectors.

    ``weighted[i]`` is the unit vector of the sentence that ends before position i, times its
    weight; row 0 is zero. ``norms[s - 1, i]`` is the length of the sum of the run (s, i).
    """

    weighted: Floats  # shape (sentences + 1, dim)
    norms: Floats  # shape (sizes, sentences + 1)

    @property
    def length(self) -> int:
        """See `Runs`."""
        return len(self.weighted) - 1

    @property
    def max_size(self) -> int:
        """See `Runs`."""
        return len(self.norms)

    @property
    def sentences(self) -> Floats:
        """See `Runs`."""
        vectors: Floats = self.weighted[1:] / self.norms[0, 1:, None]
        return vectors

    @classmethod
    def of(cls, vectors: ArrayLike, weights: ArrayLike | None, max_size: int) -> SummedRuns:
        """Runs of sentences; every sentence has the same weight by default."""
        rows = unit_rows(vectors)
        if weights is not None:
            rows = rows * np.asarray(weights, np.float32)[:, None]
        return cls._of(rows, max(min(max_size, len(rows)), 1))

    @classmethod
    def _of(cls, rows: Floats, max_size: int) -> SummedRuns:
        weighted = np.vstack([np.zeros((1, rows.shape[1]), np.float32), rows])
        norms = np.empty((max_size, len(weighted)), np.float32)
        total = weighted.copy()
        for size in range(1, max_size + 1):
            if size > 1:
                total[size:] += weighted[1 : len(weighted) - size + 1]
            norms[size - 1] = np.linalg.norm(total, axis=1)
        norms[norms == 0] = 1
        return cls(weighted, norms)

    def vectors(self, sizes: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
        """See `Runs`."""
        found = np.zeros((len(ends), self.weighted.shape[1]), np.float32)
        for offset in range(self.max_size):
            within = offset < sizes
            found[within] += self.weighted[ends[within] - offset]
        return unit_rows(found)

    def products(self, others: Floats, ends: slice) -> Floats:
        """See `Runs`."""
        first = max(ends.start - self.max_size + 1, 0)
        products = self.weighted[first : ends.stop] @ others.T
        sums = running_sums(products, self.max_size)[:, ends.start - first :]
        cosines: Floats = sums / self.norms[:, ends, None]
        return cosines

    def halved(self) -> SummedRuns:
        """See `Runs`."""
        return self._of(np.add.reduceat(self.weighted[1:], _pairs(self.length), axis=0), 1)


@dataclass(frozen=True)
class JoinedRuns:
    """Runs with vectors of their own, for example of their joined text.

    ``units[s - 1, i]`` is the unit vector of the run (s, i); zero where i < s.
    """

    units: Floats  # shape (sizes, sentences + 1, dim)

    @property
    def length(self) -> int:
        """See `Runs`."""
        return len(self.units[0]) - 1

    @property
    def max_size(self) -> int:
        """See `Runs`."""
        return len(self.units)

    @property
    def sentences(self) -> Floats:
        """See `Runs`."""
        return self.units[0, 1:]

    @classmethod
    def of(cls, runs: Sequence[ArrayLike]) -> JoinedRuns:
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
        units = np.zeros((len(rows), count + 1, dim), np.float32)
        for size, found in enumerate(rows[:count], start=1):
            units[size - 1, size:] = found
        return cls(units)

    def vectors(self, sizes: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
        """See `Runs`."""
        return self.units[sizes - 1, ends]

    def products(self, others: Floats, ends: slice) -> Floats:
        """See `Runs`."""
        return self.units[:, ends] @ others.T

    def halved(self) -> SummedRuns:
        """See `Runs`."""
        pairs = np.add.reduceat(self.sentences, _pairs(self.length), axis=0)
        return SummedRuns.of(pairs, None, 1)


def _pairs(length: int) -> NDArray[np.int64]:
    """The first of every two sentences."""
    return np.arange(0, length, 2)


def running_sums(values: Floats, max_size: int) -> Floats:
    """Sums of 1, 2, … rows up to each row, shape (max_size, *values.shape).

    Example:
        >>> running_sums(np.array([[1], [2], [4]], np.float32), 2)[:, :, 0].tolist()
        [[1.0, 2.0, 4.0], [1.0, 3.0, 6.0]]
    """
    sums = np.empty((max_size, *values.shape), np.float32)
    sums[0] = values
    for size in range(1, max_size):
        sums[size] = sums[size - 1]
        sums[size, size:] += values[:-size]
    return sums


def run_cosines(
    source: Runs, target: Runs, sizes: Sequence[Size], sources: slice, targets: slice
) -> Floats:
    """Cosines of the runs of these sizes that end at these positions, (sizes, sources, targets)."""
    if isinstance(source, SummedRuns) and isinstance(target, SummedRuns):
        return _summed_cosines(source, target, sizes, sources, targets)
    found = np.empty((len(sizes), *(part.stop - part.start for part in (sources, targets))), "f4")
    ends = [np.arange(part.start, part.stop) for part in (sources, targets)]
    for place, pair in enumerate(sizes):
        left, right = (
            runs.vectors(np.full(len(positions), size), positions)
            for runs, size, positions in zip((source, target), pair, ends, strict=True)
        )
        np.matmul(left, right.T, out=found[place])
    return found


def _summed_cosines(
    source: SummedRuns, target: SummedRuns, sizes: Sequence[Size], sources: slice, targets: slice
) -> Floats:
    """`run_cosines` from the products of single sentences: products of sums are sums."""
    first = max(sources.start - source.max_size + 1, 0), max(targets.start - target.max_size + 1, 0)
    products = source.weighted[first[0] : sources.stop] @ target.weighted[first[1] : targets.stop].T
    rows = running_sums(products, source.max_size)[:, sources.start - first[0] :]
    found = np.empty((len(sizes), *rows.shape[1:2], targets.stop - targets.start), np.float32)
    scales = [1 / side.norms[:, part] for side, part in ((source, sources), (target, targets))]
    for n in sorted({n for n, _ in sizes}):
        widest = max(m for size, m in sizes if size == n)
        columns = running_sums(rows[n - 1].T, widest)[:, targets.start - first[1] :]
        for place, (size, m) in enumerate(sizes):
            if size == n:
                scale = scales[0][n - 1, :, None] * scales[1][m - 1]
                np.multiply(columns[m - 1].T, scale, out=found[place])
    return found
