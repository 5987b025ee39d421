import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.alignment.banded_search import Band, Point, Size, band_around, cheapest_path

SIZES = [(1, 1), (1, 2), (2, 1), (3, 2), (1, 0), (0, 1)]


@dataclass(frozen=True)
class Given:
    """Random costs."""

    shape: tuple[int, int]
    sizes: Sequence[Size]
    values: NDArray[np.float32]

    def table(self, sources: slice, targets: slice) -> NDArray[np.float32]:
        return self.values[:, sources, targets].copy()


def made_up(seed: int, shape: tuple[int, int], forbidden: float = 0.0) -> Given:
    rng = np.random.default_rng(seed)
    values = rng.random((len(SIZES), shape[0] + 1, shape[1] + 1)).astype(np.float32)
    values[:4][rng.random((4, *values.shape[1:])) < forbidden] = np.inf
    for value, (n, m) in zip(values, SIZES, strict=True):
        value[:n], value[:, :m] = np.inf, np.inf
    return Given(shape, SIZES, values)


def least_cost(costs: Given) -> float:
    """The least total cost, by exhaustive search."""

    @cache
    def least(i: int, j: int) -> float:
        if i == j == 0:
            return 0.0
        return min(
            least(i - n, j - m) + float(costs.values[size, i, j])
            for size, (n, m) in enumerate(costs.sizes)
            if i >= n and j >= m
        )

    return least(*costs.shape)


def cost_of(costs: Given, path: Sequence[Point]) -> float:
    total = 0.0
    for start, end in itertools.pairwise(path):
        size = costs.sizes.index((end.source - start.source, end.target - start.target))
        total += float(costs.values[size, end.source, end.target])
    return total


def whole(shape: tuple[int, int]) -> Band:
    return band_around([Point(0, 0), Point(*shape)], min(shape))


@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    forbidden=st.sampled_from([0.0, 0.6, 1.0]),
)
def test_no_path_is_cheaper(seed: int, shape: tuple[int, int], forbidden: float) -> None:
    costs = made_up(seed, shape, forbidden)
    path = cheapest_path(costs, whole(shape))
    assert (path[0], path[-1]) == (Point(0, 0), Point(*shape))
    assert cost_of(costs, path) == pytest.approx(least_cost(costs), abs=1e-5)


@pytest.mark.parametrize("shape", [(90, 230), (230, 90), (1, 600), (600, 1)])
def test_no_path_is_cheaper_over_several_blocks(shape: tuple[int, int]) -> None:
    costs = made_up(0, shape)
    table = np.full((shape[0] + 1, shape[1] + 1), np.inf)
    table[0, 0] = 0.0
    for i, j in np.ndindex(table.shape):
        for size, (n, m) in enumerate(SIZES):
            if i >= n and j >= m:
                table[i, j] = min(table[i, j], table[i - n, j - m] + costs.values[size, i, j])
    path = cheapest_path(costs, whole(shape))
    assert cost_of(costs, path) == pytest.approx(table[-1, -1], abs=1e-3)


@given(
    corners=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6),
    radius=st.integers(0, 50),
)
def test_a_band_contains_the_points_near_its_path(
    corners: list[tuple[int, int]], radius: int
) -> None:
    sources, targets = (np.cumsum([0, *side]) for side in zip(*corners, strict=True))
    path = [Point(int(i), int(j)) for i, j in zip(sources, targets, strict=True)]
    band = band_around(path, radius)
    source, target = path[-1]
    assert len(band.firsts) == source + target + 1
    assert set(np.diff(band.firsts)) <= {0, 1}
    assert band.firsts[0] == 0
    assert band.firsts[-1] + band.width == source + 1
    for i, j in path:
        assert band.firsts[i + j] <= i < band.firsts[i + j] + band.width
    if radius >= min(source, target):
        for diagonal, first in enumerate(band.firsts):
            assert first <= max(0, diagonal - target)
            assert first + band.width > min(source, diagonal)


def test_the_path_stays_inside_a_narrow_band() -> None:
    costs = made_up(1, (200, 200))
    path = cheapest_path(costs, band_around([Point(0, 0), Point(200, 200)], radius=3))
    assert path[-1] == (200, 200)
    assert max(abs(i - j) for i, j in path) <= 7
