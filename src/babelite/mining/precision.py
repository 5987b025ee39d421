"""Where to cut a list of scored pairs: a threshold from known pairs, or from known-false ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError
from babelite.mining.margins import Direction, Margin, candidate_pairs
from babelite.mining.mine import Mined
from babelite.neighbors import Neighbours

_FOLDS = 10
_ENOUGH_ORPHANS = 20_000
_REFINEMENTS = 3
_LIKELY = 0.95
_FEWEST_DECOYS = 50


@dataclass(frozen=True)
class Scores:
    """How well pairs above a threshold agree with the known ones.

    Attributes:
        threshold: Pairs that score at least this were taken.
        precision: The share of the taken pairs that are right; 1 if none was taken.
        recall: The share of the known pairs that were taken.
        pairs: How many were taken.
    """

    threshold: float
    precision: float
    recall: float
    pairs: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Curve:
    """Precision and recall for every threshold that tells scored pairs apart.

    Attributes:
        thresholds: float64 array of shape (n,), falling: halfway between neighbouring scores.
        precision: float64 array of shape (n,).
        recall: float64 array of shape (n,).
        pairs: int64 array of shape (n,): how many pairs each threshold takes.
        scores: float64 array: the scores of all pairs, falling.
        right: Whether each of them is right.
        known: How many right pairs there are to find.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    pairs: NDArray[np.int64]
    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    known: int

    @property
    def best(self) -> Scores:
        """The scores at the threshold of highest F1; of equals the highest threshold."""
        f1 = 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, 1e-12)
        return self.row(int(f1.argmax()))

    def row(self, place: int) -> Scores:
        """The scores at one of the thresholds."""
        return Scores(
            float(self.thresholds[place]),
            float(self.precision[place]),
            float(self.recall[place]),
            int(self.pairs[place]),
        )

    def at(self, threshold: float) -> Scores:
        """The scores at any threshold."""
        taken = int(np.count_nonzero(self.scores >= threshold))
        right = int(np.count_nonzero(self.right[:taken]))
        return Scores(threshold, right / taken if taken else 1.0, right / self.known, taken)


