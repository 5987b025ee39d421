"""Lines of bytes in an append-only file, and the offset of the end of each in another (uint64)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.index.description import damaged_index
from babelite.storage import CheckedFile

END_BYTES = 8  # of an offset


class LineReader:
    """Reads lines through memory maps; what is read is verified first.

    Args:
        text: The file of the lines, each with its line feed; it may contain more.
        ends: The file of the offsets.
        first: The row of the first line; the rows before are empty.
        rows: The number of rows.
        checksums: Whether both files have checksums.
    """

    def __init__(self, text: Path, ends: Path, first: int, rows: int, *, checksums: bool) -> None:
        self._first, count = min(first, rows), max(rows - first, 0)
        self._ends_path = ends
        self._ends_file = CheckedFile(ends, count * END_BYTES, damaged_index, checksums=checksums)
        self._ends: NDArray[np.uint64] = self._ends_file.array("<u8", count)
        self.ends_bytes = self._ends.nbytes
        # Also the size of the text: a file whose end is damaged does not open.
        self.text_bytes = self._end_of(count - 1)
        self._text_file = CheckedFile(text, self.text_bytes, damaged_index, checksums=checksums)

    def lines(self, start: int, stop: int) -> list[bytes]:
        """The lines of the rows from ``start`` up to ``stop``."""
        empty = max(min(stop, self._first) - start, 0)
        start, stop = max(start - self._first, 0), max(stop - self._first, 0)
        first = self._end_of(start - 1)
        ends = [0, *(end - first for end in self._ends_between(start, stop).tolist())]
        if any(a >= b for a, b in pairwise(ends)) or first + ends[-1] > self.text_bytes:
            raise damaged_index(self._ends_path, "is damaged")
        self._text_file.verify(first, first + ends[-1])
        block = self._text_file.bytes[first : first + ends[-1]].tobytes()
        return [b""] * empty + [block[a : b - 1] for a, b in pairwise(ends)]

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of the lines of rows that are not before the first, int64 (rows,)."""
        rows = rows - self._first
        before = np.maximum(rows - 1, 0)
        self._ends_file.verify_rows(np.concatenate([before, rows]), END_BYTES)
        starts = np.where(rows > 0, self._ends[before], np.uint64(0))
        return (self._ends[rows] - starts).astype(np.int64) - 1

    def empty(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Whether lines are empty, (stop - start,), for rows that are not before the first."""
        start, stop = start - self._first, stop - self._first
        ends = self._ends_between(start, stop)
        starts = np.concatenate([np.array([self._end_of(start - 1)], np.uint64), ends[:-1]])
        empty: NDArray[np.bool_] = ends == starts[: len(ends)] + np.uint64(1)
        return empty

    def _ends_between(self, start: int, stop: int) -> NDArray[np.uint64]:
        self._ends_file.verify(start * END_BYTES, stop * END_BYTES)
        return self._ends[start:stop]

    def _end_of(self, row: int) -> int:
        """Where a line ends; 0 before the first."""
        return int(self._ends_between(row, row + 1)[0]) if row >= 0 else 0


def line_ends(lines: list[bytes], position: int) -> NDArray[np.uint64]:
    """The offsets of the ends of lines that are appended at a byte of their file, (lines,)."""
    lengths = np.fromiter((len(line) + 1 for line in lines), np.uint64, len(lines))
    ends: NDArray[np.uint64] = np.uint64(position) + np.cumsum(lengths, dtype=np.uint64)
    return ends
