"""Threshold calibration: precision and recall on gold pairs, or estimated from impostor pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError
from babelite.mining.mine import Mined, choose_pairs, first_neighbours
from babelite.neighbors import Neighbours

_FOLDS = 10
_MAX_IMPOSTORS = 20_000
_MIN_IMPOSTORS = 50
_REFINEMENTS = 3
_LIKELY_PRECISION = 0.95


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of the pairs above a threshold.

    Attributes:
        threshold: The minimum score of the selected pairs.
        precision: The share of correct pairs among the selected ones; 1 if there are none.
        recall: The share of the gold pairs that are selected.
    """

    threshold: float
    precision: float
    recall: float
    pairs: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall for every distinct threshold.

    Attributes:
        thresholds: float64 array of shape (n,), descending: midpoints of neighbouring scores.
        precision: float64 array of shape (n,).
        recall: float64 array of shape (n,).
        pairs: int64 array of shape (n,): the number of pairs above each threshold.
        scores: float64 array: the scores of all pairs, descending.
        correct: bool array: whether each of them is a gold pair.
        gold: The number of gold pairs, found or not.
    """

    thresholds: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    pairs: NDArray[np.int64]
    scores: NDArray[np.float64]
    correct: NDArray[np.bool_]
    gold: int

    @property
    def best(self) -> PrecisionRecall:
        """The values at the highest threshold of maximum F1."""
        f1 = 2 * self.precision * self.recall / np.maximum(self.precision + self.recall, 1e-12)
        return self.point(int(f1.argmax()))

    def point(self, index: int) -> PrecisionRecall:
        """The values at one of the thresholds."""
        columns = self.thresholds, self.precision, self.recall, self.pairs
        return PrecisionRecall(*(column[index].item() for column in columns))

    def at(self, threshold: float) -> PrecisionRecall:
        """The values at any threshold."""
        selected = int(np.count_nonzero(self.scores >= threshold))
        correct = int(np.count_nonzero(self.correct[:selected]))
        precision = correct / selected if selected else 1.0
        return PrecisionRecall(threshold, precision, correct / self.gold, selected)


def precision_recall_curve(
    scores: ArrayLike, correct: ArrayLike, gold: int
) -> PrecisionRecallCurve:
    """Measure precision and recall of scored pairs for every threshold (as in LASER's BUCC script).

    Args:
        scores: The score of each pair, shape (n,), n ≥ 1.
        correct: Whether each is a gold pair, shape (n,).
        gold: The number of gold pairs, found or not.

    Raises:
        BabeliteError: There is no pair or no gold pair.

    Example:
        >>> curve = precision_recall_curve([1.5, 1.2, 1.1, 0.9], [True, True, False, True], gold=3)
        >>> best = curve.best
        >>> best.threshold, best.pairs, round(best.f1, 3)
        (0.9, 4, 0.857)
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values) or gold < 1:
        raise BabeliteError(
            "there is no pair to measure" if gold else "there is no gold pair",
            code="too-few",
            hint="give gold pairs of the two texts",
        )
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.asarray(correct, dtype=bool)[order]
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))  # equal scores go together
    selected = ends + 1
    found = np.cumsum(hits)[ends]
    below = np.append(values[ends[1:]], values[-1])
    thresholds = (values[ends] + below) / 2
    return PrecisionRecallCurve(
        thresholds, found / selected, found / gold, selected, values, hits, gold
    )


@dataclass(frozen=True)
class PrecisionEstimate:
    """The precision of mined pairs, estimated without gold pairs.

    Attributes:
        scores: float64 array of shape (n,): the scores of the mined pairs, descending.
        precision: float64 array of shape (n,): the estimated precision of the pairs up to each.
        untranslated: The estimated share of sentences without a translation.
        impostors: The number of impostors: sentences known to have no translation.
    """

    scores: NDArray[np.float64]
    precision: NDArray[np.float64]
    untranslated: float
    impostors: int

    def at(self, threshold: float) -> tuple[float, int]:
        """The estimated precision of the pairs above a threshold, and their number."""
        selected = int(np.count_nonzero(self.scores >= threshold))
        return (float(self.precision[selected - 1]) if selected else 1.0), selected

    def threshold_for(self, precision: float) -> float | None:
        """The lowest threshold with at least this precision; None if there is none."""
        enough = np.flatnonzero(self.precision >= precision)
        return float(self.scores[enough[-1]]) if len(enough) else None


