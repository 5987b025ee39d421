"""How sure a measured share is: bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Estimate(NamedTuple):
    """A mean and its 95 % interval.

    Attributes:
        value: The mean.
        low: The lower end of the interval.
        high: The upper end.
    """

    value: float
    low: float
    high: float


def bootstrap(values: ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> Estimate:
    """Estimate a mean with its 95 % percentile bootstrap interval (Efron 1979).

    Drawing n values again with replacement is drawing how often each distinct value comes, which
    is multinomial: exact, and quick where there are few distinct values, as among hits (0 or 1).
    If all values are equal the interval has no width.

    Args:
        values: One score a query, shape (n,), n ≥ 1; truth values count as 0 and 1.
        resamples: How many times to draw.
        seed: Of the random generator; the same seed gives the same interval.

    Returns:
        The mean and the 2.5 % and 97.5 % quantiles of the means of the resamples.

    Raises:
        ValueError: There are no values.

    Example:
        >>> estimate = bootstrap([True] * 90 + [False] * 10)
        >>> [round(number, 2) for number in estimate]
        [0.9, 0.84, 0.95]
    """
    return bootstrap_mean_of_groups([values], [1.0], resamples=resamples, seed=seed)


def bootstrap_mean_of_groups(
    groups: Sequence[ArrayLike],
    weights: Sequence[float],
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Estimate:
    """Estimate a weighted mean of the means of several groups, each drawn from on its own.

    Args:
        groups: The scores of each group, shape (n,), n ≥ 1; the sizes may differ.
        weights: What each group's mean counts.
        resamples: How many times to draw.
        seed: Of the random generator; the same seed gives the same interval.

    Returns:
        The mean and its 95 % interval, as `bootstrap`.

    Raises:
        ValueError: A group has no values.

    Example:
        >>> estimate = bootstrap_mean_of_groups([[1, 1], [1, 0] * 50], [3, 1])
        >>> [round(number, 3) for number in estimate]
        [0.875, 0.85, 0.9]
    """
    generator = np.random.default_rng(seed)
    shares = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    value, means = 0.0, np.zeros(resamples)
    for group, share in zip(groups, shares, strict=True):
        scores = np.asarray(group, dtype=np.float64)
        if scores.ndim != 1 or not scores.size:
            raise ValueError(f"scores of shape {scores.shape}; one score a query is needed")
        value += share * scores.mean()
        means += share * _means_of_draws(scores, resamples, generator)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(value), float(low), float(high))


def _means_of_draws(
    scores: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    distinct, counts = np.unique(scores, return_counts=True)
    draws = generator.multinomial(scores.size, counts / scores.size, size=resamples)
    means: NDArray[np.float64] = draws @ distinct / scores.size
    return means
