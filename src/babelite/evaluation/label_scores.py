"""Precision, recall and F1 of labels, macro-F1, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.evaluation.intervals import Estimate

_RESAMPLES = 2_000
_AT_ONCE = 250  # resamples computed together: as many counts a distinct outcome are in memory


class LabelScore(NamedTuple):
    """How well one label is told from the others.

    Attributes:
        label: The label.
        documents: How many documents have it.
        precision: The share of answers with the label that are right, 0 if there are none.
        recall: The share of its documents that are found, 0 if there are none.
        f1: Their harmonic mean.
    """

    label: str
    documents: int
    precision: float
    recall: float
    f1: float


def label_scores(true: Sequence[str], answers: Sequence[str | None]) -> list[LabelScore]:
    """Precision, recall and F1 of each label that a document or an answer has.

    Args:
        true: The documents' labels.
        answers: The answers, in the same order.

    Returns:
        The labels in alphabetical order.

    Example:
        >>> for score in label_scores(["a", "a", "b"], ["a", "b", "b"]):
        ...     print(score.label, score.documents, score.precision, score.recall)
        a 2 1.0 0.5
        b 1 0.5 1.0
    """
    scores = []
    for label in sorted({*true, *answers} - {None}, key=str):
        found = sum(t == a == label for t, a in zip(true, answers, strict=True))
        documents, given = list(true).count(str(label)), list(answers).count(label)
        scores.append(
            LabelScore(
                str(label),
                documents,
                found / given if given else 0.0,
                found / documents if documents else 0.0,
                2 * found / (documents + given),
            )
        )
    return scores


def macro_f1(true: ArrayLike, answers: ArrayLike, classes: int) -> float:
    """The mean over classes of F1 = 2·hits / (documents of the class + answers with the class).

    Classes that neither a document nor an answer has do not count, as in scikit-learn.

    Args:
        true: Classes by number from 0, shape (n,).
        answers: Likewise.
        classes: How many classes there are.

    Returns:
        The mean, 0 to 1.

    Example:
        >>> macro_f1([0, 0, 1, 1], [0, 1, 1, 1], 3)
        0.7333333333333334
    """
    true, answers = np.asarray(true), np.asarray(answers)
    ones = np.ones((1, len(true)))
    return float(_of_counts(ones, true, answers, classes)[0])


def bootstrap_macro_f1(
    true: ArrayLike, answers: ArrayLike, classes: int, *, seed: int = 0
) -> Estimate:
    """Macro-F1, mean over several classifiers, with its 95 % percentile bootstrap interval.

    Documents are drawn with replacement, for all classifiers together. Documents with the same
    outcome everywhere are told apart by nothing, so that only how often each outcome is drawn need
    be drawn, which is multinomial.

    Args:
        true: Classes by number from 0, shape (n,), n ≥ 1.
        answers: Of each classifier, shape (classifiers, n).
        classes: How many classes there are.
        seed: Of the random generator.

    Returns:
        The mean and its interval.

    Example:
        >>> bootstrap_macro_f1([0, 1] * 20, [[0, 1] * 20], 2)
        Estimate(value=1.0, low=1.0, high=1.0)
    """
    true, answers = np.asarray(true), np.asarray(answers)
    outcomes, counts = np.unique(np.vstack([true, answers]), axis=1, return_counts=True)
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, _RESAMPLES, _AT_ONCE):
        size = min(_AT_ONCE, _RESAMPLES - start)
        draws = generator.multinomial(len(true), counts / len(true), size=size)
        scores = [_of_counts(draws, outcomes[0], some, classes) for some in outcomes[1:]]
        means.append(np.mean(scores, axis=0))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    value = np.mean([macro_f1(true, some, classes) for some in answers])
    return Estimate(float(value), float(low), float(high))


def _of_counts(
    counts: NDArray[np.generic], true: NDArray[np.int64], answers: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Macro-F1 where outcome j, true[j] answered with answers[j], comes counts[i, j] times."""
    is_true, is_answer = (part[:, None] == np.arange(classes) for part in (true, answers))
    hits = counts @ (is_true & is_answer).astype(np.float64)
    both = counts @ (is_true.astype(np.float64) + is_answer)
    there = both > 0
    f1 = np.divide(2 * hits, both, out=np.zeros_like(both), where=there)
    shares: NDArray[np.float64] = f1.sum(axis=1) / there.sum(axis=1)
    return shares
