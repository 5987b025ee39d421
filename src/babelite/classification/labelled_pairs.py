"""Labelled texts that a Python user passes: columns of texts and labels, or pairs of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from babelite.encoding import list_texts
from babelite.errors import BabeliteError

_MISSING = ("nan", "NaT", "<NA>")  # as numpy and pandas print a missing value


def labelled_pairs(texts: Iterable[object], labels: Iterable[object]) -> list[tuple[str, str]]:
    """Pairs of a label and a text from two columns; labels that are numbers become strings.

    Raises:
        BabeliteError: A label is missing (None or NaN), or the numbers of texts and labels differ.

    Example:
        >>> labelled_pairs(["one", "two"], np.array([1, 2]))
        [('1', 'one'), ('2', 'two')]
    """
    rows = list_texts(texts)  # type: ignore[arg-type]
    if isinstance(labels, str | set | frozenset | Mapping) or hasattr(labels, "columns"):
        problem = f"{type(labels).__name__} was given instead of a list of labels"
        raise BabeliteError(problem, code="input-invalid", hint='give one column: df["label"]')
    found = list(labels)
    if len(rows) != len(found):
        problem = f"there are {len(rows):,} texts and {len(found):,} labels"
        raise BabeliteError(problem, code="labels-invalid", hint="give a label for each text")
    for number, label in enumerate(found):
        if label is None or (not isinstance(label, str) and str(label) in _MISSING):
            problem = f"label {number} (counted from 0) is missing"
            raise BabeliteError(problem, code="labels-invalid", hint="add it, or remove the text")
        if np.ndim(label):  # type: ignore[arg-type]
            problem = f"label {number} (counted from 0) is {type(label).__name__}, not one value"
            raise BabeliteError(problem, code="labels-invalid", hint="give one label for each text")
    return [(str(label), text) for label, text in zip(found, rows, strict=True)]


def pairs_with_text(examples: Iterable[object]) -> list[tuple[str, str]]:
    """Labelled texts that are not blank; an error for anything but pairs of strings."""
    if isinstance(examples, str | Mapping) or hasattr(examples, "columns"):
        problem = f"{type(examples).__name__} was given instead of labelled texts"
        hint = 'give pairs, for example list(zip(df["label"], df["text"]))'
        raise BabeliteError(problem, code="input-invalid", hint=hint)
    rows = []
    for number, row in enumerate(examples):
        parts = tuple(row) if isinstance(row, list | tuple | np.ndarray) else ()
        if len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            problem = f"example {number} (counted from 0) is not a label and a text"
            hint = 'give pairs of strings, such as ("sport", "The match ended in a draw.")'
            raise BabeliteError(problem, code="input-invalid", hint=hint)
        label, text = parts
        if text.strip():
            rows.append((label, text))
    return rows