def estimate_precision(
    scores: ArrayLike, impostor_scores: ArrayLike, sentences: int
) -> PrecisionEstimate:
    """Estimate the precision of mined pairs from the scores of impostors.

    Impostors are sentences like the ``sentences`` of the source side, but without a translation;
    an impostor without a pair has the score -inf. The share of impostors above a score, times the
    number of sentences without a translation, is the expected number of false pairs above it. That
    number of sentences is estimated below the median impostor (Storey 2002,
    doi:10.1111/1467-9868.00346).

    Example:
        >>> estimate = estimate_precision([1.6, 1.5, 1.4, 0.9, 0.8], [0.7, 0.8, 0.9, 0.95], 5)
        >>> estimate.precision.round(2), estimate.threshold_for(0.95)
        (array([1.  , 1.  , 1.  , 0.75, 0.7 ]), 1.4)
    """
    values = -np.sort(-np.asarray(scores, dtype=np.float64))
    impostors = np.sort(np.asarray(impostor_scores, dtype=np.float64))
    if not len(values) or not len(impostors):
        raise ValueError("at least one pair and one impostor are needed")
    # If most impostors are in no pair, every pair is above their median.
    median = max(float(np.median(impostors)), float(values[-1]))
    below_median = sentences - int(np.count_nonzero(values >= median))
    share = max(float(np.mean(impostors < median)), 1 / (len(impostors) + 1))
    untranslated = min(1.0, max(1 / sentences, below_median / share / sentences))
    reached = 1 - np.searchsorted(impostors, values, side="left") / len(impostors)
    false = untranslated * sentences * reached
    precision = np.clip(1 - false / np.arange(1, len(values) + 1), 0, 1)
    return PrecisionEstimate(
        values, np.maximum.accumulate(precision[::-1])[::-1], untranslated, len(impostors)
    )


def estimate_mining_precision(mined: Mined, *, seed: int = 0) -> PrecisionEstimate:
    """Estimate the precision of mined pairs, chosen by the options of the run.

    A tenth of the partners is removed from the text and pairs are chosen again: every new pair of
    their source sentences is false. See `estimate_precision`.

    The estimate counts a sentence with a second translation as false, so it is too low for texts
    with many repetitions. ``seed`` chooses the removed partners.

    Raises:
        ValueError: There are fewer than two pairs.
    """
    options, sides = mined.options, (mined.wide_forward, mined.wide_backward)
    if options.direction == "backward":  # each target has one pair, a source may have several
        sides, options = sides[::-1], replace(options, direction="forward")
    first, second = (first_neighbours(side, mined.k) for side in sides)
    found = choose_pairs(first, second, options)
    folds = np.random.default_rng(seed).integers(_FOLDS, size=len(found))
    before: list[NDArray[np.float32]] = []
    after: list[NDArray[np.float32]] = []
    for fold in range(_FOLDS):
        impostors = found.take(folds == fold)
        removed = np.zeros(len(second.scores), dtype=bool)
        removed[impostors.target] = True
        rest = choose_pairs(
            _without(sides[0], removed, mined.k),
            Neighbours(np.where(removed[:, None], np.float32(-1), second.scores), second.indices),
            options,
        )
        rest = rest.take(~removed[rest.target])
        scores = np.full(len(first.scores), -np.inf, dtype=np.float32)
        scores[rest.source] = rest.score
        before.append(impostors.score)
        after.append(scores[impostors.source])
        if sum(map(len, after)) >= _MAX_IMPOSTORS:
            break
    impostor_scores = np.concatenate(before), np.concatenate(after)
    return _refined_estimate(found.score, *impostor_scores, len(first.scores))


def _refined_estimate(
    scores: NDArray[np.float32],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    sentences: int,
) -> PrecisionEstimate:
    """Estimate from those impostors that probably had a translation before its removal."""
    # A sentence without a translation lost its best false partner: its next score is too low. The
    # number of impostors to use comes from the estimate itself, refined a few times.
    order = np.argsort(-before, kind="stable")
    estimate = estimate_precision(scores, after, sentences)
    for _ in range(_REFINEMENTS):
        _, pairs = estimate.at(estimate.threshold_for(_LIKELY_PRECISION) or np.inf)
        share = pairs / len(scores)
        size = min(len(order), max(_MIN_IMPOSTORS, round(share * len(order))))
        estimate = estimate_precision(scores, after[order[:size]], sentences)
    return estimate


def _without(neighbours: Neighbours, removed: NDArray[np.bool_], k: int) -> Neighbours:
    """The k nearest that are not removed; the last one is repeated if there are fewer."""
    gone = removed[neighbours.indices]
    order = np.argsort(gone, axis=1, kind="stable")[:, :k]
    left = np.maximum(neighbours.scores.shape[1] - gone.sum(1), 1)
    order = np.take_along_axis(order, np.minimum(np.arange(k), left[:, None] - 1), 1)
    scores = np.where(gone, np.float32(-1), neighbours.scores)
    return Neighbours(
        np.take_along_axis(scores, order, 1), np.take_along_axis(neighbours.indices, order, 1)
    )
