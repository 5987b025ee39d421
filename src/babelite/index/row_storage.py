"""Rows of an index on disk: vectors and text in append-only files.

Rows are the lines of the sources, one source after the other. ``vectors.bin`` contains one vector
per row, ``text.txt`` one line per row, and ``ends.bin`` the offset (uint64) of the end of each line
in it. ``index.json`` contains the number of committed rows; the next process truncates the files to
it if a process was killed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from babelite.storage import writing_atomically

VECTORS, TEXT, ENDS = "vectors.bin", "text.txt", "ends.bin"
REMOVED = "removed.npy"

_DTYPES: dict[str, np.dtype[np.int8] | np.dtype[np.float16]] = {
    "int8": np.dtype("<i1"),
    "float16": np.dtype("<f2"),
}
_INT8_MAX = 127
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
    """Reads the rows of an index through memory maps; the files may contain more rows."""

    def __init__(
        self, folder: Path, description: IndexDescription, contents: IndexContents
    ) -> None:
        self.count = contents.rows
        dim, dtype = description.encoder.dim, _DTYPES[description.precision]
        self.ends: NDArray[np.uint64] = _mapped(folder / ENDS, np.dtype("<u8"), self.count)
        self.stored = _mapped(folder / VECTORS, dtype, self.count * dim).reshape(self.count, dim)
        size = int(self.ends[-1]) if self.count else 0
        self._text: NDArray[np.uint8] = _mapped(folder / TEXT, np.dtype("u1"), size)

    def text(self, row: int) -> str:
        """The text of a row; empty for a blank line."""
        return self.texts_as_bytes(row, row + 1)[0].decode("utf-8")

    def texts_as_bytes(self, start: int, stop: int) -> list[bytes]:
        """The texts of the rows from ``start`` up to ``stop``, in UTF-8."""
        first = int(self.ends[start - 1]) if start else 0
        ends = [end - first for end in self.ends[start:stop].tolist()]
        block = self._text[first : first + ends[-1]].tobytes() if ends else b""
        starts = [0, *ends[:-1]]
        return [block[a : b - 1] for a, b in zip(starts, ends, strict=True)]

    def first_lines(self, count: int) -> tuple[list[str], NDArray[np.float32]]:
        """Up to ``count`` first lines that are not blank, and their vectors, (texts, dim)."""
        rows: list[int] = []
        for start in range(0, self.count, _SCANNED_ROWS):
            stop = min(start + _SCANNED_ROWS, self.count)
            rows += (np.flatnonzero(~self.blank(start, stop)) + start).tolist()
            if len(rows) >= count:
                break
        return [self.text(row) for row in rows[:count]], from_stored(self.stored[rows[:count]])

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of the text of each row, int64 (rows,); 0 for blank lines."""
        starts = np.where(rows > 0, self.ends[np.maximum(rows, 1) - 1], np.uint64(0))
        return (self.ends[rows] - starts).astype(np.int64) - 1

    def blank(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Whether the rows from ``start`` up to ``stop`` are blank lines, (stop - start,)."""
        blank: NDArray[np.bool_] = self.lengths(np.arange(start, stop)) == 0
        return blank


def _mapped(path: Path, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """A file as a read-only array of its first ``count`` values."""
    needed = count * dtype.itemsize
    if not path.is_file():
        raise damaged_index(path, "is missing from the index")
    if (size := path.stat().st_size) < needed:
        raise damaged_index(path, f"is truncated: it has {size:,} bytes of {needed:,}")
    return np.memmap(path, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)


def read_removed(folder: Path, rows: int) -> NDArray[np.int64]:
    """The removed rows of an index of ``rows`` rows, int64 (removed,), ascending."""
    path = folder / REMOVED
    if not path.exists():
        return np.empty(0, np.int64)
    try:
        removed = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise damaged_index(path, "is damaged") from error
    valid = removed.dtype == np.int64 and removed.ndim == 1 and (np.diff(removed) > 0).all()
    if not valid or (len(removed) and not 0 <= removed[0] <= removed[-1] < rows):
        raise damaged_index(path, "is damaged")
    return np.asarray(removed)


def write_removed(folder: Path, removed: NDArray[np.int64]) -> None:
    """Write the removed rows of an index atomically."""
    with writing_atomically(folder / REMOVED) as temporary, temporary.open("wb") as stream:
        np.save(stream, removed)


class RowWriter:
    """Appends rows to the files of an index block by block."""

    def __init__(self, folder: Path, description: IndexDescription) -> None:
        self.folder, self.description = folder, description
        self._text_size = np.uint64(0)
        RowReader(folder, description, self.on_disk)  # raises if a file is missing or truncated
        self._files = [(folder / name).open("r+b") for name in (VECTORS, TEXT, ENDS)]
        self._truncate()

    @property
    def on_disk(self) -> IndexContents:
        """The committed rows."""
        return self.description.on_disk

    def append(self, texts: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Write and commit lines of the last source (UTF-8, blank ones empty), (n, dim)."""
        lengths = np.fromiter((len(text) + 1 for text in texts), np.uint64, len(texts))
        ends = self._text_size + np.cumsum(lengths, dtype=np.uint64)
        stored = to_stored(vectors, self.description.precision)
        blocks = (stored.tobytes(), b"".join(text + b"\n" for text in texts), ends.tobytes())
        try:
            for file, block in zip(self._files, blocks, strict=True):
                file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise disk_full(self.folder, error.strerror or str(error)) from error
        self._text_size = ends[-1]
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
        for file in self._files:
            file.close()

    def _truncate(self) -> None:
        """Truncate the files to the committed rows."""
        reader = RowReader(self.folder, self.description, self.on_disk)
        self._text_size = reader.ends[-1] if reader.count else np.uint64(0)
        sizes = (reader.stored.nbytes, int(self._text_size), reader.ends.nbytes)
        del reader
        for file, size in zip(self._files, sizes, strict=True):
            file.truncate(size)
            file.seek(size)
