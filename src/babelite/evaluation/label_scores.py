"""Precision, recall and F1 of each label, and macro-F1 with its bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.evaluation.bootstrap_intervals import BootstrapInterval

_RESAMPLES = 2_000
_RESAMPLES_A_BLOCK = 250  # bounds memory: one count for each resample and distinct outcome


class LabelScore(NamedTuple):
    """Scores of one label.

    Attributes:
        label: The label.
        documents: Number of documents with this label.
        precision: Share of predictions of this label that are correct; 0 if there are none.
        recall: Share of the label's documents that are predicted so; 0 if there are none.
        f1: Harmonic mean of precision and recall.
    """

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
        scores.append(
            LabelScore(
                str(label),
                documents,
                hits / predictions if predictions else 0.0,
                hits / documents if documents else 0.0,
                2 * hits / (documents + predictions),
            )
        )
    return scores


def macro_f1(true: ArrayLike, predicted: ArrayLike, classes: int) -> float:
    """The mean over classes of F1 = 2·hits / (documents of the class + predictions of it).

    Classes that are neither true nor predicted do not count, as in scikit-learn. Both arrays have
    shape (n,) and hold class numbers below ``classes``.

    Example:
        >>> macro_f1([0, 0, 1, 1], [0, 1, 1, 1], 3)
        0.7333333333333334
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    ones = np.ones((1, len(true)))
    return float(_macro_f1_of_counts(ones, true, predicted, classes)[0])


def bootstrap_macro_f1(
    true: ArrayLike, predicted: ArrayLike, classes: int, *, seed: int = 0
) -> BootstrapInterval:
    """Macro-F1, mean over several classifiers, with its 95 % percentile bootstrap interval.

    Takes class numbers below ``classes``: true ones (n,), n ≥ 1, and predicted ones (classifiers,
    n). Documents are resampled for all classifiers together. Documents with equal true and
    predicted classes are interchangeable, so only their counts are drawn, which are multinomial.

    Example:
        >>> bootstrap_macro_f1([0, 1] * 20, [[0, 1] * 20], 2)
        BootstrapInterval(value=1.0, low=1.0, high=1.0)
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    outcomes, counts = np.unique(np.vstack([true, predicted]), axis=1, return_counts=True)
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, _RESAMPLES, _RESAMPLES_A_BLOCK):
        size = min(_RESAMPLES_A_BLOCK, _RESAMPLES - start)
        draws = generator.multinomial(len(true), counts / len(true), size=size)
        scores = [_macro_f1_of_counts(draws, outcomes[0], row, classes) for row in outcomes[1:]]
        means.append(np.mean(scores, axis=0))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    value = np.mean([macro_f1(true, row, classes) for row in predicted])
    return BootstrapInterval(float(value), float(low), float(high))


def _macro_f1_of_counts(
    counts: NDArray[np.generic],
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: int,
) -> NDArray[np.float64]:
    """Macro-F1 of each row i, where outcome j (true[j], predicted[j]) occurs counts[i, j] times."""
    is_true, is_predicted = (part[:, None] == np.arange(classes) for part in (true, predicted))
    hits = counts @ (is_true & is_predicted).astype(np.float64)
    total = counts @ (is_true.astype(np.float64) + is_predicted)
    present = total > 0
    f1 = np.divide(2 * hits, total, out=np.zeros_like(total), where=present)
    means: NDArray[np.float64] = f1.sum(axis=1) / present.sum(axis=1)
    return means
