"""What an evaluation of document classification finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.classification import Kind
from babelite.evaluation.intervals import Estimate


class TransferScore(NamedTuple):
    """How well a classifier trained in one language does in one.

    Attributes:
        accuracy: The share of documents whose label is found, 0 to 1, mean over the seeds; its
            interval is over test documents.
        macro_f1: The mean over labels of the F1, mean over the seeds; likewise.
        accuracies: Of each seed.
        macro_f1s: Of each seed.
        right: Array of shape (documents,): how many of the seeds' classifiers are right about each,
            in the order of the test set. Two encoders tested on the same documents are compared by
            drawing documents together from both (paired bootstrap).
    """

    accuracy: Estimate
    macro_f1: Estimate
    accuracies: tuple[float, ...]
    macro_f1s: tuple[float, ...]
    right: NDArray[np.int64]

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        return {
            "accuracy": self.accuracy._asdict(),
            "macro_f1": self.macro_f1._asdict(),
            "accuracy_of_seeds": list(self.accuracies),
            "macro_f1_of_seeds": list(self.macro_f1s),
            "accuracy_seed_deviation": deviation(self.accuracies),
            "macro_f1_seed_deviation": deviation(self.macro_f1s),
            "documents": len(self.right),
            "seeds_right": self.right.tolist(),
        }


@dataclass(frozen=True)
class ClassificationResult:
    """How well document classification carries over from language to language.

    Attributes:
        name: What was evaluated on.
        classifier: ``mlp`` or ``logistic``.
        labels: The labels, in alphabetical order.
        train_languages: Trained in.
        test_languages: Tested in.
        seeds: Of the classifiers; one for logistic regression, where nothing is random.
        scores: For each (train, test) language.
        dev: For each training language the accuracy on its dev documents, one a seed.
        transfer: The mean accuracy over all pairs of two different languages; None if there is no
            such pair.
        sentences_per_second: Texts encoded a second, in this run.
        training_seconds: For each training language, all seeds together.
    """

    name: str
    classifier: Kind
    labels: tuple[str, ...]
    train_languages: tuple[str, ...]
    test_languages: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Mapping[tuple[str, str], TransferScore]
    dev: Mapping[str, tuple[float, ...]]
    transfer: Estimate | None
    sentences_per_second: float
    training_seconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        return {
            "name": self.name,
            "classifier": self.classifier,
            "labels": list(self.labels),
            "train_languages": list(self.train_languages),
            "test_languages": list(self.test_languages),
            "seeds": list(self.seeds),
            "scores": {f"{a}-{b}": score.as_dict() for (a, b), score in self.scores.items()},
            "dev_accuracy_of_seeds": {language: list(dev) for language, dev in self.dev.items()},
            "transfer": self.transfer._asdict() if self.transfer else None,
            "sentences_per_second": self.sentences_per_second,
            "training_seconds": dict(self.training_seconds),
        }


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 for a single value.

    Example:
        >>> deviation([1.0, 2.0, 3.0])
        1.0
    """
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
