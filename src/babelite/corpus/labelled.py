"""Texts with labels: tab-separated columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from babelite.corpus.columns import read_columns
from babelite.errors import BabeliteError
from babelite.storage import read_lines

_NAMES = ("label", "text")


class LabelledText(NamedTuple):
    """A text and what kind of text it is.

    Attributes:
        label: Its label; not blank.
        text: The text, which may be blank.
    """

    label: str
    text: str


def read_labelled(path: str, columns: tuple[str, str] | None = None) -> Iterator[LabelledText]:
    """Read labelled texts from tab-separated columns, in one pass; blank lines are passed over.

    Args:
        path: The file, plain or packed, or ``-``.
        columns: The columns of label and text, by number from 1 or by name if the first line holds
            names. If not given: those called ``label`` and ``text`` if the first line has such
            names, else the first two.

    Yields:
        The texts in order, white space around labels removed.

    Raises:
        BabeliteError: The file cannot be read or has no line, a column is missing, or a label is
            blank; names file and line.
    """
    lines = ((number, line) for number, line in enumerate(read_lines(path), 1) if line.strip())
    rows = read_columns(lines, columns, _NAMES, path, between="label and text")
    count = 0
    for number, label, text in rows:
        if not label.strip():
            raise BabeliteError(
                "has a text without a label",
                path=path,
                line=number,
                hint="label it, or leave the line out",
            )
        count += 1
        yield LabelledText(label.strip(), text.strip())
    if not count:
        raise BabeliteError(
            "holds no labelled text",
            path=path,
            hint="write one a line: the label, a tab and the text",
        )


def hold_out(
    rows: Sequence[LabelledText], share: float = 0.2, seed: int = 0
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Set a share of each label's texts aside, to choose a classifier by.

    Args:
        rows: Labelled texts.
        share: Of each label's texts, rounded; of every label one text at least is kept.
        seed: Of the drawing; the same seed draws the same texts.

    Returns:
        The texts that are kept and those set aside, each in their order.

    Example:
        >>> kept, aside = hold_out([LabelledText("a", str(i)) for i in range(10)])
        >>> len(kept), len(aside)
        (8, 2)
    """
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.label, []).append(place)
    generator = np.random.default_rng(seed)
    aside: set[int] = set()
    for some in places.values():
        count = min(round(share * len(some)), len(some) - 1)
        aside.update(generator.permutation(some)[:count].tolist())
    return (
        [row for place, row in enumerate(rows) if place not in aside],
        [row for place, row in enumerate(rows) if place in aside],
    )
