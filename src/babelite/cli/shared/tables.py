"""Tab-separated rows of which two columns are the sides of a pair, and the others pass through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from babelite.corpus import find_columns
from babelite.errors import BabeliteError
from babelite.storage import read_lines

_NAMES = ("source", "target")


class Table:
    """A file of rows, read anew each time; it is as long as it was when it was read first.

    Args:
        path: The file.
        columns: The two columns by number from 1 or by name; None for those called source and
            target in the first line, else the first two.
        name: What to call the file in messages, if not by its path.

    Attributes:
        header: The first line, if it holds the names of the columns.

    Raises:
        BabeliteError: The file is empty or has no such columns.
    """

    def __init__(self, path: str, columns: tuple[str, str] | None, name: str | None = None) -> None:
        self._path, self._name = path, name or path
        first = next(read_lines(path), None)
        if first is None:
            raise BabeliteError("is empty", path=self._name, hint="name a file with sentence pairs")
        self._columns = find_columns(first.split("\t"), columns, _NAMES, self._name)
        self.header = first if self._columns.named else None
        self._rows: int | None = None

    def lines(self) -> Iterator[str]:
        """The rows as they stand, without the header.

        Raises:
            BabeliteError: There are fewer than before.
        """
        begin = int(self.header is not None)
        end = None if self._rows is None else begin + self._rows
        count = 0
        for line in islice(read_lines(self._path), begin, end):
            count += 1
            yield line
        if count < (self._rows or 0):
            raise BabeliteError(
                f"had {self._rows:,} rows and has {count:,} now",
                path=self._name,
                hint="give the command again when nothing writes to the file",
            )
        self._rows = count

    def side(self, side: int) -> Iterator[str]:
        """One side of the pairs.

        Raises:
            BabeliteError: A row has too few columns.
        """
        for number, line in enumerate(self.lines(), start=1 + (self.header is not None)):
            if line.strip():
                row = line.split("\t")
                cells = self._columns.cells(row, self._name, number, between="the two sentences")
                yield cells[side]
            else:
                yield ""
