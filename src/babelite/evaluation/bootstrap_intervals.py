"""Bootstrap confidence intervals (95 %) of means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class BootstrapInterval(NamedTuple):
    """A measured mean (``value``) and the ends of its 95 % interval (``low``, ``high``)."""

    value: float
    low: float
    high: float


def bootstrap(values: ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> BootstrapInterval:
    """The mean with its 95 % percentile bootstrap interval (Efron 1979).

    Resampling n values with replacement is drawing the count of each distinct value, which is
    multinomial: exact, and fast where there are few distinct values, as among hits (0 or 1).
    If all values are equal the interval has no width.

    Args:
        values: One score for each query, shape (n,), n ≥ 1; booleans count as 0 and 1.
        resamples: Number of resamples.
        seed: Random seed.

    Returns:
        The mean, and the 2.5 % and 97.5 % quantiles of the means of the resamples.

    Example:
        >>> interval = bootstrap([True] * 90 + [False] * 10)
        >>> [round(number, 2) for number in interval]
        [0.9, 0.84, 0.95]
    """
    return bootstrap_mean_of_groups([values], [1.0], resamples=resamples, seed=seed)


def bootstrap_mean_of_groups(
    groups: Sequence[ArrayLike],
    weights: Sequence[float],
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> BootstrapInterval:
    """The weighted mean of the means of several groups, each resampled independently.

    Like `bootstrap`, with one array of scores (n,), n ≥ 1, and one weight for each group.

    Example:
        >>> interval = bootstrap_mean_of_groups([[1, 1], [1, 0] * 50], [3, 1])
        >>> [round(number, 3) for number in interval]
        [0.875, 0.85, 0.9]
    """
    generator = np.random.default_rng(seed)
    shares = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    value, means = 0.0, np.zeros(resamples)
    for group, share in zip(groups, shares, strict=True):
        scores = np.asarray(group, dtype=np.float64)
        if scores.ndim != 1 or not scores.size:
            raise ValueError(f"expected scores of shape (n,), n ≥ 1, got {scores.shape}")
        value += share * scores.mean()
        means += share * resampled_means(scores, resamples, generator)
    low, high = np.quantile(means, (0.025, 0.975))
    return BootstrapInterval(float(value), float(low), float(high))


def resampled_means(
    scores: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """The mean of each resample of ``scores`` (n,), drawn with replacement; shape (resamples,)."""
    distinct, counts = np.unique(scores, return_counts=True)
    draws = generator.multinomial(scores.size, counts / scores.size, size=resamples)
    means: NDArray[np.float64] = draws @ distinct / scores.size
    return means
