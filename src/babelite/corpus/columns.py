"""Columns of tab-separated rows, found by number or by the names in the first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from babelite.errors import BabeliteError


class Columns(NamedTuple):
    """The indices (from 0) of two columns."""

    first: int
    second: int
    named: bool  # whether the first row holds the names of the columns, not text

    def cells(self, row: Sequence[str], path: str, line: int, *, between: str) -> tuple[str, str]:
        """The two cells of a row; the error for a short row says what the tab is `between`."""
        last = max(self.first, self.second)
        if len(row) <= last:
            raise BabeliteError(
                f"has {len(row)} column{'s' if len(row) > 1 else ''}, "
                f"so there is no column {last + 1}",
                code="column-not-found",
                path=path,
                line=line,
                hint=f"put a tab between {between}, or choose others with --columns",
            )
        return row[self.first], row[self.second]


def find_columns(
    row: Sequence[str],
    columns: tuple[str, str] | None,
    default_names: tuple[str, str],
    path: str,
    line: int = 1,
) -> Columns:
    """Find two columns by number from 1 or by name, given the first row.

    Default: the columns with the default names if the row has them, else the first two.

    Example:
        >>> find_columns(["score", "source", "target"], None, ("source", "target"), "mined.tsv")
        Columns(first=1, second=2, named=True)
    """
    names = [cell.strip() for cell in row]
    if columns is None:
        columns = default_names if set(default_names) <= set(names) else ("1", "2")
    first, second = (column_index(column, names, path, line) for column in columns)
    return Columns(first, second, named=not all(column.isdecimal() for column in columns))


def read_columns(
    lines: Iterable[tuple[int, str]],
    columns: tuple[str, str] | None,
    default_names: tuple[str, str],
    path: str,
    *,
    between: str,
) -> Iterator[tuple[int, str, str]]:
    """Yield line number and two cells of each numbered line; a first line of names is skipped."""
    found: Columns | None = None
    for number, line in lines:
        row = line.split("\t")
        if found is None:
            found = find_columns(row, columns, default_names, path, number)
            if found.named:
                continue
        yield number, *found.cells(row, path, number, between=between)


def column_index(column: str, names: Sequence[str], path: str, line: int) -> int:
    """The index (from 0) of a column given by number from 1 or by name in the first row."""
    if column.isdecimal() and int(column) > 0:
        return int(column) - 1
    names = [name.strip() for name in names]
    if column in names and not column.isdecimal():
        return names.index(column)
    raise BabeliteError(
        f"has no column {column!r} in its first line, it has {', '.join(names) or 'none'}",
        code="column-not-found",
        path=path,
        line=line,
        hint="choose a number from 1 or one of these names",
    )
