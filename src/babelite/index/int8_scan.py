"""Exact search of int8 rows for a few queries: most rows are left out without being converted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from babelite.index.row_storage import RowReader, lengths_of
from babelite.neighbors import int8_products

SCANNED_QUERIES = 8  # for more, converting the rows once is as fast
_SCANNED_ROWS = 1 << 16


class Int8Scan:
    """Compares int8 rows with queries; keeps the length of each row that it has read, 4 bytes."""

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._inverse_lengths: dict[tuple[int, int], NDArray[np.float32]] = {}

    def near(
        self, query: NDArray[np.float32], k: int, kept: Iterable[tuple[int, int, NDArray[np.bool_]]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The rows that can be among the ``k`` nearest of a query, and their vectors, by block.

        The query is a unit row, (1, dim). A block is its first row, the row after its last one, and
        which of its rows are searched.
        """
        floor = -np.inf
        for first, last, mask in kept:
            cosines, error = self._cosines(first, last, query)
            rows = np.flatnonzero((cosines >= floor) & mask)
            if k <= len(rows):
                # The k-th cosine may be too high by the error, and that of a nearer row too low.
                floor = max(floor, np.partition(cosines[rows], -k)[-k] - 2 * error)
                rows = rows[cosines[rows] >= floor]
            if len(rows):
                yield rows + first, self._reader.vectors(rows + first)

    def _cosines(
        self, first: int, last: int, query: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], float]:
        """Cosines of a block, (rows,), and their largest error."""
        stored = self._reader.stored(first, last)
        products, errors = int8_products(stored, query)
        if (first, last) not in self._inverse_lengths:
            lengths = lengths_of(stored)
            inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
            self._inverse_lengths[first, last] = inverse
        return products[:, 0] * self._inverse_lengths[first, last], float(errors[0])


def scanned_blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The first row of each block of rows, and the row after its last one."""
    for first in range(start, stop, _SCANNED_ROWS):
        yield first, min(first + _SCANNED_ROWS, stop)
