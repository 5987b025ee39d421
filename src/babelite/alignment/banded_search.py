"""Dynamic programming over two documents within a band: the alignment path of least cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

# Anti-diagonals whose costs are computed together.
_BLOCK = 256

# The number of sentences of a bead on the source and on the target side.
Size = tuple[int, int]


class Costs(Protocol):
    """The costs of beads."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of source and of target sentences."""

    @property
    def sizes(self) -> Sequence[Size]:
        """The allowed sizes of a bead, preferred ones first, with (1, 0) and (0, 1)."""

    def table(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """Costs of beads ending after these sentences, (sizes, sources, targets); inf: forbidden.

        A bead that ends at (i, j) has i source and j target sentences before its end.
        """


class Point(NamedTuple):
    """A position between sentences: the numbers of source and target sentences before it."""

    source: int
    target: int


@dataclass(frozen=True)
class Band:
    """The points that are searched: ``width`` points (i, d - i) of each anti-diagonal d.

    The first has i = ``firsts[d]``, which is equal or greater by 1 on the next anti-diagonal.
    """

    firsts: NDArray[np.int64]  # shape (source + target + 1,)
    width: int


def band_around(path: Sequence[Point], radius: int) -> Band:
    """The band around a path from (0, 0) to the ends; every point for a large ``radius``.

    Example:
        >>> band_around([Point(0, 0), Point(2, 2)], radius=1)
        Band(firsts=array([0, 0, 0, 0, 0]), width=3)
    """
    sources = np.array([point.source for point in path])
    diagonals = sources + np.array([point.target for point in path])
    middle = np.rint(np.interp(np.arange(diagonals[-1] + 1), diagonals, sources)).astype(np.int64)
    width = min(2 * radius, int(sources[-1])) + 1
    return Band(np.clip(middle - radius, 0, int(sources[-1]) + 1 - width), width)


def cheapest_path(costs: Costs, band: Band) -> list[Point]:
    """The points between the beads of least total cost that cover both documents in order.

    All points of an anti-diagonal are computed together: their predecessors are on earlier ones.
    Time and memory are proportional to the number of points in the band.
    """
    last = sum(costs.shape)
    sizes = np.array(costs.sizes)
    # Between the anti-diagonals of a bead's start and end, intervals shift by at most this much.
    reach = int(sizes.max())
    totals = np.full((last + 1, band.width + 2 * reach), np.inf)
    totals[0, reach] = 0.0
    choices = np.zeros((last + 1, band.width), np.min_scalar_type(len(sizes) - 1))
    columns = np.arange(band.width)
    for start in range(1, last + 1, _BLOCK):
        diagonals = np.arange(start, min(start + _BLOCK, last + 1))
        block = _costs_on(costs, band, diagonals)
        # Before the first anti-diagonal there are no points, and costs are infinite.
        earlier = np.maximum(diagonals[:, None] - sizes.sum(1), 0)
        shifts = band.firsts[diagonals, None] - sizes[:, 0] - band.firsts[earlier] + reach
        places = earlier * totals.shape[1] + shifts
        for row, diagonal in enumerate(diagonals):
            candidates = totals.ravel()[places[row, :, None] + columns] + block[row]
            choices[diagonal] = choice = candidates.argmin(0)
            totals[diagonal, reach : reach + band.width] = candidates[choice, columns]
    return _backtrack(choices, band, costs)


def _costs_on(costs: Costs, band: Band, diagonals: NDArray[np.int64]) -> NDArray[np.float32]:
    """Costs of the beads that end on some anti-diagonals: (diagonals, sizes, width)."""
    sources = band.firsts[diagonals, None] + np.arange(band.width)
    targets = diagonals[:, None] - sources
    # Points outside the documents may have any cost: no path returns from there.
    sources, targets = sources.clip(0, costs.shape[0]), targets.clip(0, costs.shape[1])
    rows = slice(int(sources.min()), int(sources.max()) + 1)
    columns = slice(int(targets.min()), int(targets.max()) + 1)
    found = costs.table(rows, columns)[:, sources - rows.start, targets - columns.start]
    return np.ascontiguousarray(found.swapaxes(0, 1))


def _backtrack(choices: NDArray[np.uint8], band: Band, costs: Costs) -> list[Point]:
    """The path from the end to the start, by the chosen sizes, reversed."""
    point = Point(*costs.shape)
    path = [point]
    while (diagonal := sum(point)) > 0:
        source, target = costs.sizes[choices[diagonal, point.source - band.firsts[diagonal]]]
        point = Point(point.source - source, point.target - target)
        path.append(point)
    return path[::-1]
