"""The published costs of Vecalign and Bertalign, with any vectors, searched without a band."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Beads = list[tuple[list[int], list[int]]]
Floats = NDArray[np.float32]

_SAMPLE = 100


def vecalign(source: Sequence[Floats], target: Sequence[Floats], *, seed: int = 0) -> Beads:
    """Align by the cost of Vecalign (Thompson & Koehn 2019, D19-1136) with its default settings.

    A bead of n and m sentences costs n · m · (1 - cos) / mean distance to random sentences. A
    deletion costs as much as the cheapest fifth of random sentence pairs.

    Args:
        source: Unit vectors of the runs of 1, 2, … sentences, shapes (n, dim), (n - 1, dim), ….
        target: The same for the other document.
        seed: Random seed of the sample.
    """
    rng = np.random.default_rng(seed)
    unrelated = [
        [1 - (run @ _drawn(rng, other[0]).T).mean(1) for run in runs]
        for runs, other in ((source, target), (target, source))
    ]
    costs = {}
    for n, m in _sizes(source, target, 8):
        mean = (unrelated[0][n - 1][:, None] + unrelated[1][m - 1]) / 2
        costs[n, m] = n * m * (1 - source[n - 1] @ target[m - 1].T) / mean
    rows, columns = (rng.integers(0, len(runs[0]), 20_000) for runs in (source, target))
    deletion = float(np.quantile(costs[1, 1][rows, columns], 0.2))
    return cheapest_beads(costs, deletion, len(source[0]), len(target[0]))


def bertalign(
    source: Sequence[Floats], target: Sequence[Floats], lengths: tuple[list[int], list[int]]
) -> Beads:
    """Align by the score of Bertalign (Liu & Zhu 2023, fqac089) with its default settings.

    A bead of at most five sentences scores its cosine, less the mean cosine with the neighbouring
    sentences of the other side, times log2(1 + ratio of the lengths). A deletion scores -0.1.

    Args:
        source: Unit vectors of the runs of 1, 2, … sentences, shapes (n, dim), (n - 1, dim), ….
        target: The same for the other document.
        lengths: The numbers of characters of the sentences.
    """
    ratio = sum(lengths[0]) / max(sum(lengths[1]), 1)
    totals = [np.array([0, *accumulate(side)], np.float32) for side in lengths]
    costs = {}
    for n, m in _sizes(source, target, 5):
        left, right = source[n - 1], target[m - 1]
        margin = _neighbours(left @ target[0].T, m) + _neighbours(right @ source[0].T, n).T
        long, other = (
            total[size:] - total[:-size] for total, size in zip(totals, (n, m), strict=True)
        )
        pair = np.stack(np.broadcast_arrays(long[:, None], other * ratio))
        alike = np.log2(1 + pair.min(0) / np.maximum(pair.max(0), 1))
        costs[n, m] = -(left @ right.T - margin / 2) * alike
    return cheapest_beads(costs, 0.1, len(source[0]), len(target[0]))


def _drawn(rng: np.random.Generator, rows: Floats) -> Floats:
    return rows[rng.permutation(len(rows))[:_SAMPLE]]


def _sizes(source: Sequence[Floats], target: Sequence[Floats], most: int) -> list[tuple[int, int]]:
    sizes = [(n + 1, m + 1) for n, m in np.ndindex(len(source), len(target))]
    return [size for size in sizes if sum(size) <= most]


def _neighbours(cosines: Floats, size: int) -> Floats:
    """Mean cosine with the sentences before and after each run of ``size`` sentences."""
    count = cosines.shape[1]
    before, after = (np.zeros((len(cosines), count - size + 1), np.float32) for _ in range(2))
    before[:, 1:] = cosines[:, : count - size]
    after[:, :-1] = cosines[:, size:]
    both = (before != 0) & (after != 0)
    return np.where(both, (before + after) / 2, before + after)


def cheapest_beads(
    costs: dict[tuple[int, int], Floats], deletion: float, source: int, target: int
) -> Beads:
    """The beads of least total cost.

    Args:
        costs: For each size (n, m) the costs of the beads by their first sentences.
        deletion: The cost of an unmatched sentence.
        source: The number of source sentences.
        target: The number of target sentences.
    """
    sizes = [*costs, (1, 0), (0, 1)]
    reach = max(max(size) for size in sizes)
    totals = np.full((source + 1 + reach, target + 1 + reach), np.inf)
    totals[reach, reach] = 0
    choices = np.zeros((source + 1, target + 1), np.uint8)
    for diagonal in range(1, source + target + 1):
        i = np.arange(max(diagonal - target, 0), min(source, diagonal) + 1)
        j = diagonal - i
        found = np.full((len(sizes), len(i)), np.inf)
        for row, (n, m) in zip(found, sizes, strict=True):
            earlier = totals[i - n + reach, j - m + reach]
            if (n, m) in costs:
                inside = (i >= n) & (j >= m)
                row[inside] = earlier[inside] + costs[n, m][i[inside] - n, j[inside] - m]
            else:
                row[:] = earlier + deletion
        choices[i, j] = found.argmin(0)
        totals[i + reach, j + reach] = found.min(0)
    beads = []
    while source or target:
        n, m = sizes[choices[source, target]]
        beads.append((list(range(source - n, source)), list(range(target - m, target))))
        source, target = source - n, target - m
    return beads[::-1]