def precision_recall(scores: ArrayLike, right: ArrayLike, known: int) -> Curve:
    """Measure scored pairs against known ones, for every threshold at once.

    Args:
        scores: The score of each pair, shape (n,), n ≥ 1.
        right: Whether it is one of the known pairs, shape (n,).
        known: How many known pairs there are, found or not.

    Returns:
        The curve. Thresholds lie halfway between neighbouring scores, as in the BUCC script of
        LASER.

    Raises:
        BabeliteError: There is no pair or no known pair.

    Example:
        >>> curve = precision_recall([1.5, 1.2, 1.1, 0.9], [True, True, False, True], known=3)
        >>> best = curve.best
        >>> best.threshold, best.pairs, round(best.f1, 3)
        (0.9, 4, 0.857)
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values) or known < 1:
        raise BabeliteError(
            "there is no pair to measure" if known else "there is no known pair to measure with",
            hint="give known pairs that occur in the two texts",
        )
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.asarray(right, dtype=bool)[order]
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))  # equal scores go together
    taken = ends + 1
    correct = np.cumsum(hits)[ends]
    below = np.append(values[ends[1:]], values[-1])
    return Curve(
        thresholds=(values[ends] + below) / 2,
        precision=correct / taken,
        recall=correct / known,
        pairs=taken,
        scores=values,
        right=hits,
        known=known,
    )


@dataclass(frozen=True)
class PrecisionEstimate:
    """The precision of mined pairs as estimated from known-false ones, without any gold.

    Attributes:
        scores: float64 array of shape (n,): the scores of the mined pairs, falling.
        precision: float64 array of shape (n,): the estimate for the pairs up to each one.
        unpaired: The estimated share of sentences that have no translation.
        decoys: How many sentences known to have no translation it rests on.
    """

    scores: NDArray[np.float64]
    precision: NDArray[np.float64]
    unpaired: float
    decoys: int

    def at(self, threshold: float) -> tuple[float, int]:
        """The estimated precision of the pairs above a threshold, and how many they are."""
        taken = int(np.count_nonzero(self.scores >= threshold))
        return (float(self.precision[taken - 1]) if taken else 1.0), taken

    def threshold_for(self, precision: float) -> float | None:
        """The lowest score down to which the precision is as wished; None if there is none."""
        fine = np.flatnonzero(self.precision >= precision)
        return float(self.scores[fine[-1]]) if len(fine) else None


def estimate_precision(
    scores: ArrayLike, decoy_scores: ArrayLike, sentences: int
) -> PrecisionEstimate:
    """Estimate how many mined pairs are right from the scores that false ones reach.

    Decoys are sentences like those of the source side that have no translation in the target
    text. The share of them that reaches a score, times the source sentences that have no
    translation, is the number of false pairs to expect above it; that number over the number of
    mined pairs is the false-discovery rate. How many sentences have none is estimated from those
    that score below the median decoy (Storey 2002, doi:10.1111/1467-9868.00346).

    Args:
        scores: The scores of the mined pairs, shape (n,).
        decoy_scores: The score of the pair that each decoy made; minus infinity where it made
            none.
        sentences: How many source sentences there are, in pairs or not.

    Returns:
        The estimate; it never rises from a better pair to a worse one.

    Raises:
        ValueError: There is no pair or no decoy.

    Example:
        >>> estimate = estimate_precision([1.6, 1.5, 1.4, 0.9, 0.8], [0.7, 0.8, 0.9, 0.95], 5)
        >>> estimate.precision.round(2), estimate.threshold_for(0.95)
        (array([1.  , 1.  , 1.  , 0.75, 0.7 ]), 1.4)
    """
    values = -np.sort(-np.asarray(scores, dtype=np.float64))
    decoys = np.sort(np.asarray(decoy_scores, dtype=np.float64))
    if not len(values) or not len(decoys):
        raise ValueError("at least one pair and one decoy are needed")
    # Where most decoys made no pair at all, every pair is above their median.
    middle = max(float(np.median(decoys)), float(values[-1]))
    below_middle = sentences - int(np.count_nonzero(values >= middle))
    share = max(float(np.mean(decoys < middle)), 1 / (len(decoys) + 1))
    unpaired = min(1.0, max(1 / sentences, below_middle / share / sentences))
    reached = 1 - np.searchsorted(decoys, values, side="left") / len(decoys)
    false = unpaired * sentences * reached
    precision = np.clip(1 - false / np.arange(1, len(values) + 1), 0, 1)
    return PrecisionEstimate(
        values, np.maximum.accumulate(precision[::-1])[::-1], unpaired, len(decoys)
    )


def estimate_for_mined(
    mined: Mined,
    margin: Margin = "ratio",
    direction: Direction = "max",
    *,
    one_to_one: bool = False,
    seed: int = 0,
) -> PrecisionEstimate:
    """Estimate the precision of mined pairs from sentences whose partner is taken away.

    A tenth of the partners is taken out of the text and pairs are chosen anew: whatever their
    source sentences are paired with now is false. See `estimate_precision`.

    Args:
        mined: The two texts.
        margin: As the pairs were chosen.
        direction: As the pairs were chosen.
        one_to_one: As the pairs were chosen.
        seed: Of the choice of partners.

    Returns:
        The estimate. It counts as false a sentence that has another translation left, so it is
        rather too low where texts repeat themselves.

    Raises:
        ValueError: There are fewer than two pairs.
    """
    sides = mined.wide_forward, mined.wide_backward
    if direction == "backward":  # there each target has one pair, and a source may have many
        direction, sides = "forward", sides[::-1]
    first, second = (
        Neighbours(side.scores[:, : mined.k], side.indices[:, : mined.k]) for side in sides
    )
    found = candidate_pairs(first, second, margin, direction, one_to_one=one_to_one)
    folds = np.random.default_rng(seed).integers(_FOLDS, size=len(found))
    before: list[NDArray[np.float32]] = []
    after: list[NDArray[np.float32]] = []
    for fold in range(_FOLDS):
        orphaned = found.take(folds == fold)
        removed = np.zeros(len(second.scores), dtype=bool)
        removed[orphaned.target] = True
        rest = candidate_pairs(
            _without(sides[0], removed, mined.k),
            Neighbours(np.where(removed[:, None], np.float32(-1), second.scores), second.indices),
            margin,
            direction,
            one_to_one=one_to_one,
        )
        rest = rest.take(~removed[rest.target])
        scores = np.full(len(first.scores), -np.inf, dtype=np.float32)
        scores[rest.source] = rest.score
        before.append(orphaned.score)
        after.append(scores[orphaned.source])
        if sum(map(len, after)) >= _ENOUGH_ORPHANS:
            break
    return _of_likely_pairs(
        found.score, np.concatenate(before), np.concatenate(after), len(first.scores)
    )


def _of_likely_pairs(
    scores: NDArray[np.float32],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    sentences: int,
) -> PrecisionEstimate:
    """Estimate from the sentences that had a translation and lost it.

    One that had none lost the best of its false partners, and what is left says too little. Which
    ones had one the estimate itself tells, better each time.
    """
    order = np.argsort(-before, kind="stable")
    estimate = estimate_precision(scores, after, sentences)
    for _ in range(_REFINEMENTS):
        _, pairs = estimate.at(estimate.threshold_for(_LIKELY) or np.inf)
        share = pairs / len(scores)
        size = min(len(order), max(_FEWEST_DECOYS, round(share * len(order))))
        estimate = estimate_precision(scores, after[order[:size]], sentences)
    return estimate


def _without(neighbours: Neighbours, removed: NDArray[np.bool_], k: int) -> Neighbours:
    """The k nearest that are not removed; the last one again in the place of one that lacks."""
    gone = removed[neighbours.indices]
    order = np.argsort(gone, axis=1, kind="stable")[:, :k]
    left = np.maximum(neighbours.scores.shape[1] - gone.sum(1), 1)
    order = np.take_along_axis(order, np.minimum(np.arange(k), left[:, None] - 1), 1)
    scores = np.where(gone, np.float32(-1), neighbours.scores)
    return Neighbours(
        np.take_along_axis(scores, order, 1), np.take_along_axis(neighbours.indices, order, 1)
    )
