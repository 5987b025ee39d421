"""What classifiers check of vectors and labels before they learn from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError


class Examples(NamedTuple):
    """Vectors and the numbers of their labels.

    Attributes:
        vectors: float32 array of shape (n, dim).
        targets: int64 array of shape (n,): places in ``classes``.
        classes: The labels, each once, in the order of their first appearance, so that what is
            learnt does not depend on their names.
    """

    vectors: NDArray[np.float32]
    targets: NDArray[np.int64]
    classes: tuple[str, ...]


def training_examples(vectors: ArrayLike, labels: Sequence[str]) -> Examples:
    """Check training examples and number their labels.

    Args:
        vectors: Array of shape (n, dim).
        labels: n labels, of two kinds at least.

    Raises:
        BabeliteError: They cannot be learnt from.

    Example:
        >>> training_examples([[1.0], [2.0], [3.0]], ["b", "a", "b"]).targets
        array([0, 1, 0])
    """
    rows = _rows(vectors, len(labels))
    classes = tuple(dict.fromkeys(labels))
    if len(classes) < 2:
        found = f"only the label {classes[0]!r}" if classes else "no labels at all"
        raise BabeliteError(
            f"the training documents have {found}", hint="give examples of two labels or more"
        )
    return Examples(rows, _numbers(labels, classes), classes)


def further_examples(vectors: ArrayLike, labels: Sequence[str], known: Examples) -> Examples:
    """Check examples to choose by, whose labels must be among those that are trained.

    Raises:
        BabeliteError: There is none, a label is unknown, or the vectors do not fit.
    """
    rows = _rows(vectors, len(labels))
    if not len(rows):
        raise BabeliteError("there is no document to choose by", hint="give some, or none at all")
    if rows.shape[1] != known.vectors.shape[1]:
        raise BabeliteError(
            f"the vectors to choose by have {rows.shape[1]} components and those to train on "
            f"{known.vectors.shape[1]}",
            hint="encode both with the same encoder",
        )
    return Examples(rows, _numbers(labels, known.classes), known.classes)


def checked_vectors(vectors: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Vectors to be classified.

    Args:
        vectors: Array of shape (n, dim), of any number type.
        dim: How many components those had that were trained on.

    Returns:
        float32 array of shape (n, dim), C-contiguous.

    Raises:
        BabeliteError: They have another number of components than those that were trained on.
    """
    rows = _rows(vectors, None)
    if rows.shape[1] != dim:
        raise BabeliteError(
            f"the vectors have {rows.shape[1]} components, the classifier was trained on {dim}",
            hint="encode with the encoder that it was trained with",
        )
    return rows


def softmax(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Probabilities from scores.

    Args:
        scores: Array of shape (…, labels).

    Returns:
        Array of the same shape, all above 0, sums of 1 along the last axis.
    """
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: NDArray[np.floating] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares


def _rows(vectors: ArrayLike, count: int | None) -> NDArray[np.float32]:
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2:
        raise BabeliteError(
            f"the vectors have the shape {rows.shape}",
            hint="an array of shape (documents, components) is needed",
        )
    if count is not None and len(rows) != count:
        raise BabeliteError(
            f"there are {len(rows):,} vectors and {count:,} labels",
            hint="give one label a vector",
        )
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise BabeliteError(
            f"the vector of document {row + 1} holds a value that is not a finite number",
            hint="mend the encoder that made it",
        )
    return rows


def _numbers(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    places = {label: place for place, label in enumerate(classes)}
    for row, label in enumerate(labels, start=1):
        if label not in places:
            raise BabeliteError(
                f"document {row} to choose by has the label {label!r}, which no training document "
                "has",
                hint="mend the label, or add training documents that have it",
            )
    return np.fromiter((places[label] for label in labels), np.int64, len(labels))
