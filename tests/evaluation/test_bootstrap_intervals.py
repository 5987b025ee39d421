import numpy as np
import pytest

from babelite.evaluation.bootstrap_intervals import bootstrap, bootstrap_mean_of_groups


@pytest.mark.parametrize("hits", [5, 50, 93])
def test_intervals_equal_drawing_with_replacement(hits: int) -> None:
    values = np.array([1] * hits + [0] * (100 - hits))
    rng = np.random.default_rng(7)
    means = rng.choice(values, size=(20_000, 100)).mean(axis=1)
    estimate = bootstrap(values)
    assert estimate.value == hits / 100
    # The means are whole percents, so a quantile is off by one of them at most.
    np.testing.assert_allclose(estimate[1:], np.quantile(means, [0.025, 0.975]), atol=0.0101)


def test_intervals_equal_the_normal_approximation_for_many_queries() -> None:
    values = np.repeat([1, 0], [9_000, 1_000])
    spread = 1.96 * np.sqrt(0.9 * 0.1 / 10_000)
    np.testing.assert_allclose(bootstrap(values)[1:], [0.9 - spread, 0.9 + spread], atol=3e-4)


def test_scores_of_several_values() -> None:
    values = np.random.default_rng(0).choice([0.0, 0.5, 1.0], size=200, p=[0.1, 0.2, 0.7])
    rng = np.random.default_rng(7)
    means = rng.choice(values, size=(20_000, 200)).mean(axis=1)
    estimate = bootstrap(values)
    assert estimate.value == pytest.approx(values.mean())
    np.testing.assert_allclose(estimate[1:], np.quantile(means, [0.025, 0.975]), atol=0.006)


def test_results_depend_on_the_seed() -> None:
    values = np.arange(50) % 3 == 0
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)
    assert bootstrap([True] * 10) == (1.0, 1.0, 1.0)


def test_no_values() -> None:
    with pytest.raises(ValueError, match="expected scores of shape"):
        bootstrap([])


def test_groups_are_resampled_independently() -> None:
    rng = np.random.default_rng(0)
    groups, weights = [rng.random(40), rng.random(90) ** 2], [1, 3]
    drawn = [
        sum(
            w / 4 * rng.choice(group, len(group)).mean()
            for group, w in zip(groups, weights, strict=True)
        )
        for _ in range(5_000)
    ]
    estimate = bootstrap_mean_of_groups(groups, weights)
    assert estimate.value == pytest.approx(groups[0].mean() / 4 + 3 * groups[1].mean() / 4)
    expected = np.quantile(drawn, (0.025, 0.975))
    assert (estimate.low, estimate.high) == pytest.approx(tuple(expected), abs=0.005)
    with pytest.raises(ValueError, match="expected scores of shape"):
        bootstrap_mean_of_groups([[1.0], []], [1, 1])
