"""Labelled texts in tables and records: reading, and stratified hold-out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from babelite.corpus.columns import read_columns
from babelite.corpus.formats.json_lines import read_jsonl
from babelite.corpus.formats.parquet import read_parquet
from babelite.corpus.losses import Losses
from babelite.errors import BabeliteError
from babelite.storage import suffix_of

_RECORDS = {
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), read_jsonl),
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
}


class LabelledText(NamedTuple):
    """A label, which is not blank, and a text, which may be."""

    label: str
    text: str


def read_labelled(path: str, columns: tuple[str, str] | None = None) -> Iterator[LabelledText]:
    """Stream labelled texts from two columns; blank lines are skipped.

    Args:
        path: A table (TSV, CSV) or records (JSONL, Parquet), plain or compressed, or ``-`` for TSV.
        columns: The columns of label and text, by name, in tables also by number from 1.
            Default: those called ``label`` and ``text``, else the first two of a table.

    Yields:
        The texts in order, stripped.

    Raises:
        BabeliteError: The file cannot be read or is empty, a column is missing, or a label is
            blank; names file and line.
    """
    count = 0
    for number, label, text in _rows(path, columns):
        if not label.strip() and not text.strip():
            continue
        if not label.strip():
            problem, hint = "has a text without a label", "add the label, or delete the line"
            raise BabeliteError(problem, code="labels-invalid", path=path, line=number, hint=hint)
        count += 1
        yield LabelledText(label.strip(), text.strip())
    if not count:
        hint = "write one a line: the label, a tab and the text"
        raise BabeliteError("contains no labelled text", code="input-empty", path=path, hint=hint)


def _rows(path: str, columns: tuple[str, str] | None) -> Iterator[tuple[int, str, str]]:
    """The number of the line or record, and its two cells."""
    names = ("label", "text")
    format_ = None if path == "-" else _RECORDS.get(suffix_of(path))
    if format_ is None:
        yield from read_columns(path, columns, (names,), between="label and text")
        return
    for number, (label, text) in enumerate(format_(path, names, columns, Losses()), 1):
        yield number, label, text


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
