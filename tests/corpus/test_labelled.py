"""Labelled texts: columns, errors, stratified hold-out."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import LabelledText, hold_out_texts, read_labelled
from babelite.errors import BabeliteError

ROWS = [LabelledText("good", "I like it."), LabelledText("bad", "I do not.")]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("good\tI like it.\n\nbad\tI do not.\n", None),
        ("id\ttext\tlabel\n1\tI like it.\tgood\n2\tI do not.\tbad\n", None),
        ("1\tI like it.\tgood\n2\tI do not.\tbad\n", ("3", "2")),
        ("stars\treview\ngood \tI like it.\nbad\t I do not.\n", ("stars", "review")),
        ("label\ttext\tx\ngood\t-\tI like it.\nbad\t-\tI do not.\n", ("label", "x")),
    ],
)
def test_columns(tmp_path: Path, text: str, columns: tuple[str, str] | None) -> None:
    (tmp_path / "rows.tsv").write_text(text)
    assert list(read_labelled(str(tmp_path / "rows.tsv"), columns)) == ROWS
    with gzip.open(tmp_path / "rows.tsv.gz", "wt") as stream:
        stream.write(text)
    assert list(read_labelled(str(tmp_path / "rows.tsv.gz"), columns)) == ROWS


@pytest.mark.parametrize(
    ("text", "columns", "problem"),
    [
        ("", None, "contains no labelled text"),
        ("label\ttext\n", None, "contains no labelled text"),
        ("good\ta\nbad\n", None, "line 2: has 1 column, so there is no column 2"),
        ("good\ta\n \tb\n", None, "line 2: has a text without a label"),
        ("good\ta\n", ("stars", "text"), "line 1: has no column 'stars' in its first line"),
        ("good\ta\n", ("0", "1"), "has no column '0'"),
        ("good\ta\n", ("1", "3"), "line 1: has 2 columns, so there is no column 3"),
    ],
)
def test_invalid_labelled_texts(
    tmp_path: Path, text: str, columns: tuple[str, str] | None, problem: str
) -> None:
    (tmp_path / "rows.tsv").write_text(text)
    with pytest.raises(BabeliteError, match=problem):
        list(read_labelled(str(tmp_path / "rows.tsv"), columns))


@given(st.lists(st.sampled_from("aabcd"), min_size=1), st.integers(0, 3))
def test_hold_out_is_stratified(labels: list[str], seed: int) -> None:
    rows = [LabelledText(label, str(number)) for number, label in enumerate(labels)]
    kept, aside = hold_out_texts(rows, 0.25, seed)
    assert sorted(kept + aside) == sorted(rows)
    assert kept == sorted(kept, key=lambda row: int(row.text))
    left = Counter(row.label for row in aside)
    for label, count in Counter(labels).items():
        assert left[label] == min(round(count / 4), count - 1)
    assert hold_out_texts(rows, 0.25, seed) == (kept, aside)
