"""The cheapest way through two documents: dynamic programming within a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

# Anti-diagonals whose costs are computed and held together.
_BLOCK = 256

# How many sentences a bead has on the source and on the target side.
Size = tuple[int, int]


class Costs(Protocol):
    """What beads cost, whatever that is made from."""

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of source and of target sentences."""
        ...

    @property
    def sizes(self) -> Sequence[Size]:
        """The sizes a bead may have, the preferred one first; (1, 0) and (0, 1) among them."""
        ...

    def table(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        """The costs of the beads that end in a rectangle.

        Args:
            sources: So many source sentences lie before a bead's end.
            targets: So many target sentences do.

        Returns:
            Array of shape (sizes, sources, targets); infinite for what may not be.
        """
        ...


class Point(NamedTuple):
    """A place between sentences: so many before it in the source and in the target."""

    source: int
    target: int


@dataclass(frozen=True)
class Band:
    """The points that are searched: a stretch of each anti-diagonal.

    Anti-diagonal d holds the points (i, d - i). From one to the next, the stretch begins at the
    same i or one further on.

    Attributes:
        firsts: The least i of each anti-diagonal, shape (source + target + 1,).
        width: How many points are searched on each.
    """

    firsts: NDArray[np.int64]
    width: int


def band_about(path: Sequence[Point], radius: int) -> Band:
    """Make the band about a path.

    Args:
        path: Points from (0, 0) to the ends of both documents, joined by straight lines.
        radius: How many points to either side are searched.

    Returns:
        The band. It holds every point if ``radius`` is at least the length of the shorter document.

    Example:
        >>> band_about([Point(0, 0), Point(2, 2)], radius=1)
        Band(firsts=array([0, 0, 0, 0, 0]), width=3)
    """
    sources = np.array([point.source for point in path])
    diagonals = sources + np.array([point.target for point in path])
    middle = np.rint(np.interp(np.arange(diagonals[-1] + 1), diagonals, sources)).astype(np.int64)
    width = min(2 * radius, int(sources[-1])) + 1
    return Band(np.clip(middle - radius, 0, int(sources[-1]) + 1 - width), width)


def cheapest_path(costs: Costs, band: Band) -> list[Point]:
    """Find the beads of least total cost that cover both documents in order.

    All points of an anti-diagonal are computed at once: their predecessors lie on earlier ones.
    Time and memory are proportional to the number of points in the band.

    Args:
        costs: What the beads cost.
        band: The points searched.

    Returns:
        The points where beads meet, from (0, 0) to the ends of both documents.
    """
    last = sum(costs.shape)
    sizes = np.array(costs.sizes)
    # On the anti-diagonal of a bead's beginning, the stretch of its end is shifted by at most this.
    reach = int(sizes.max())
    totals = np.full((last + 1, band.width + 2 * reach), np.inf)
    totals[0, reach] = 0.0
    choices = np.zeros((last + 1, band.width), np.min_scalar_type(len(sizes) - 1))
    columns = np.arange(band.width)
    for start in range(1, last + 1, _BLOCK):
        diagonals = np.arange(start, min(start + _BLOCK, last + 1))
        block = _costs_on(costs, band, diagonals)
        # Before the first anti-diagonal there is nothing, and costs are infinite.
        earlier = np.maximum(diagonals[:, None] - sizes.sum(1), 0)
        shifts = band.firsts[diagonals, None] - sizes[:, 0] - band.firsts[earlier] + reach
        places = earlier * totals.shape[1] + shifts
        for row, diagonal in enumerate(diagonals):
            candidates = totals.ravel()[places[row, :, None] + columns] + block[row]
            choices[diagonal] = choice = candidates.argmin(0)
            totals[diagonal, reach : reach + band.width] = candidates[choice, columns]
    return _traced(choices, band, costs)


def _costs_on(costs: Costs, band: Band, diagonals: NDArray[np.int64]) -> NDArray[np.float32]:
    """The costs of the beads that end on some anti-diagonals: (diagonals, sizes, width)."""
    sources = band.firsts[diagonals, None] + np.arange(band.width)
    targets = diagonals[:, None] - sources
    # Points outside the documents may cost what they will: no way leads back from there.
    sources, targets = sources.clip(0, costs.shape[0]), targets.clip(0, costs.shape[1])
    rows = slice(int(sources.min()), int(sources.max()) + 1)
    columns = slice(int(targets.min()), int(targets.max()) + 1)
    found = costs.table(rows, columns)[:, sources - rows.start, targets - columns.start]
    return np.ascontiguousarray(found.swapaxes(0, 1))


def _traced(choices: NDArray[np.uint8], band: Band, costs: Costs) -> list[Point]:
    point = Point(*costs.shape)
    path = [point]
    while (diagonal := sum(point)) > 0:
        source, target = costs.sizes[choices[diagonal, point.source - band.firsts[diagonal]]]
        point = Point(point.source - source, point.target - target)
        path.append(point)
    return path[::-1]
