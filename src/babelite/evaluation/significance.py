"""Is one system better than another, or was it lucky with the queries: the paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_AT_ONCE = 250  # resamples computed together: as many counts a query are in memory


class Difference(NamedTuple):
    """How much better one system is than another.

    Attributes:
        value: The difference of their means; above zero if the first is better.
        low: The lower end of its 95 % interval.
        high: The upper end.
        p_value: How likely a difference so large is if there is none, two-sided.
    """

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

    Queries are drawn again with replacement, each with what both systems made of it: how hard the
    drawn queries happen to be cancels out. Several sets of queries, given as lists of arrays, are
    drawn from one by one, and their means count alike.

    Args:
        first: One score a query, shape (n,); or a list of such arrays.
        second: The other system's, of the same shapes, query by query.
        resamples: How many times to draw.
        seed: Of the random generator; the same seed gives the same result.

    Returns:
        The difference of the means, its percentile interval, and the two-sided p-value: twice the
        smaller share of resamples on one side of zero (ties on both), never below
        2 / (resamples + 1).

    Raises:
        ValueError: There are no scores, or the two are not of the same shapes.

    Example:
        >>> better, worse = [1] * 80 + [0] * 20, [1] * 60 + [0] * 40
        >>> found = paired_bootstrap(better, worse)
        >>> round(found.value, 2), found.low > 0, found.p_value < 0.001
        (0.2, True, True)
        >>> paired_bootstrap(worse, worse)
        Difference(value=0.0, low=0.0, high=0.0, p_value=1.0)
    """
    sets = [
        _differences(here, there)
        for here, there in zip(_as_sets(first), _as_sets(second), strict=True)
    ]
    if not sets:
        raise ValueError("no scores to compare")
    generator = np.random.default_rng(seed)
    drawn = np.zeros(resamples)
    for differences in sets:
        # As in `intervals.bootstrap`: how often each distinct value is drawn is multinomial.
        distinct, counts = np.unique(differences, return_counts=True)
        size = differences.size
        draws = generator.multinomial(size, counts / size, size=resamples)
        drawn += draws @ distinct / size / len(sets)
    return _summary(float(np.mean([differences.mean() for differences in sets])), drawn)


def paired_bootstrap_of(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    queries: int,
    *,
    resamples: int = 2_000,
    seed: int = 0,
) -> Difference:
    """The paired bootstrap of a difference that is no mean, such as that of two correlations.

    Args:
        statistic: Given how often each query counts, shape (n, queries), the difference of the two
            systems for each of the n rows.
        queries: How many queries there are.
        resamples: How many times to draw.
        seed: Of the random generator.

    Returns:
        As `paired_bootstrap`.

    Raises:
        ValueError: There are no queries.

    Example:
        >>> first, second = np.array([3.0, 4.0, 5.0]), np.array([1.0, 2.0, 3.0])
        >>> paired_bootstrap_of(lambda counts: counts @ (first - second) / counts.sum(1), 3)[:3]
        (2.0, 2.0, 2.0)
    """
    if queries < 1:
        raise ValueError("no queries to draw from")
    generator = np.random.default_rng(seed)
    even = np.full(queries, 1 / queries)
    drawn = []
    for start in range(0, resamples, _AT_ONCE):
        counts = generator.multinomial(queries, even, size=min(_AT_ONCE, resamples - start))
        drawn.append(statistic(counts.astype(np.float64)))
    return _summary(float(statistic(np.ones((1, queries)))[0]), np.concatenate(drawn))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for having asked several questions at once (Holm 1979).

    Args:
        p_values: One of each question.

    Returns:
        The corrected p-values in the same order: rejecting those below 0.05 errs in 5 % of cases
        at the most, all questions together.

    Example:
        >>> holm([0.01, 0.04, 0.03])
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
        raise ValueError(f"scores of shapes {first.shape} and {second.shape}; one each a query")
    # Equal up to rounding is equal, or there would be as many distinct values as queries.
    return (first - second).round(9)


def _summary(value: float, drawn: NDArray[np.float64]) -> Difference:
    low, high = np.quantile(drawn, (0.025, 0.975))
    # Counting the resample that is the data itself keeps p above zero (Davison & Hinkley 1997).
    below, above = (1 + np.sum(drawn <= 1e-12)), (1 + np.sum(drawn >= -1e-12))
    p_value = min(1.0, 2 * float(min(below, above)) / (len(drawn) + 1))
    return Difference(value, float(low), float(high), p_value)
