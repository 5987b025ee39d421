"""Vectors and text on disk: files that only grow, and a description that says how far they count.

Rows are the lines of the sources, one source after the other. ``vectors.bin`` holds a vector a row,
``text.txt`` the text, a line a row, and ``ends.bin`` the offset (uint64) at which each row's line
ends in it. What a killed process has written past the last commit is cut off by the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.index.description import (
    Contents,
    IndexDescription,
    Origin,
    VectorType,
    write_description,
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
PROBED_LINES = 3  # by whose vectors the encoder is known again


def to_stored(vectors: NDArray[np.float32], precision: VectorType) -> NDArray[np.generic]:
    """Round vectors to what is kept on disk.

    As int8 the largest component of each vector becomes ±127 and its length is left to be computed:
    no component of the unit vector is off by more than 1/254 of its largest one, or so.

    Args:
        vectors: float32 array of shape (n, dim), rows of unit length or zero.
        precision: ``int8`` or ``float16``.

    Returns:
        Array of shape (n, dim).

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
    """The unit vectors (or zeros) that stored ones stand for.

    Args:
        stored: Array of shape (n, dim), as `to_stored` gives it.

    Returns:
        float32 array of shape (n, dim); the same row gives the same bits in any company.
    """
    vectors = stored.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    lengths[lengths == 0] = 1
    vectors /= lengths[:, None]
    return vectors


class Storage:
    """The rows of an index, read through memory maps.

    Args:
        folder: The folder of the index.
        description: Its description.
        contents: Which of its rows; the files may hold more than these, never less.

    Raises:
        BabeliteError: A file is missing or too short.
    """

    def __init__(self, folder: Path, description: IndexDescription, contents: Contents) -> None:
        self.rows = contents.rows
        dim, dtype = description.encoder.dim, _DTYPES[description.precision]
        self.ends: NDArray[np.uint64] = _mapped(folder / ENDS, np.dtype("<u8"), self.rows)
        self.stored = _mapped(folder / VECTORS, dtype, self.rows * dim).reshape(self.rows, dim)
        size = int(self.ends[-1]) if self.rows else 0
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
        """The texts and the vectors of the first lines that are not blank, or of as many as are.

        Returns:
            Up to ``count`` texts, and float32 (texts, dim).
        """
        rows: list[int] = []
        for start in range(0, self.rows, _SCANNED_ROWS):
            stop = min(start + _SCANNED_ROWS, self.rows)
            rows += (np.flatnonzero(~self.blank(start, stop)) + start).tolist()
            if len(rows) >= count:
                break
        return [self.text(row) for row in rows[:count]], from_stored(self.stored[rows[:count]])

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of the text of each row, int64 (rows,); 0 for blank lines."""
        starts = np.where(rows > 0, self.ends[np.maximum(rows, 1) - 1], np.uint64(0))
        return (self.ends[rows] - starts).astype(np.int64) - 1

    def blank(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which rows from ``start`` up to ``stop`` are of blank lines: bool (stop - start,)."""
        blank: NDArray[np.bool_] = self.lengths(np.arange(start, stop)) == 0
        return blank


def _mapped(path: Path, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """A file as a read-only array of its first ``count`` values."""
    needed = count * dtype.itemsize
    if not path.is_file():
        raise BabeliteError(
            "is missing from the index", path=path, hint="copy the index again or make it again"
        )
    if (size := path.stat().st_size) < needed:
        raise BabeliteError(
            f"is cut off: it has {size:,} bytes of {needed:,}",
            path=path,
            hint="copy the index again or make it again",
        )
    return np.memmap(path, dtype, "r", shape=(count,)) if count else np.empty(0, dtype)


def read_removed(folder: Path, rows: int) -> NDArray[np.int64]:
    """The removed rows of an index, int64 (removed,), rising.

    Args:
        folder: The folder of the index.
        rows: How many rows it has.

    Raises:
        BabeliteError: The file that holds them is damaged.
    """
    path = folder / REMOVED
    if not path.exists():
        return np.empty(0, np.int64)
    try:
        removed = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise _damaged(path) from error
    sound = removed.dtype == np.int64 and removed.ndim == 1 and (np.diff(removed) > 0).all()
    if not sound or (len(removed) and not 0 <= removed[0] <= removed[-1] < rows):
        raise _damaged(path)
    return np.asarray(removed)


def write_removed(folder: Path, removed: NDArray[np.int64]) -> None:
    """Write the removed rows of an index, all or none."""
    with writing_atomically(folder / REMOVED) as temporary, temporary.open("wb") as stream:
        np.save(stream, removed)


def _damaged(path: Path) -> BabeliteError:
    return BabeliteError("is damaged", path=path, hint="copy the index again, or make it again")


class Writer:
    """Adds rows behind those that are there, a block at a time; made by `writing_rows`."""

    def __init__(self, folder: Path, description: IndexDescription) -> None:
        self.folder, self.description = folder, description
        self._text_size = np.uint64(0)
        Storage(folder, description, self.on_disk)  # raises if not all of it is there
        self._files = [(folder / name).open("r+b") for name in (VECTORS, TEXT, ENDS)]
        self._cut()

    @property
    def on_disk(self) -> Contents:
        """What is on disk."""
        return self.description.on_disk

    def append(self, texts: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """Write a block of lines of the source that comes last, and commit them.

        Args:
            texts: Lines in UTF-8, the blank ones empty.
            vectors: float32 array of shape (len(texts), dim).

        Raises:
            BabeliteError: The disk is full.
        """
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
            raise BabeliteError(
                f"cannot be written ({error.strerror or error})",
                path=self.folder,
                hint="free some space and give the command again, and it goes on",
            ) from error
        self._text_size = ends[-1]
        *others, last = self.on_disk.sources
        grown = Origin(name=last.name, lines=last.lines + len(texts))
        blank = self.on_disk.blank + sum(not text for text in texts)
        self.commit(pending=Contents(sources=(*others, grown), blank=blank))

    def keep_only(self, sources: Sequence[Origin]) -> None:
        """Give up all rows on disk but those of some sources, and take the names of these.

        Args:
            sources: The first of those on disk, the last of them perhaps with fewer lines, and
                perhaps behind them one that is new and has none.
        """
        if tuple(sources) == self.on_disk.sources:
            return
        rows = sum(source.lines for source in sources)
        storage = Storage(self.folder, self.description, self.on_disk)
        lost = int(storage.blank(rows, storage.rows).sum())
        del storage
        self.commit(pending=Contents(sources=tuple(sources), blank=self.on_disk.blank - lost))
        self._cut()

    def commit(self, **changes: object) -> None:
        """Change the description."""
        self.description = self.description.model_copy(update=changes)
        write_description(self.folder, self.description)

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _cut(self) -> None:
        """Cut off what no description vouches for, and go to the end."""
        storage = Storage(self.folder, self.description, self.on_disk)
        self._text_size = storage.ends[-1] if storage.rows else np.uint64(0)
        sizes = (storage.stored.nbytes, int(self._text_size), storage.ends.nbytes)
        del storage
        for file, size in zip(self._files, sizes, strict=True):
            file.truncate(size)
            file.seek(size)


@contextmanager
def writing_rows(folder: Path, description: IndexDescription) -> Iterator[Writer]:
    """A writer, whose files are closed at the end.

    Yields:
        The writer; its description is the newest.

    Raises:
        BabeliteError: Something cannot be written; what was committed stays.
    """
    writer = Writer(folder, description)
    try:
        yield writer
    finally:
        writer.close()
