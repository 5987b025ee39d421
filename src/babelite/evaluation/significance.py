"""Significance of differences between systems: paired bootstrap, Holm's correction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.evaluation.bootstrap_intervals import (
    percentile_interval,
    resampled_counts,
    resampled_means,
)


class Difference(NamedTuple):
    """Mean of a system minus that of another, ends of its 95 % interval, two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float


def paired_bootstrap(
    first: ArrayLike | Sequence[ArrayLike],
    second: ArrayLike | Sequence[ArrayLike],
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Difference:
    """Compare two systems on the same queries (Koehn 2004, Efron & Tibshirani 1993, ch. 16).

    Queries are resampled with replacement, each with the scores of both systems, so that the
    difficulty of the drawn queries cancels out. Several sets of queries, given as lists of arrays,
    are resampled independently; the means of the sets have equal weight.

    Args:
        first: One score for each query, shape (n,); or a list of such arrays.
        second: Scores of the other system for the same queries, of the same shapes.
        resamples: Number of resamples.
        seed: Random seed.

    Returns:
        The difference of the means. The p-value is twice the smaller share of resamples on one side
        of zero (ties on both sides), never below 2 / (resamples + 1).

    Raises:
        ValueError: There are no scores, or the shapes differ.

    Example:
        >>> better, worse = [1] * 80 + [0] * 20, [1] * 60 + [0] * 40
        >>> found = paired_bootstrap(better, worse)
        >>> round(found.value, 2), found.low > 0, found.p_value < 0.001
        (0.2, True, True)
        >>> paired_bootstrap(worse, worse)
        Difference(value=0.0, low=0.0, high=0.0, p_value=1.0)
    """
    sets = [_differences(*two) for two in zip(_as_sets(first), _as_sets(second), strict=True)]
    if not sets:
        raise ValueError("no scores to compare")
    generator = np.random.default_rng(seed)
    drawn = np.zeros(resamples)
    for differences in sets:
        drawn += resampled_means(differences, resamples, generator) / len(sets)
    return _summary(float(np.mean([differences.mean() for differences in sets])), drawn)


def paired_bootstrap_statistic(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    queries: int,
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> Difference:
    """Paired bootstrap of a difference that is not a mean, such as that of two correlations.

    ``statistic`` maps query counts of n resamples (n, queries) to the differences of two systems
    (n,). There is at least one query.

    Example:
        >>> first, second = np.array([3.0, 4.0, 5.0]), np.array([1.0, 2.0, 3.0])
        >>> def difference(counts):
        ...     return counts @ (first - second) / counts.sum(1)
        >>> paired_bootstrap_statistic(difference, 3)[:3]
        (2.0, 2.0, 2.0)
    """
    if queries < 1:
        raise ValueError(f"queries must be at least 1 (got {queries})")
    generator = np.random.default_rng(seed)
    blocks = resampled_counts(queries, np.full(queries, 1 / queries), resamples, generator)
    drawn = np.concatenate([statistic(counts) for counts in blocks])
    return _summary(float(statistic(np.ones((1, queries)))[0]), drawn)


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for multiple comparisons (Holm 1979); the order is kept.

    Rejecting those below 0.05 keeps the family-wise error rate at 5 % or less.

    Example:
        >>> holm_correction([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _as_sets(scores: ArrayLike | Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    nested = isinstance(scores, (list, tuple)) and bool(scores) and np.ndim(scores[0]) == 1
    sets = scores if nested else [scores]
    return [np.asarray(one, dtype=np.float64) for one in sets]  # type: ignore[union-attr]


def _differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    if first.shape != second.shape or first.ndim != 1 or not first.size:
        raise ValueError(f"expected scores of one shape (n,), got {first.shape} and {second.shape}")
    # Differences equal up to rounding become equal, so that distinct values are few.
    return (first - second).round(9)


def _summary(value: float, drawn: NDArray[np.float64]) -> Difference:
    # Counting the data itself as a resample keeps p above zero (Davison & Hinkley 1997).
    below, above = (1 + np.sum(drawn <= 1e-12)), (1 + np.sum(drawn >= -1e-12))
    p_value = min(1.0, 2 * float(min(below, above)) / (len(drawn) + 1))
    return Difference(*percentile_interval(value, drawn), p_value)
