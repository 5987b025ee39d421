"""Where to cut a list of scored pairs: a threshold from known pairs, or from known-false ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoder import SentenceEncoder
from babelite.errors import BabeliteError
from babelite.mining.run import Mined
from babelite.mining.scores import Candidates, Margin, margins
from babelite.mining.search import ExactSearch
from babelite.mining.store import Sentences
from babelite.vectors import unit_rows

DECOYS = 2000


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
            remedy="give known pairs that occur in the two texts",
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
    """The precision of mined pairs as estimated from decoys, without any known pair.

    Attributes:
        scores: float64 array of shape (n,): the scores of the mined pairs, falling.
        precision: float64 array of shape (n,): the estimate for the pairs up to each one.
        unpaired: The estimated share of sentences that have no translation.
        decoys: How many decoys the estimate rests on.
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

    Decoys are sentences that look like those of the source side but have no translation in the
    target text. The share of them that reaches a score, times the source sentences that have no
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
        values, np.minimum.accumulate(precision), unpaired, len(decoys)
    )


def estimate_for_mined(
    mined: Mined,
    pairs: Candidates,
    encoder: SentenceEncoder,
    margin: Margin = "ratio",
    *,
    decoys: int = DECOYS,
    seed: int = 0,
) -> PrecisionEstimate:
    """Estimate the precision of mined pairs; see `estimate_precision` and `make_decoys`.

    A decoy makes a pair if it scores higher with its best target than the pair that target is in.

    Args:
        mined: The two texts.
        pairs: All pairs chosen from them, before any threshold.
        encoder: What encoded the texts.
        margin: The score the pairs are ordered by.
        decoys: How many to make.
        seed: Of their choice.

    Returns:
        The estimate.
    """
    vectors = unit_rows(encoder.encode(make_decoys(mined.sources, decoys, seed)))
    found = ExactSearch(mined.target_vectors).nearest(vectors, mined.forward.scores.shape[1])
    means = mined.backward.scores.mean(1)
    scores = margins(
        found.scores, found.scores.mean(1, keepdims=True), means[found.indices], margin
    )
    best = scores.argmax(axis=1)[:, None]
    score = np.take_along_axis(scores, best, 1)[:, 0]
    target = np.take_along_axis(found.indices, best, 1)[:, 0]
    taken = np.full(len(mined.targets), -np.inf)
    np.maximum.at(taken, pairs.target, pairs.score)
    decoy_scores = np.where(score > taken[target], score, -np.inf)
    return estimate_precision(pairs.score, decoy_scores, len(mined.sources))


def make_decoys(sentences: Sequence[str] | Sentences, count: int, seed: int = 0) -> list[str]:
    """Sentences in the style of others that mean something else: halves of two joined.

    Args:
        sentences: The sentences to take halves of.
        count: How many decoys to make; no more than there are sentences.
        seed: Of the choice.

    Returns:
        The decoys. They keep something of two sentences, so they find nearer neighbours than
        sentences without a translation do, and what is estimated from them is rather too low.

    Example:
        >>> make_decoys(["the cat sleeps now", "we left at nine"], 2)
        ['the cat at nine', 'we left sleeps now']
    """
    rng = np.random.default_rng(seed)
    size = min(count, len(sentences))
    chosen = np.sort(rng.choice(len(sentences), size, replace=False))
    halves = [_halves(sentences[int(row)]) for row in chosen]
    # Each takes its end from the one that follows in a random circle: never from itself.
    circle = rng.permutation(size)
    follower = np.empty(size, dtype=np.int64)
    follower[circle] = np.roll(circle, 1)
    return [
        f"{halves[i][0]} {halves[int(other)][1]}".strip() for i, other in enumerate(follower)
    ]


def _halves(text: str) -> tuple[str, str]:
    words = text.split()
    if len(words) < 2:  # one word, or a script that puts no spaces
        middle = (len(text) + 1) // 2
        return text[:middle], text[middle:]
    middle = (len(words) + 1) // 2
    return " ".join(words[:middle]), " ".join(words[middle:])
