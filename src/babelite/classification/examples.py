"""Labelled vectors to train a classifier on: checks, numbering of labels, softmax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError, quantity

FitProgress = Callable[[int, int], None]  # called with the steps done and their total


class Examples(NamedTuple):
    """Vectors (n, dim), and their labels as indices (n,) into the classes."""

    vectors: NDArray[np.float32]
    targets: NDArray[np.int64]
    classes: tuple[str, ...]  # in order of first appearance: training is independent of names


def training_examples(vectors: ArrayLike, labels: Sequence[str]) -> Examples:
    """Check vectors (n, dim) and n labels of at least two kinds, and number the labels."""
    rows = _check_rows(vectors, len(labels))
    classes = tuple(dict.fromkeys(labels))
    if len(classes) < 2:
        found = f"only the label {classes[0]!r}" if classes else "no labels at all"
        raise BabeliteError(
            f"the training documents have {found}",
            code="labels-invalid",
            hint="give examples of two labels or more",
        )
    return Examples(rows, _number(labels, classes), classes)


def dev_examples(
    vectors: ArrayLike | None, labels: Sequence[str] | None, train: Examples
) -> Examples | None:
    """Check dev vectors and labels, which must occur in training; None if there are none given."""
    if vectors is None or labels is None:
        return None
    rows = _check_rows(vectors, len(labels))
    if not len(rows):
        raise BabeliteError(
            "there are no dev documents", code="input-empty", hint="give some, or no dev set"
        )
    if rows.shape[1] != train.vectors.shape[1]:
        raise BabeliteError(
            f"the dev vectors have {rows.shape[1]} components and the training vectors have "
            f"{train.vectors.shape[1]}",
            code="dimension-mismatch",
            hint="encode both with the same encoder",
        )
    return Examples(rows, _number(labels, train.classes), train.classes)


def check_vectors(vectors: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Check vectors (n, dim) to be classified; returns them as C-contiguous float32."""
    rows = _check_rows(vectors, None)
    if rows.shape[1] != dim:
        raise BabeliteError(
            f"the vectors have {rows.shape[1]} components, the classifier was trained on {dim}",
            code="dimension-mismatch",
            hint="encode with the encoder of the classifier",
        )
    return rows


def softmax(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probabilities from scores of shape (…, labels); sums are 1 along the last axis."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: NDArray[np.floating] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the probabilities from scores of shape (n, labels)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _check_rows(vectors: ArrayLike, count: int | None) -> NDArray[np.float32]:
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2:
        problem, hint = f"the vectors have the shape {rows.shape}", "give (documents, components)"
        raise BabeliteError(problem, code="vectors-invalid", hint=hint)
    if count is not None and len(rows) != count:
        problem = f"there are {quantity(len(rows), 'vector')} and {quantity(count, 'label')}"
        raise BabeliteError(problem, code="labels-invalid", hint="give a label for each vector")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        problem = f"the vector of document {row + 1} has a value that is not finite"
        raise BabeliteError(problem, code="vectors-invalid", hint="fix the encoder that made it")
    return rows


def _number(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    numbers = {label: number for number, label in enumerate(classes)}
    for row, label in enumerate(labels, start=1):
        if label not in numbers:
            raise BabeliteError(
                f"dev document {row} has the label {label!r}, which no training document has",
                code="labels-invalid",
                hint="fix the label, or add training documents with it",
            )
    return np.fromiter((numbers[label] for label in labels), np.int64, len(labels))
