from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.alignment.runs import JoinedRuns, Runs, SummedRuns, run_cosines, running_sums

Rows = NDArray[np.float64]


def unit(rows: Rows) -> Rows:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(norms == 0, 1, norms)


def drawn(seed: int, count: int, size: int) -> tuple[SummedRuns, JoinedRuns]:
    """The same runs, as sums and with vectors of their own."""
    rng = np.random.default_rng(seed)
    rows, weights = rng.standard_normal((count, 5)), rng.random(count) + 0.1
    rows[rng.random(count) < 0.1] = 0
    weighted = unit(rows) * weights[:, None]
    sizes = range(1, min(size, count) + 1)
    sums = [[weighted[i : i + s].sum(0) for i in range(count - s + 1)] for s in sizes]
    return SummedRuns.of(rows, weights, size), JoinedRuns.of([np.array(run) for run in sums])


@given(
    seed=st.integers(0, 1_000),
    counts=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    size=st.integers(1, 4),
    data=st.data(),
)
def test_sums_are_computed_from_single_sentences(
    seed: int, counts: tuple[int, int], size: int, data: st.DataObject
) -> None:
    sources, targets = drawn(seed, counts[0], size), drawn(seed + 1, counts[1], size)
    sizes = [
        (n + 1, m + 1) for n, m in np.ndindex(sources[0].max_size, targets[0].max_size) if n + m < 5
    ]
    ends = [slice(*sorted((data.draw(st.integers(0, count)), count + 1))) for count in counts]
    found, wanted = (
        run_cosines(left, right, sizes, *ends) for left, right in zip(sources, targets, strict=True)
    )
    for place, (n, m) in enumerate(sizes):
        whole = np.s_[max(n - ends[0].start, 0) :, max(m - ends[1].start, 0) :]
        np.testing.assert_allclose(found[place][whole], wanted[place][whole], atol=1e-5)


@pytest.mark.parametrize("kind", [0, 1])
def test_vectors_and_products_of_runs(kind: int) -> None:
    runs: Runs = drawn(0, 9, 3)[kind]
    other = drawn(0, 9, 3)[1]
    sizes, ends = np.array([1, 2, 3, 3]), np.array([4, 2, 9, 3])
    vectors = runs.vectors(sizes, ends)
    np.testing.assert_allclose(vectors, other.units[sizes - 1, ends], atol=1e-6)
    products = runs.products(np.eye(5, dtype=np.float32), slice(2, 10))
    np.testing.assert_allclose(products[sizes - 1, ends - 2], vectors, atol=1e-6)
    np.testing.assert_allclose(runs.sentences, other.units[0, 1:], atol=1e-6)


@pytest.mark.parametrize(
    "make", [lambda rows: SummedRuns.of(rows, None, 4), lambda rows: JoinedRuns.of([rows])]
)
def test_halving_keeps_an_odd_sentence(make: Callable[[Rows], Runs]) -> None:
    halves = make(np.eye(3)).halved()
    np.testing.assert_allclose(halves.sentences, [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]], atol=1e-6)
    assert halves.halved().length == 1


def test_running_sums_of_few_rows() -> None:
    assert running_sums(np.ones((2, 1), np.float32), 4)[:, :, 0].tolist() == [
        [1, 1], [1, 2], [1, 2], [1, 2]
    ]  # fmt: skip
