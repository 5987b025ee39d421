"""Tab-separated rows of which two columns are the sides of a pair, and the others pass through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from babelite.errors import BabeliteError
from babelite.files import read_lines

_NAMES = ("source", "target")


class Table:
    """A file of rows, read anew each time.

    Args:
        path: The file.
        columns: The two columns by number from 1 or by name; None for those called source and
            target in the first line, else the first two.

    Attributes:
        header: The first line, if it holds the names of the columns.

    Raises:
        BabeliteError: The file is empty or has no such columns.
    """

    def __init__(self, path: str, columns: tuple[str, str] | None) -> None:
        self._path = path
        first = next(read_lines(path), None)
        if first is None:
            raise BabeliteError("is empty", path=path, remedy="name a file with sentence pairs")
        cells = first.split("\t")
        if columns is None:
            columns = _NAMES if set(_NAMES) <= set(cells) else ("1", "2")
        named = not all(column.isdigit() for column in columns)
        self.header = first if named else None
        self._places = tuple(self._place(column, cells) for column in columns)

    def lines(self) -> Iterator[str]:
        """The rows as they stand, without the header."""
        return islice(read_lines(self._path), self.header is not None, None)

    def side(self, side: int) -> Iterator[str]:
        """One side of the pairs.

        Raises:
            BabeliteError: A row has too few columns.
        """
        place = self._places[side]
        for number, line in enumerate(self.lines(), start=1 + (self.header is not None)):
            cells = line.split("\t")
            if len(cells) > place:
                yield cells[place]
            elif not line.strip():
                yield ""
            else:
                raise BabeliteError(
                    f"has {len(cells)} column{'s' if len(cells) > 1 else ''}, "
                    f"but column {place + 1} is wanted",
                    path=self._path,
                    line=number,
                    remedy="put a tab between the two sentences, or choose others with --columns",
                )

    def _place(self, column: str, cells: list[str]) -> int:
        if column in cells and not column.isdigit():
            return cells.index(column)
        if column.isdigit() and int(column) > 0:
            return int(column) - 1
        raise BabeliteError(
            f"has no column {column!r} in its first line, it has {', '.join(cells)}",
            path=self._path,
            line=1,
            remedy="choose by number from 1 or by one of these names",
        )
