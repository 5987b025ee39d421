"""How sure a measured share is: bootstrap intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


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
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 1 or not scores.size:
        raise ValueError(f"scores of shape {scores.shape}; one score a query is needed")
    distinct, counts = np.unique(scores, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(
        scores.size, counts / scores.size, size=resamples
    )
    low, high = np.quantile(draws @ distinct / scores.size, (0.025, 0.975))
    return Estimate(float(scores.mean()), float(low), float(high))
