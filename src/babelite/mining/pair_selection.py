"""Choice of pairs by margin, from the nearest neighbours of both sides (Artetxe & Schwenk 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from babelite.neighbors import Margin, Neighbours, margin_scores

Direction = Literal["max", "intersection", "forward", "backward"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@dataclass(frozen=True)
class Candidates:
    """Pairs of rows with their scores, in descending order of score.

    Attributes:
        source: int64 array of shape (n,): rows of the source side.
        target: int64 array of shape (n,): rows of the target side.
        score: float32 array of shape (n,): the margin that orders the pairs.
        cosine: float32 array of shape (n,).
        ratio: float32 array of shape (n,): the ratio margin.
        distance: float32 array of shape (n,): the distance margin.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    score: NDArray[np.float32]
    cosine: NDArray[np.float32]
    ratio: NDArray[np.float32]
    distance: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.source)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Candidates:
        """The pairs with these indices, where a mask of shape (n,) is true, or of a slice."""
        return Candidates(*(column[chosen] for column in vars(self).values()))

    def above(self, threshold: float) -> Candidates:
        """The pairs with a score of at least ``threshold``."""
        return self.take(self.score >= threshold)


def candidate_pairs(
    forward: Neighbours,
    backward: Neighbours,
    margin: Margin = "ratio",
    direction: Direction = "max",
    *,
    one_to_one: bool = False,
) -> Candidates:
    """Choose pairs by margin from the nearest neighbours of both sides.

    The best partner of a sentence is its neighbour of highest margin. ``forward`` returns the best
    partners of the source sentences, ``backward`` those of the target sentences, and
    ``intersection`` the pairs in both. ``max`` takes the pairs of either in descending order and
    uses each sentence once (Artetxe & Schwenk 2019, section 3.2; "max. score" in LASER).

    Args:
        forward: The k nearest target sentences of each source sentence, shape (n, k).
        backward: The k nearest source sentences of each target sentence, shape (m, k).
        margin: The score; see `babelite.neighbors.margin_scores`.
        direction: Which pairs to return.
        one_to_one: Use each sentence once in ``forward`` and ``backward`` too.

    Returns:
        The pairs in descending order of score; equal scores by row.

    Example:
        >>> from babelite.neighbors import nearest
        >>> source, target = np.eye(3), np.eye(3)[[2, 0, 1]]
        >>> pairs = candidate_pairs(nearest(source, target, 2), nearest(target, source, 2))
        >>> pairs.source, pairs.target, pairs.score
        (array([0, 1, 2]), array([1, 2, 0]), array([2., 2., 2.], dtype=float32))
    """
    means = forward.scores.mean(1), backward.scores.mean(1)
    rows = [np.arange(len(side)) for side in means]
    directions: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
    if direction != "backward":
        directions.append((rows[0], *_best_partners(forward, *means, margin)))
    if direction != "forward":
        found, cosines = _best_partners(backward, *means[::-1], margin)
        directions.append((found, rows[1], cosines))
    source, target, cosine = (np.concatenate(column) for column in zip(*directions, strict=True))
    # A pair that is the best in both directions occurs twice.
    numbers = source * np.int64(len(means[1])) + target
    _, first, times = np.unique(numbers, return_index=True, return_counts=True)
    if direction == "intersection":
        first = first[times == 2]
    source, target, cosine = source[first], target[first], cosine[first]
    found_means = means[0][source], means[1][target]
    score, ratio, distance = (
        margin_scores(cosine, *found_means, kind) for kind in (margin, "ratio", "distance")
    )
    order = np.lexsort((target, source, -score))
    pairs = Candidates(source, target, score, cosine, ratio, distance).take(order)
    if one_to_one or direction == "max":
        return pairs.take(_one_to_one(pairs.source, pairs.target))
    return pairs


def _best_partners(
    neighbours: Neighbours,
    own_means: NDArray[np.float32],
    other_means: NDArray[np.float32],
    margin: Margin,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The neighbour of highest margin of each row, and its cosine."""
    scores = margin_scores(
        neighbours.scores, own_means[:, None], other_means[neighbours.indices], margin
    )
    best = scores.argmax(axis=1)[:, None]  # the nearest of equals
    return (
        np.take_along_axis(neighbours.indices, best, 1)[:, 0].astype(np.int64),
        np.take_along_axis(neighbours.scores, best, 1)[:, 0],
    )


def _one_to_one(source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of a greedy one-to-one selection in the given order, as indices."""
    # Each round selects all pairs that are the first for both their rows, and removes the other
    # pairs with these rows. The result is that of the sequential selection.
    left, taken = np.arange(len(source)), []
    while len(left):
        first = np.ones(len(left), dtype=bool)
        for rows in (source[left], target[left]):
            firsts = np.zeros(len(left), dtype=bool)
            firsts[np.unique(rows, return_index=True)[1]] = True
            first &= firsts
        chosen = left[first]
        taken.append(chosen)
        free = ~np.isin(source[left], source[chosen]) & ~np.isin(target[left], target[chosen])
        left = left[free]
    return np.sort(np.concatenate(taken)) if taken else left
