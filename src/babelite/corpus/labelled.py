"""Labelled texts in tab-separated columns: reading, and stratified hold-out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from babelite.corpus.columns import read_columns
from babelite.errors import BabeliteError
from babelite.storage import read_lines


class LabelledText(NamedTuple):
    """A label, which is not blank, and a text, which may be."""

    label: str
    text: str


def read_labelled(path: str, columns: tuple[str, str] | None = None) -> Iterator[LabelledText]:
    """Stream labelled texts from tab-separated columns; blank lines are skipped.

    Args:
        path: The file, plain or compressed, or ``-``.
        columns: The columns of label and text, by number from 1 or by name in the first line.
            Default: those called ``label`` and ``text``, else the first two.

    Yields:
        The texts in order, stripped.

    Raises:
        BabeliteError: The file cannot be read or is empty, a column is missing, or a label is
            blank; names file and line.
    """
    lines = ((number, line) for number, line in enumerate(read_lines(path), 1) if line.strip())
    count = 0
    for number, label, text in read_columns(
        lines, columns, ("label", "text"), path, between="label and text"
    ):
        if not label.strip():
            problem, hint = "has a text without a label", "add the label, or delete the line"
            raise BabeliteError(problem, code="labels-invalid", path=path, line=number, hint=hint)
        count += 1
        yield LabelledText(label.strip(), text.strip())
    if not count:
        hint = "write one a line: the label, a tab and the text"
        raise BabeliteError("contains no labelled text", code="input-empty", path=path, hint=hint)


def hold_out_texts(
    rows: Sequence[LabelledText], share: float = 0.2, seed: int = 0
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Hold out a share of each label's texts for validation (a stratified split).

    Args:
        rows: The labelled texts.
        share: The share of each label's texts, rounded; at least one text of each label is kept.
        seed: The random seed.

    Returns:
        The texts kept and those held out, each in their order.

    Example:
        >>> kept, held_out = hold_out_texts([LabelledText("a", str(i)) for i in range(10)])
        >>> len(kept), len(held_out)
        (8, 2)
    """
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.label, []).append(place)
    generator = np.random.default_rng(seed)
    held_out: set[int] = set()
    for of_label in places.values():
        count = min(round(share * len(of_label)), len(of_label) - 1)
        held_out.update(generator.permutation(of_label)[:count].tolist())
    return (
        [row for place, row in enumerate(rows) if place not in held_out],
        [row for place, row in enumerate(rows) if place in held_out],
    )
