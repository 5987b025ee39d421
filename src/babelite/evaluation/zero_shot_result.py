"""Results of zero-shot document classification: accuracy and macro-F1 of language pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.classification import ClassifierKind
from babelite.evaluation.bootstrap_intervals import BootstrapInterval


class TransferScore(NamedTuple):
    """Scores of the classifiers trained in one language and tested in one language.

    Attributes:
        accuracy: Mean over the seeds (0 to 1), with its interval over test documents.
        macro_f1: F1, mean over labels and seeds, with its interval over test documents.
        accuracies: Accuracy of each seed.
        macro_f1s: Macro-F1 of each seed.
        right: Number of seeds whose prediction is correct, (documents,), for a paired bootstrap.
    """

    accuracy: BootstrapInterval
    macro_f1: BootstrapInterval
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
            "accuracy_seed_deviation": sample_deviation(self.accuracies),
            "macro_f1_seed_deviation": sample_deviation(self.macro_f1s),
            "documents": len(self.right),
            "seeds_right": self.right.tolist(),
        }


@dataclass(frozen=True)
class ClassificationResult:
    """Zero-shot document classification from language to language.

    Attributes:
        classifier: ``mlp`` or ``logistic``.
        labels: The labels, in alphabetical order.
        train_languages: Languages trained in.
        test_languages: Languages tested in.
        seeds: Random seeds of the classifiers; one for logistic regression.
        scores: Scores of each (train, test) language.
        dev: For each training language the accuracy of each seed on its dev documents.
        transfer: Mean accuracy over all pairs of two different languages; None if there is none.
        sentences_per_second: Encoding speed in texts a second.
        training_seconds: Training time for each training language, all seeds together.
    """

    name: str
    classifier: ClassifierKind
    labels: tuple[str, ...]
    train_languages: tuple[str, ...]
    test_languages: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Mapping[tuple[str, str], TransferScore]
    dev: Mapping[str, tuple[float, ...]]
    transfer: BootstrapInterval | None
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


def sample_deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 for a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
