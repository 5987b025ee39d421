"""Tables in text files: CSV, TSV, and what spreadsheets make of them.

TSV of corpora has no quoting: a quotation mark is text. Spreadsheets and csv libraries quote cells
that contain tabs, line breaks or quotation marks. The first megabyte shows which one a file is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from babelite.errors import BabeliteError
from babelite.storage import (
    decode_lines,
    is_read_once,
    line_stream,
    lines_of,
    peek,
    reading_path_or_url,
    suffix_of,
)

CSV_SUFFIXES = (".csv",)
TSV_SUFFIXES = (".tsv", ".tab")
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 20  # bytes
_SAMPLED_ROWS = 100
_LONGEST_NAME = 40  # characters of the name of a column
_SENTENCE_MARKS = re.compile(r'[.!?…。"«»“”:;,]')
# Usual names of columns, which are no sentences.
_NAMES = frozenset(
    (
        *("id", "text", "sentence", "label", "source", "target", "source_text", "target_text"),
        *("source_line", "target_line", "score", "cosine", "ratio", "distance"),
        *("lang", "language", "url", "title", "en", "fr", "de", "es", "it", "nl", "pl", "pt", "ru"),
    )
)
_QUOTED_CELL = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # of Excel


@dataclass(frozen=True)
class TableLayout:
    """How the rows of a table are written.

    Attributes:
        delimiter: The character between two cells.
        quoted: Whether cells may be quoted, and then contain delimiters and line breaks.
        header: The names of the columns, if the first row seems to have them.
        skipped: The number of lines before the first row.
    """

    delimiter: str = "\t"
    quoted: bool = False
    header: tuple[str, ...] | None = None
    skipped: int = 0


@dataclass(frozen=True)
class OpenTable:
    """A table that is being read.

    Attributes:
        place: Its path or URL, or ``-``.
        stream: The bytes from the first line on.
    """

    place: str
    layout: TableLayout
    stream: BinaryIO

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Stream the rows, the header included, with the number of their first line; once."""
        lines = islice(lines_of(self.stream, self.place), self.layout.skipped, None)
        first = 1 + self.layout.skipped
        if self.layout.quoted:
            yield from _quoted_rows(lines, self.layout.delimiter, self.place, first)
        else:
            for number, line in enumerate(lines, first):
                yield number, line.split(self.layout.delimiter)


@contextmanager
def opened_table(place: str) -> Iterator[OpenTable]:
    """Open a table, whose layout is derived from the file ending and the first megabyte."""
    with reading_path_or_url(place) as raw:
        stream = line_stream(raw, place)
        yield OpenTable(place, layout_of(place, stream), stream)


def layout_of(place: str, stream: BinaryIO) -> TableLayout:
    """The layout of a table, whose stream is at its beginning and stays there."""
    if is_read_once(place):
        head = peek(stream)
    else:
        with reading_path_or_url(place) as raw:
            head = line_stream(raw, place).read(_SAMPLE)
    cut = head.rfind(b"\n") + 1  # a last line that is cut off is no sample, unless it is the only
    lines = decode_lines(head[:cut] if cut else head, place, 0)
    if suffix_of(place) in CSV_SUFFIXES:
        return _csv_layout(lines)
    return _tsv_layout(lines, is_whole=cut == len(head))


def _csv_layout(lines: Sequence[str]) -> TableLayout:
    separator = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    skipped = int(separator is not None)
    delimiters = _DELIMITERS if separator is None else (separator[1],)
    samples = [(_sample(lines[skipped:], delimiter), delimiter) for delimiter in delimiters]
    rows, delimiter = max(samples, key=lambda sample: _regularity(sample[0]))
    return TableLayout(delimiter, True, _header(rows, is_csv=True), skipped)


def _tsv_layout(lines: Sequence[str], *, is_whole: bool) -> TableLayout:
    if _is_quoted(lines, is_whole=is_whole):
        return TableLayout("\t", True, _header(_sample(lines, "\t"), is_csv=False))
    rows = [line.split("\t") for line in lines[:_SAMPLED_ROWS]]
    return TableLayout(header=_header(rows, is_csv=False))


