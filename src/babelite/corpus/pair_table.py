"""TSV tables with a pair of sentences in two columns, read repeatedly; other columns are kept."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice

from babelite.corpus.columns import find_columns
from babelite.errors import BabeliteError
from babelite.storage import changed_file, read_lines


class PairTable:
    """A TSV file of pairs, read again by each call; rows appended after the first are ignored.

    Args:
        path: The file; if it is empty or has no such columns, `BabeliteError` is raised.
        columns: The two columns by number from 1 or by name. Default: those called source and
            target in the first line, else the first two.
        name: The name of the file in errors, if not its path.

    Attributes:
        header: The first line, if it contains the names of the columns.
    """

    def __init__(self, path: str, columns: tuple[str, str] | None, name: str | None = None) -> None:
        self._path, self._name = path, name or path
        first = next(read_lines(path), None)
        if first is None:
            hint = "name a file with sentence pairs"
            raise BabeliteError("is empty", code="input-empty", path=self._name, hint=hint)
        names = (("source", "target"),)
        self._columns = find_columns(first.split("\t"), columns, names, self._name)
        self.header = first if self._columns.named else None
        self._rows: int | None = None
        self._checksum = 0  # of all rows, when they were read for the first time

    def lines(self) -> Iterator[str]:
        """Stream the rows without the header; raise ``file-changed`` if they have changed."""
        begin = int(self.header is not None)
        end = None if self._rows is None else begin + self._rows
        count = checksum = 0
        for line in islice(read_lines(self._path), begin, end):
            count += 1
            checksum = zlib.crc32(f"{line}\n".encode(), checksum)
            yield line
        if count < (self._rows or 0):
            problem = f"had {self._rows:,} rows and has {count:,} now"
            hint = "run the command again when no process writes to the file"
            raise BabeliteError(problem, code="file-changed", path=self._name, hint=hint)
        if self._rows is not None and checksum != self._checksum:
            raise changed_file(self._name)
        self._rows, self._checksum = count, checksum

    def side(self, side: int) -> Iterator[str]:
        """Stream the sentences of one side (0: source, 1: target); blank for a blank row."""
        for number, line in enumerate(self.lines(), start=1 + (self.header is not None)):
            if line.strip():
                row = line.split("\t")
                cells = self._columns.cells(row, self._name, number, between="the two sentences")
                yield cells[side]
            else:
                yield ""
