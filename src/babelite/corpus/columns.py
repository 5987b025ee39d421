"""Columns of a table, found by number or by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from babelite.corpus.languages import KNOWN_LANGUAGES, base_language, is_language_code
from babelite.corpus.losses import BLANK_LINES, Losses
from babelite.corpus.table_files import opened_table
from babelite.errors import BabeliteError, quantity

# Default names: in an alignment ``source`` and ``target`` are line numbers.
PAIR_COLUMNS = (("source_text", "target_text"), ("source", "target"))


class Columns(NamedTuple):
    """The indices (from 0) of two columns of tab-separated rows."""

    first: int
    second: int
    named: bool  # whether the first row contains the names of the columns, not text

    def cells(self, row: Sequence[str], path: str, line: int, *, between: str) -> tuple[str, str]:
        """The two cells of a row; the error for a short row says what the tab is `between`."""
        last = max(self.first, self.second)
        if len(row) <= last:
            raise BabeliteError(
                f"has {quantity(len(row), 'column')}, so there is no column {last + 1}",
                code="column-not-found",
                path=path,
                line=line,
                hint=f"put a tab between {between}, or choose others with --columns",
            )
        return row[self.first], row[self.second]


def find_columns(
    row: Sequence[str],
    columns: tuple[str, str] | None,
    defaults: Sequence[tuple[str, str]],
    path: str,
    line: int = 1,
) -> Columns:
    """Find two columns by number from 1 or by name, given the first row.

    Default: the columns with the first default names that the row has, else the first two.

    Example:
        >>> find_columns(["score", "source", "target"], None, [("source", "target")], "a.tsv")
        Columns(first=1, second=2, named=True)
    """
    names = [cell.strip() for cell in row]
    if columns is None:
        columns = next((pair for pair in defaults if {*pair} <= {*names}), ("1", "2"))
    first, second = (column_index(column, names, path, line) for column in columns)
    return Columns(first, second, named=not all(column.isdecimal() for column in columns))


def read_columns(
    path: str,
    columns: tuple[str, str] | None,
    defaults: Sequence[tuple[str, str]],
    *,
    between: str,
    losses: Losses | None = None,
) -> Iterator[tuple[int, str, str]]:
    """Yield line number and two cells of each row of a table; blank rows and names are skipped."""
    found: Columns | None = None
    header = 0  # the line with the names of the columns
    with opened_table(path) as table:
        for number, row in table.rows():
            if len(row) < 2 and not "".join(row).strip():
                if losses is not None:
                    losses[BLANK_LINES] += 1
                continue
            if found is None:
                found = find_columns(row, columns, defaults, path, number)
                header = number if found.named or table.layout.header else 0
            cells = found.cells(row, path, number, between=between)
            if number > header:
                yield number, *cells


def column_index(column: str, names: Sequence[str], path: str, line: int) -> int:
    """The index (from 0) of a column given by number from 1 or by name in the first row."""
    if column.isdecimal() and int(column) > 0:
        return int(column) - 1
    names = [name.strip() for name in names]
    if column in names and not column.isdecimal():
        return names.index(column)
    problem = f"has no column {column!r} in its first line, it has {', '.join(names) or 'none'}"
    hint = "choose a number from 1 or one of these names"
    raise BabeliteError(problem, code="column-not-found", path=path, line=line, hint=hint)


def choose_fields(
    names: Collection[str],
    languages: tuple[str, str],
    columns: tuple[str, str] | None,
    path: str,
    line: int | None = None,
) -> tuple[str, str]:
    """The given columns; by default the language codes, else ``source`` and ``target``."""
    choices = (columns,) if columns else (languages, ("source", "target"))
    for choice in choices:
        if set(choice) <= set(names):
            return choice
    first, second = choices[0]
    problem = f"has no columns {first!r} and {second!r}, it has {', '.join(names) or 'none'}"
    hint = "choose two of these with --columns"
    raise BabeliteError(problem, code="column-not-found", path=path, line=line, hint=hint)


def languages_of_fields(
    names: Iterable[str], columns: tuple[str, str] | None
) -> tuple[str, str] | None:
    """The language codes among the names of fields, or of the chosen columns; None unless two."""
    codes = [
        name
        for name in columns or names
        if is_language_code(name) and base_language(name) in KNOWN_LANGUAGES
    ]
    if len(codes) == 3 and "id" in codes:  # numbers, not Indonesian
        codes.remove("id")
    return (codes[0], codes[1]) if len(codes) == 2 else None


def field_names(languages: tuple[str, str]) -> tuple[str, str]:
    """The names of two fields to write: the language codes if they differ."""
    return languages if languages[0] != languages[1] else ("source", "target")
