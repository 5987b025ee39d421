"""The paired bootstrap against distributions whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from babelite.evaluation.bootstrap_intervals import bootstrap
from babelite.evaluation.significance import (
    holm_correction,
    paired_bootstrap,
    paired_bootstrap_statistic,
)


def normal_two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05, -0.05])
def test_the_interval_and_p_value_of_normal_differences(shift: float) -> None:
    # The mean of n differences with known mean and deviation is normal: nothing to be drawn.
    size = 500
    noise = np.random.default_rng(1).standard_normal(size)
    noise = (noise - noise.mean()) / noise.std()
    hard = np.random.default_rng(2).standard_normal(size) * 10  # what both systems share
    found = paired_bootstrap(hard + shift + noise, hard, resamples=2_000)
    error = 1 / math.sqrt(size)
    assert found.value == pytest.approx(shift, abs=1e-9)
    np.testing.assert_allclose(
        [found.low, found.high], [shift - 1.96 * error, shift + 1.96 * error], atol=0.2 * error
    )
    assert found.p_value == pytest.approx(normal_two_sided(shift / error), abs=0.03)


def test_hits_and_misses_agree_with_mcnemars_test() -> None:
    # 30 queries only the first finds, 12 only the second: under the null a fair coin decides.
    first = np.array([1] * 30 + [0] * 12 + [1] * 158)
    second = np.array([0] * 30 + [1] * 12 + [1] * 158)
    found = paired_bootstrap(first, second)
    assert found.value == pytest.approx((30 - 12) / 200)
    z = (30 - 12) / math.sqrt(30 + 12)
    assert found.p_value == pytest.approx(normal_two_sided(z), abs=0.005)


def test_equal_systems_differ_significantly_in_5_percent_of_cases() -> None:
    rng = np.random.default_rng(3)
    called = [
        paired_bootstrap(
            rng.standard_normal(60), rng.standard_normal(60), resamples=300, seed=trial
        ).p_value
        < 0.05
        for trial in range(300)
    ]
    # Binomial with 300 and 0.05: the standard deviation is 1.3 %.
    assert 0.02 < np.mean(called) < 0.09


def test_the_pairing_matters() -> None:
    rng = np.random.default_rng(4)
    first = rng.random(300) < 0.5
    second = first.copy()
    second[np.flatnonzero(first)[:8]] = False  # worse in eight queries and better in none
    paired = paired_bootstrap(first, second)
    assert paired.p_value < 0.01
    shuffled = paired_bootstrap(first, rng.permutation(second))
    assert shuffled.p_value > 0.05


def test_against_zero_it_equals_the_interval_of_the_mean() -> None:
    values = np.random.default_rng(5).random(200) < 0.8
    assert paired_bootstrap(values, np.zeros(200))[:3] == pytest.approx(bootstrap(values), abs=5e-3)


def test_sets_of_queries_have_equal_weight() -> None:
    large, small = np.ones(1_000), np.zeros(10)
    found = paired_bootstrap([large, small], [np.zeros(1_000), np.zeros(10)])
    assert found.value == 0.5
    assert (found.low, found.high) == (0.5, 0.5)


def test_the_bootstrap_of_a_statistic_equals_that_of_a_mean() -> None:
    rng = np.random.default_rng(6)
    first, second = rng.standard_normal(400) + 0.1, rng.standard_normal(400)
    fast = paired_bootstrap(first, second, resamples=4_000)
    slow = paired_bootstrap_statistic(
        lambda counts: counts @ (first - second) / counts.sum(1), 400, resamples=4_000
    )
    assert slow.value == pytest.approx(fast.value)
    np.testing.assert_allclose(slow[1:3], fast[1:3], atol=0.01)
    assert slow.p_value == pytest.approx(fast.p_value, abs=0.03)


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        paired_bootstrap([1, 0, 1], [1, 0])
    with pytest.raises(ValueError, match="one shape"):
        paired_bootstrap([], [])
    with pytest.raises(ValueError, match="queries must be"):
        paired_bootstrap_statistic(lambda counts: counts.sum(1), 0)


def test_holm_lies_between_single_tests_and_bonferroni() -> None:
    values = [0.04, 0.001, 0.5, 0.02]
    corrected = holm_correction(values)
    assert corrected == [pytest.approx(p) for p in (0.08, 0.004, 0.5, 0.06)]
    assert all(p <= c <= min(1, 4 * p) for p, c in zip(values, corrected, strict=True))
    assert holm_correction([]) == []
