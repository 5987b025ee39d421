"""Rows of an index on disk: vectors and text in append-only files.

Rows are the lines of the sources, one source after the other. ``vectors.bin`` contains one vector
per row, ``text.txt`` one line per row, and ``ends.bin`` the offset (uint64) of the end of each line
in it. Each has a file of checksums (`babelite.storage.CheckedFile`), such as ``vectors.bin.crc``.
``index.json`` contains the number of committed rows; the next process truncates the files to it if
a process was killed.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from tokenize import TokenError  # NumPy parses the headers of arrays as Python
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from babelite.index.description import (
    IndexContents,
    IndexDescription,
    IndexSource,
    VectorType,
    damaged_index,
    disk_full,
    write_index_description,
)
from babelite.storage import (
    CheckedFile,
    checksum_records,
    checksums_path,
    truncate_checksums,
    writing_atomically,
)

VECTORS, TEXT, ENDS = "vectors.bin", "text.txt", "ends.bin"
REMOVED = "removed.npy"

_DTYPES: dict[str, np.dtype[np.int8] | np.dtype[np.float16]] = {
    "int8": np.dtype("<i1"),
    "float16": np.dtype("<f2"),
}
_INT8_MAX = 127
_END_BYTES = 8  # of an entry of ``ends.bin``
_SCANNED_ROWS = 8192
PROBE_LINES = 3  # lines whose vectors show whether an encoder is the same


def to_stored(vectors: NDArray[np.float32], precision: VectorType) -> NDArray[np.generic]:
    """Quantise vectors (n, dim), rows of unit length or zero; `from_stored` restores the length.

    In int8 the largest component of each vector becomes ±127: the error of a component is about
    1/254 of the largest one.

    Example:
        >>> to_stored(np.array([[0.6, -0.8]], dtype=np.float32), "int8")
        array([[  95, -127]], dtype=int8)
    """
    if precision == "float16":
        return vectors.astype(_DTYPES[precision])
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    steps = np.where(largest == 0, 0, _INT8_MAX / np.where(largest == 0, 1, largest))
    return np.rint(vectors * steps).astype(_DTYPES[precision])


def from_stored(stored: NDArray[np.generic]) -> NDArray[np.float32]:
    """The unit vectors (or zeros) of stored ones, float32 (n, dim), the inverse of `to_stored`.

    Results are bit-equal for any batch composition.
    """
    vectors = stored.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    lengths[lengths == 0] = 1
    vectors /= lengths[:, None]
    return vectors


class RowReader:
    """Reads the rows of an index through memory maps; the files may contain more rows.

    What is read is verified first; a damaged file raises ``index-invalid``.
    """

    def __init__(
        self, folder: Path, description: IndexDescription, contents: IndexContents
    ) -> None:
        self.count, self.dim = contents.rows, description.encoder.dim
        kind, checksums = _DTYPES[description.precision], description.has_checksums

        def checked(name: str, needed: int) -> CheckedFile:
            return CheckedFile(folder / name, needed, damaged_index, checksums=checksums)

        self._folder, self._row_bytes = folder, self.dim * kind.itemsize
        self._ends_file = checked(ENDS, self.count * _END_BYTES)
        self._ends: NDArray[np.uint64] = self._ends_file.array("<u8", self.count)
        self._vectors_file = checked(VECTORS, self.count * self._row_bytes)
        flat = self._vectors_file.array(kind, self.count * self.dim)
        self._stored: NDArray[np.generic] = flat.reshape(self.count, self.dim)
        # Also the size of the text: an index whose end is damaged does not open.
        self.text_bytes = self._end_of(self.count - 1)
        self._text_file = checked(TEXT, self.text_bytes)

    def text(self, row: int) -> str:
        """The text of a row; empty for a blank line."""
        with self._reading_text():
            return self.texts_as_bytes(row, row + 1)[0].decode("utf-8")

    def texts_as_bytes(self, start: int, stop: int) -> list[bytes]:
        """The texts of the rows from ``start`` up to ``stop``, in UTF-8."""
        first = self._end_of(start - 1)
        ends = [0, *(end - first for end in self._ends_between(start, stop).tolist())]
        if any(a >= b for a, b in pairwise(ends)) or first + ends[-1] > self.text_bytes:
            raise damaged_index(self._folder / ENDS, "is damaged")
        self._text_file.verify(first, first + ends[-1])
        block = self._text_file.bytes[first : first + ends[-1]].tobytes()
        return [block[a : b - 1] for a, b in pairwise(ends)]

    def vectors(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """The unit vectors (or zeros) of rows, float32 (rows, dim)."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self.count)
            self._vectors_file.verify(start * self._row_bytes, stop * self._row_bytes)
        else:
            self._vectors_file.verify_rows(rows, self._row_bytes)
        return from_stored(self._stored[rows])

    def first_lines(self, count: int) -> tuple[list[str], NDArray[np.float32]]:
        """Up to ``count`` first lines that are not blank, and their vectors, (texts, dim)."""
        found: list[int] = []
        for start in range(0, self.count, _SCANNED_ROWS):
            stop = min(start + _SCANNED_ROWS, self.count)
            found += (np.flatnonzero(~self.blank(start, stop)) + start).tolist()
            if len(found) >= count:
                break
        rows = np.array(found[:count], np.int64)
        return [self.text(row) for row in rows.tolist()], self.vectors(rows)

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of the text of each row, int64 (rows,); 0 for blank lines."""
        before = np.maximum(rows - 1, 0)
        self._ends_file.verify_rows(np.concatenate([before, rows]), _END_BYTES)
        starts = np.where(rows > 0, self._ends[before], np.uint64(0))
        return (self._ends[rows] - starts).astype(np.int64) - 1

    def blank(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Whether the rows from ``start`` up to ``stop`` are blank lines, (stop - start,)."""
        ends = self._ends_between(start, stop)
        starts = np.concatenate([np.array([self._end_of(start - 1)], np.uint64), ends[:-1]])
        blank: NDArray[np.bool_] = ends == starts[: len(ends)] + np.uint64(1)
        return blank

    def _ends_between(self, start: int, stop: int) -> NDArray[np.uint64]:
        self._ends_file.verify(start * _END_BYTES, stop * _END_BYTES)
        return self._ends[start:stop]

    def _end_of(self, row: int) -> int:
        """Where the text of a row ends; 0 for the row before the first."""
        return int(self._ends_between(row, row + 1)[0]) if row >= 0 else 0

    @contextlib.contextmanager
    def _reading_text(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise damaged_index(self._folder / TEXT, "is damaged: it is not UTF-8") from error


def read_removed(folder: Path, rows: int) -> NDArray[np.int64]:
    """The removed rows of an index of ``rows`` rows, int64 (removed,), ascending."""
    path = folder / REMOVED
    if not path.exists():
        return np.empty(0, np.int64)
    data = path.read_bytes()
    stream = io.BytesIO(data)
    try:
        removed = np.load(stream, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError, SyntaxError, TokenError) as error:
        raise damaged_index(path, "is damaged") from error
    checksum = data[stream.tell() :]  # earlier versions wrote none
    valid = removed.dtype == np.int64 and removed.ndim == 1 and (np.diff(removed) > 0).all()
    valid &= checksum in (b"", _removed_checksum(data[: stream.tell()]))
    if not valid or (len(removed) and not 0 <= removed[0] <= removed[-1] < rows):
        raise damaged_index(path, "is damaged")
    return np.asarray(removed)


def write_removed(folder: Path, removed: NDArray[np.int64]) -> None:
    """Write the removed rows of an index atomically, with a checksum after them."""
    stream = io.BytesIO()
    np.save(stream, removed)
    data = stream.getvalue()
    with writing_atomically(folder / REMOVED) as temporary:
        temporary.write_bytes(data + _removed_checksum(data))


def _removed_checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


class RowWriter:
    """Appends rows to the files of an index block by block."""

    def __init__(self, folder: Path, description: IndexDescription) -> None:
        self.folder, self.description = folder, description
        self._text_size = 0
        self._files: list[tuple[BinaryIO, BinaryIO]] = []  # the data and their checksums
        self._truncate()

    @property
    def on_disk(self) -> IndexContents:
        """The committed rows."""
        return self.description.on_disk

    def append(self, texts: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Write and commit lines of the last source (UTF-8, blank ones empty), (n, dim)."""
        lengths = np.fromiter((len(text) + 1 for text in texts), np.uint64, len(texts))
        ends = np.uint64(self._text_size) + np.cumsum(lengths, dtype=np.uint64)
        stored = to_stored(vectors, self.description.precision)
        blocks = (stored.tobytes(), b"".join(text + b"\n" for text in texts), ends.tobytes())
        try:
            for (file, checksums), block in zip(self._files, blocks, strict=True):
                checksums.write(checksum_records(block, file.tell()))
                file.write(block)
                for written in (file, checksums):
                    written.flush()
                    os.fsync(written.fileno())
        except OSError as error:
            raise disk_full(self.folder, error.strerror or str(error)) from error
        self._text_size = int(ends[-1])
        *others, last = self.on_disk.sources
        grown = IndexSource(name=last.name, lines=last.lines + len(texts))
        blank = self.on_disk.blank + sum(not text for text in texts)
        self._commit((*others, grown), blank)

    def keep_only(self, sources: Sequence[IndexSource]) -> None:
        """Keep the rows of these first sources on disk only (the last: fewer lines, or new)."""
        if tuple(sources) == self.on_disk.sources:
            return
        rows = sum(source.lines for source in sources)
        reader = RowReader(self.folder, self.description, self.on_disk)
        dropped = int(reader.blank(rows, reader.count).sum())
        del reader
        self._commit(sources, self.on_disk.blank - dropped)
        self._truncate()

    def _commit(self, sources: Sequence[IndexSource], blank: int) -> None:
        """Update the description on disk."""
        pending = IndexContents(sources=tuple(sources), blank=blank)
        self.description = self.description.model_copy(update={"pending": pending})
        write_index_description(self.folder, self.description)

    def close(self) -> None:
        """Close the files."""
        while self._files:
            for file in self._files.pop():
                file.close()

    def _truncate(self) -> None:
        """Truncate the files, and before them their checksums, to the committed rows."""
        self.close()
        reader = RowReader(self.folder, self.description, self.on_disk)
        self._text_size = reader.text_bytes
        row_bytes = reader.dim * _DTYPES[self.description.precision].itemsize
        sizes = (reader.count * row_bytes, self._text_size, reader.count * _END_BYTES)
        del reader
        for name, size in zip((VECTORS, TEXT, ENDS), sizes, strict=True):
            truncate_checksums(self.folder / name, size, damaged_index)
            os.truncate(self.folder / name, size)
        for name in (VECTORS, TEXT, ENDS):
            path = self.folder / name
            self._files.append((path.open("ab"), checksums_path(path).open("ab")))
