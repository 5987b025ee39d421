"""Bootstrap confidence intervals (95 %) of means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 250  # resamples drawn together; bounds memory


class BootstrapInterval(NamedTuple):
    """A measured mean (``value``) and the ends of its 95 % interval (``low``, ``high``)."""

    value: float
    low: float
    high: float


def bootstrap(values: ArrayLike, *, resamples: int = 10_000, seed: int = 0) -> BootstrapInterval:
    """The mean with its 95 % percentile bootstrap interval (Efron 1979).

    Resampling n values with replacement is drawing the count of each distinct value, which is
    multinomial: exact, and fast where there are few distinct values, as among hits (0 or 1).
    ``values`` has one score for each query, shape (n,), n ≥ 1.

    Example:
        >>> interval = bootstrap([True] * 90 + [False] * 10)
        >>> [round(number, 2) for number in interval]
        [0.9, 0.84, 0.95]
    """
    return bootstrap_mean_of_groups([values], [1.0], resamples=resamples, seed=seed)


def bootstrap_mean_of_groups(
    groups: Sequence[ArrayLike], weights: Sequence[float], *, resamples: int = 10_000, seed: int = 0
) -> BootstrapInterval:
    """The weighted mean of the means of several groups (n,), each resampled independently."""
    generator = np.random.default_rng(seed)
    shares = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    value, means = 0.0, np.zeros(resamples)
    for group, share in zip(groups, shares, strict=True):
        scores = np.asarray(group, dtype=np.float64)
        if scores.ndim != 1 or not scores.size:
            raise ValueError(f"expected scores of shape (n,), n ≥ 1, got {scores.shape}")
        value += share * scores.mean()
        means += share * resampled_means(scores, resamples, generator)
    return percentile_interval(value, means)


def resampled_means(
    scores: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """The mean of each resample of ``scores`` (n,), drawn with replacement; shape (resamples,)."""
    distinct, counts = np.unique(scores, return_counts=True)
    draws = generator.multinomial(scores.size, counts / scores.size, size=resamples)
    means: NDArray[np.float64] = draws @ distinct / scores.size
    return means


def resampled_counts(
    total: int, shares: NDArray[np.float64], resamples: int, generator: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Blocks (resamples, n) of how often each of n values with these shares is drawn."""
    for start in range(0, resamples, _BLOCK):
        draws = generator.multinomial(total, shares, size=min(_BLOCK, resamples - start))
        yield draws.astype(np.float64)


def percentile_interval(value: float, drawn: NDArray[np.float64]) -> BootstrapInterval:
    """A value with the 2.5 % and 97.5 % quantiles of its resamples (resamples,)."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    return BootstrapInterval(float(value), float(low), float(high))
