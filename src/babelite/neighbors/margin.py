"""Margin scores: cosines relative to the neighbourhoods of both sentences."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.neighbors.exact_search import comparable_rows, nearest
from babelite.neighbors.ranking import Neighbours, rank

Margin = Literal["ratio", "distance", "absolute"]
MARGINS: tuple[Margin, ...] = get_args(Margin)

# Lower bound of the divisor of the ratio margin. In texts of a few lines a sentence may have no
# near neighbour: its mean may be zero or negative, and any cosine would have a high ratio.
MIN_NEIGHBOURHOOD_MEAN = 0.1


def margin_scores(
    cosines: NDArray[np.float32],
    source_means: NDArray[np.float32],
    target_means: NDArray[np.float32],
    margin: Margin = "ratio",
) -> NDArray[np.float32]:
    """The margin scores of pairs of sentences.

    With a pair's cosine c, and m the mean of the two sides' mean cosines to their k nearest
    neighbours on the other side, the score is c / m (``ratio``), c - m (``distance``) or c
    (``absolute``): Artetxe & Schwenk 2019, arXiv:1811.01136, equations 1 to 3. In the ratio, m is
    at least 0.1; only in very small texts is it lower.

    Args:
        cosines: The cosines of the pairs, any shape.
        source_means: The mean cosine of each source sentence to its neighbours, same shape.
        target_means: The same for each target sentence.
        margin: The kind of margin; a ratio is about 1 for unrelated sentences.

    Example:
        >>> half, one = np.float32([0.5]), np.float32([1.0])
        >>> margin_scores(one, half, half), margin_scores(one, half, half, "distance")
        (array([2.], dtype=float32), array([0.5], dtype=float32))
    """
    if margin == "absolute":
        return cosines.astype(np.float32)
    means = (source_means + target_means) / 2
    if margin == "distance":
        return (cosines - means).astype(np.float32)
    return (cosines / np.maximum(means, MIN_NEIGHBOURHOOD_MEAN)).astype(np.float32)


def margin_search(queries: ArrayLike, candidates: ArrayLike, k: int = 4) -> Neighbours:
    """Rank the ``k`` nearest candidates of each query by the ratio margin, as LASER's ``xsim``.

    The margin discounts sentences that are near to many others; see `margin_scores`. Vectors,
    results and errors are as in `nearest`; ``k`` is also the size of a neighbourhood.

    Example:
        >>> scores, indices = margin_search(np.eye(3), np.eye(3)[::-1], k=2)
        >>> indices[:, 0]
        array([2, 1, 0])
        >>> float(scores[0, 0])
        2.0
    """
    left, right = comparable_rows(queries, candidates)
    forward = nearest(left, right, k)
    if not len(left):
        return forward
    backward = nearest(right, left, k)
    own, others = forward.scores.mean(1)[:, None], backward.scores.mean(1)[forward.indices]
    return rank(margin_scores(forward.scores, own, others), forward.indices)
