"""Precision, recall and F1 of each label, and macro-F1 with its bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.evaluation.bootstrap_intervals import (
    BootstrapInterval,
    percentile_interval,
    resampled_counts,
)

_RESAMPLES = 2_000


class LabelScore(NamedTuple):
    """Scores of one label (0 to 1; 0 if undefined), and the number of documents with it."""

    label: str
    documents: int
    precision: float
    recall: float
    f1: float


def label_scores(true: Sequence[str], predicted: Sequence[str | None]) -> list[LabelScore]:
    """Precision, recall and F1 of each label that is true or predicted for some document.

    ``predicted`` has one label for each of ``true``, None for no prediction. Ordered by label.

    Example:
        >>> for score in label_scores(["a", "a", "b"], ["a", "b", "b"]):
        ...     print(score.label, score.documents, score.precision, score.recall)
        a 2 1.0 0.5
        b 1 0.5 1.0
    """
    scores = []
    for label in sorted({*true, *predicted} - {None}, key=str):
        hits = sum(t == p == label for t, p in zip(true, predicted, strict=True))
        documents, predictions = list(true).count(str(label)), list(predicted).count(label)
        precision, recall = hits / max(predictions, 1), hits / max(documents, 1)
        f1 = 2 * hits / (documents + predictions)
        scores.append(LabelScore(str(label), documents, precision, recall, f1))
    return scores


def macro_f1(true: ArrayLike, predicted: ArrayLike, classes: int) -> float:
    """Mean F1 of the classes that occur, as in scikit-learn; class numbers (n,) from 0."""
    true, predicted = np.asarray(true), np.asarray(predicted)
    ones = np.ones((1, len(true)))
    return float(_macro_f1_of_counts(ones, true, predicted, classes)[0])


def bootstrap_macro_f1(true: ArrayLike, predicted: ArrayLike, classes: int) -> BootstrapInterval:
    """Macro-F1, mean over several classifiers, with its 95 % percentile bootstrap interval.

    Takes true class numbers (n,), n ≥ 1, and predicted ones (classifiers, n). Documents are
    resampled for all classifiers together. Those with equal true and predicted classes are
    interchangeable, so only their counts are drawn, which are multinomial.
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    outcomes, counts = np.unique(np.vstack([true, predicted]), axis=1, return_counts=True)
    generator = np.random.default_rng(0)
    means = []
    for draws in resampled_counts(len(true), counts / len(true), _RESAMPLES, generator):
        scores = [_macro_f1_of_counts(draws, outcomes[0], row, classes) for row in outcomes[1:]]
        means.append(np.mean(scores, axis=0))
    value = np.mean([macro_f1(true, row, classes) for row in predicted])
    return percentile_interval(float(value), np.concatenate(means))


def _macro_f1_of_counts(
    counts: NDArray[np.generic], true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Macro-F1 of each row i, where outcome j (true[j], predicted[j]) occurs counts[i, j] times."""
    is_true, is_predicted = (part[:, None] == np.arange(classes) for part in (true, predicted))
    hits = counts @ (is_true & is_predicted).astype(np.float64)
    total = counts @ (is_true.astype(np.float64) + is_predicted)
    present = total > 0
    f1 = np.divide(2 * hits, total, out=np.zeros_like(total), where=present)
    means: NDArray[np.float64] = f1.sum(axis=1) / present.sum(axis=1)
    return means