def _sample(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The first rows, as far as they can be parsed."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(islice(csv.reader(_with_ends(lines), delimiter=delimiter), _SAMPLED_ROWS))
    return [row for row in rows if row]


def _regularity(rows: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How likely a delimiter is: the share of rows as wide as the first, and the width."""
    width = len(rows[0]) if rows else 0
    same = sum(len(row) == width for row in rows) / max(1, len(rows))
    return (same, width) if width > 1 else (0.0, width)


def _is_quoted(lines: Sequence[str], *, is_whole: bool) -> bool:
    """Whether the cells of tab-separated lines are quoted where they need to be.

    A sentence in quotation marks is no evidence. A cell with doubled quotation marks is, and one
    over several lines, and a file of nothing but quoted cells. ``is_whole``: not cut off.
    """
    cells = [cell for line in lines for cell in line.split("\t") if cell]
    starts = [cell for cell in cells if cell.startswith('"')]
    if not starts:
        return False
    widths = set[int]()
    try:
        for row in csv.reader(_with_ends(lines), delimiter="\t", strict=True):
            widths.add(len(row) or max(widths, default=0))
    except csv.Error as error:
        if is_whole or "end of data" not in str(error):
            return False
    if len(widths) != 1:
        return False
    whole = [cell for cell in starts if _QUOTED_CELL.fullmatch(cell)]
    if len(whole) == len(starts):
        doubled = any('""' in cell[1:-1] for cell in whole)
        return doubled or (widths != {1} and len(starts) == len(cells))
    # Cells over several lines: the lines themselves are no rows.
    return len({line.count("\t") for line in lines if line}) > 1


def _header(rows: Sequence[Sequence[str]], *, is_csv: bool) -> tuple[str, ...] | None:
    """The names of the columns if the first row has them.

    The first row of CSV is one unless it looks like data. In TSV, which usually has none, either
    all of its cells must be usual names, or it is the only row without a number in a column.
    """
    if not rows:
        return None
    names = [cell.strip() for cell in rows[0]]
    if not all(names) or len(set(names)) < len(names):
        return None
    if any(len(name) > _LONGEST_NAME or _is_number(name) for name in names):
        return None
    if any(_SENTENCE_MARKS.search(name.rstrip("?:")) for name in names if not _is_short(name)):
        return None
    usual = len(names) > 1 and all(name.lower() in _NAMES for name in names)
    return tuple(names) if is_csv or usual or _names_numbers(rows) else None


def _is_short(name: str) -> bool:
    """Whether a name is an abbreviation, such as "Nr."."""
    return name.endswith(".") and len(name) <= 4 and name.count(".") == 1


def _names_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column has numbers in all rows but the first, at least three."""
    rest = [row for row in rows[1:] if any(row)]
    return len(rest) > 2 and any(
        all(len(row) > place and _is_number(row[place]) for row in rest)
        for place in range(len(rows[0]))
    )


def _is_number(cell: str) -> bool:
    return cell.strip().replace(".", "", 1).replace(",", "", 1).lstrip("+-").isdecimal()


def _quoted_rows(
    lines: Iterable[str], delimiter: str, place: str, first: int
) -> Iterator[tuple[int, list[str]]]:
    """Rows of quoted cells, with the number of their first line."""
    reader = csv.reader(_with_ends(lines), delimiter=delimiter, strict=True)
    before = width = 0
    try:
        for row in reader:
            number = first + before
            width = width or len(row)
            if len(row) > width:
                problem = f"has {len(row)} columns, but the first line has {width}"
                hint = "quote a cell that contains the delimiter"
                raise BabeliteError(
                    problem, code="format-invalid", path=place, line=number, hint=hint
                )
            yield number, row
            before = reader.line_num
    except csv.Error as error:
        problem = f"is not a row of quoted cells ({error})"
        hint = "double the quotation marks inside a cell, and close it with another"
        line = first + before
        raise BabeliteError(
            problem, code="format-invalid", path=place, line=line, hint=hint
        ) from error


def _with_ends(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)
