"""Columns of tab-separated rows, found by number or by the names in the first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from babelite.errors import BabeliteError


class Columns(NamedTuple):
    """Two columns of rows.

    Attributes:
        first: The place of the first, from 0.
        second: The place of the second.
        named: Whether the first row holds names of columns, and no text.
    """

    first: int
    second: int
    named: bool

    def cells(self, row: Sequence[str], path: str, line: int, *, between: str) -> tuple[str, str]:
        """The two cells of a row.

        Args:
            row: Its cells.
            path: The file, for messages.
            line: The number of the line, for messages.
            between: Between what a tab is missing, if one is, for messages.

        Raises:
            BabeliteError: The row is too short.
        """
        last = max(self.first, self.second)
        if len(row) <= last:
            raise BabeliteError(
                f"has {len(row)} column{'s' if len(row) > 1 else ''}, but column {last + 1} is "
                "wanted",
                path=path,
                line=line,
                hint=f"put a tab between {between}, or choose others with --columns",
            )
        return row[self.first], row[self.second]


def find_columns(
    row: Sequence[str],
    asked: tuple[str, str] | None,
    usual: tuple[str, str],
    path: str,
    line: int = 1,
) -> Columns:
    """Find two columns, given the first row.

    Args:
        row: Its cells.
        asked: The columns by number from 1, or by name if the row holds names; None for those with
            the usual names if the row has them, else the first two.
        usual: The usual names.
        path: The file, for messages.
        line: The number of the line, for messages.

    Raises:
        BabeliteError: There is no such column.

    Example:
        >>> find_columns(["score", "source", "target"], None, ("source", "target"), "mined.tsv")
        Columns(first=1, second=2, named=True)
    """
    names = [cell.strip() for cell in row]
    if asked is None:
        asked = usual if set(usual) <= set(names) else ("1", "2")
    first, second = (_place(column, names, path, line) for column in asked)
    return Columns(first, second, named=not all(column.isdecimal() for column in asked))


def read_columns(
    lines: Iterable[tuple[int, str]],
    asked: tuple[str, str] | None,
    usual: tuple[str, str],
    path: str,
    *,
    between: str,
) -> Iterator[tuple[int, str, str]]:
    """Take two columns out of lines, of which the first may hold their names.

    Args:
        lines: The lines that count, each with its number in the file.
        asked: As for `find_columns`.
        usual: As for `find_columns`.
        path: The file, for messages.
        between: As for `Columns.cells`.

    Yields:
        The number of a line and its two cells.

    Raises:
        BabeliteError: A line has not these columns.
    """
    found: Columns | None = None
    for number, line in lines:
        row = line.split("\t")
        if found is None:
            found = find_columns(row, asked, usual, path, number)
            if found.named:
                continue
        yield number, *found.cells(row, path, number, between=between)


def _place(column: str, names: list[str], path: str, line: int) -> int:
    if column.isdecimal() and int(column) > 0:
        return int(column) - 1
    if column in names and not column.isdecimal():
        return names.index(column)
    raise BabeliteError(
        f"has no column {column!r} in its first line, it has {', '.join(names) or 'none'}",
        path=path,
        line=line,
        hint="choose by number from 1 or by one of these names",
    )
