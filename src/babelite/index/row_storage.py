"""Rows of an index on disk: vectors and text in append-only files.

Rows are the lines of the sources, one source after the other. ``vectors.bin`` contains one vector
per row, ``text.txt`` one line per row, and ``ends.bin`` the offset (uint64) of the end of each line
in it; see `babelite.index.fields` for ids and fields. Each has a file of checksums
(`babelite.storage.CheckedFile`), such as ``vectors.bin.crc``.
``index.json`` contains the number of committed rows; the next process truncates the files to it if
a process was killed.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tokenize import TokenError  # NumPy parses the headers of arrays as Python
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import quantize_int8
from babelite.index.description import (
    REMOVED,
    IndexContents,
    IndexDescription,
    IndexField,
    IndexSource,
    VectorType,
    damaged_index,
    disk_full,
    write_index_description,
)
from babelite.index.fields import (
    FIELD_ENDS,
    FIELDS,
    ID,
    FieldReader,
    RowBlock,
    column_file,
    grown_fields,
    hashes_of,
)
from babelite.index.line_storage import END_BYTES, LineReader, line_ends
from babelite.storage import (
    CheckedFile,
    checksum_records,
    checksums_path,
    truncate_checksums,
    writing_atomically,
)

VECTORS, TEXT, ENDS = "vectors.bin", "text.txt", "ends.bin"

_DTYPES: dict[str, np.dtype[np.int8] | np.dtype[np.float16]] = {
    "int8": np.dtype("<i1"),
    "float16": np.dtype("<f2"),
}
_SCANNED_ROWS = 8192
PROBE_LINES = 3  # lines whose vectors show whether an encoder is the same


def to_stored(vectors: NDArray[np.float32], precision: VectorType) -> NDArray[np.generic]:
    """Quantise vectors (n, dim), rows of unit length or zero; `from_stored` restores the length.

    Example:
        >>> to_stored(np.array([[0.6, -0.8]], dtype=np.float32), "int8")
        array([[  95, -127]], dtype=int8)
    """
    return vectors.astype(np.float16) if precision == "float16" else quantize_int8(vectors)


def from_stored(stored: NDArray[np.generic]) -> NDArray[np.float32]:
    """The unit vectors (or zeros) of stored ones, float32 (n, dim), the inverse of `to_stored`.

    Results are bit-equal for any batch composition.
    """
    vectors = stored.astype(np.float32)
    lengths = lengths_of(vectors)
    lengths[lengths == 0] = 1
    vectors /= lengths[:, None]
    return vectors


def lengths_of(stored: NDArray[np.generic]) -> NDArray[np.float32]:
    """The lengths of stored vectors, float32 (n,)."""
    vectors = stored.astype(np.float32, copy=False)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)))


class RowReader:
    """Reads the rows of an index through memory maps; the files may contain more rows.

    What is read is verified first; a damaged file raises ``index-invalid``.
    """

    def __init__(
        self, folder: Path, description: IndexDescription, contents: IndexContents
    ) -> None:
        self.count, self.dim = contents.rows, description.encoder.dim
        kind, checksums = _DTYPES[description.precision], description.has_checksums
        self._folder, self._row_bytes = folder, self.dim * kind.itemsize
        needed, path = self.count * self._row_bytes, folder / VECTORS
        self._vectors_file = CheckedFile(path, needed, damaged_index, checksums=checksums)
        flat = self._vectors_file.array(kind, self.count * self.dim)
        self._stored: NDArray[np.generic] = flat.reshape(self.count, self.dim)
        self._texts = LineReader(folder / TEXT, folder / ENDS, 0, self.count, checksums=checksums)
        self.fields = FieldReader(folder, description, self.count)

    def text(self, row: int) -> str:
        """The text of a row; empty for a blank line."""
        with self._reading_text():
            return self.texts_as_bytes(row, row + 1)[0].decode("utf-8")

    def texts_as_bytes(self, start: int, stop: int) -> list[bytes]:
        """The texts of the rows from ``start`` up to ``stop``, in UTF-8."""
        return self._texts.lines(start, stop)

    def block(self, start: int, stop: int) -> RowBlock:
        """The texts and records of the rows from ``start`` up to ``stop``."""
        return RowBlock(self._texts.lines(start, stop), self.fields.records(start, stop))

    def file_sizes(self) -> dict[str, int]:
        """The bytes of the rows in each file, without checksums."""
        sizes = {VECTORS: self.count * self._row_bytes, TEXT: self._texts.text_bytes}
        return sizes | {ENDS: self.count * END_BYTES} | self.fields.file_sizes()

    def vectors(self, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """The unit vectors (or zeros) of rows, float32 (rows, dim)."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self.count)
            self._vectors_file.verify(start * self._row_bytes, stop * self._row_bytes)
        else:
            self._vectors_file.verify_rows(rows, self._row_bytes)
        return from_stored(self._stored[rows])

    def stored(self, start: int, stop: int) -> NDArray[Any]:
        """The rows from ``start`` up to ``stop`` as they are stored, (rows, dim)."""
        self._vectors_file.verify(start * self._row_bytes, stop * self._row_bytes)
        return self._stored[start:stop]

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
        return self._texts.lengths(rows)

    def blank(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Whether the rows from ``start`` up to ``stop`` are blank lines, (stop - start,)."""
        return self._texts.empty(start, stop)

    @contextlib.contextmanager
    def _reading_text(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise damaged_index(self._folder / TEXT, "is damaged: it is not UTF-8") from error


def read_removed(folder: Path, name: str, rows: int) -> NDArray[np.int64]:
    """The removed rows of an index of ``rows`` rows, int64 (removed,), ascending."""
    path = folder / name
    if not path.exists():
        if name != REMOVED:
            raise damaged_index(path, "is missing")
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


def write_removed(folder: Path, name: str, removed: NDArray[np.int64]) -> None:
    """Write the removed rows of an index atomically, with a checksum after them."""
    stream = io.BytesIO()
    np.save(stream, removed)
    data = stream.getvalue()
    with writing_atomically(folder / name) as temporary:
        temporary.write_bytes(data + _removed_checksum(data))


def _removed_checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def replaced_rows(rows: RowReader, first: int, removed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows before ``first`` whose id a row from there on has, without removed ones."""
    if not rows.fields.has_ids:
        return np.empty(0, np.int64)
    start, hashes = rows.fields.hashes(ID)
    split = max(first - start, 0)
    old, new = hashes[:split], hashes[split:]
    found = np.flatnonzero(np.isin(old, new) & (old != 0)) + start
    found = found[rows.lengths(found) > 0]
    found = np.setdiff1d(found, removed, assume_unique=True)
    again = np.flatnonzero(np.isin(new, hashes[found - start])) + max(first, start)
    ids = {rows.fields.values(row).get(ID) for row in again.tolist()}
    equal = [rows.fields.values(row).get(ID) in ids for row in found.tolist()]
    replaced: NDArray[np.int64] = found[np.array(equal, bool)]
    return replaced


class RowWriter:
    """Appends rows to the files of an index block by block."""

    def __init__(self, folder: Path, description: IndexDescription) -> None:
        self.folder, self.description = folder, description
        self._files: dict[str, tuple[BinaryIO, BinaryIO]] = {}  # the data and their checksums
        self._truncate()

    @property
    def on_disk(self) -> IndexContents:
        """The committed rows."""
        return self.description.on_disk

    def append(self, block: RowBlock, vectors: NDArray[np.float32]) -> None:
        """Write and commit rows of the last source and their vectors, (n, dim)."""
        fields = grown_fields(self.description.fields, block, self.on_disk.rows)
        try:
            self._append(VECTORS, to_stored(vectors, self.description.precision).tobytes())
            self._append_lines(TEXT, ENDS, block.texts)
            if fields:
                self._append_lines(FIELDS, FIELD_ENDS, block.records)
            for number, field in enumerate(fields):
                values = [record.get(field.name) for record in block.values]
                self._append(column_file(number), hashes_of(values).astype("<u8").tobytes())
        except OSError as error:
            raise disk_full(self.folder, error.strerror or str(error)) from error
        *others, last = self.on_disk.sources
        grown = IndexSource(name=last.name, lines=last.lines + len(block.texts))
        blank = self.on_disk.blank + sum(not text for text in block.texts)
        self._commit((*others, grown), blank, fields)

    def keep_only(self, sources: Sequence[IndexSource]) -> None:
        """Keep the rows of these first sources on disk only (the last: fewer lines, or new)."""
        if tuple(sources) == self.on_disk.sources:
            return
        rows = sum(source.lines for source in sources)
        reader = RowReader(self.folder, self.description, self.on_disk)
        dropped = int(reader.blank(rows, reader.count).sum())
        del reader
        fields = tuple(field for field in self.description.fields if field.first < rows)
        self._commit(sources, self.on_disk.blank - dropped, fields)
        self._truncate()

    def _commit(
        self, sources: Sequence[IndexSource], blank: int, fields: tuple[IndexField, ...]
    ) -> None:
        """Update the description on disk."""
        pending = IndexContents(sources=tuple(sources), blank=blank)
        update = {"pending": pending, "fields": fields}
        self.description = self.description.model_copy(update=update)
        write_index_description(self.folder, self.description)

    def close(self) -> None:
        """Close the files."""
        while self._files:
            for file in self._files.popitem()[1]:
                file.close()

    def _append(self, name: str, data: bytes) -> None:
        """Append to a file and its checksums."""
        for written, content in zip(
            self._opened(name), (data, checksum_records(data, self._size(name))), strict=True
        ):
            written.write(content)
            written.flush()
            os.fsync(written.fileno())

    def _append_lines(self, text: str, ends: str, lines: list[bytes]) -> None:
        """Append lines to a file, and their ends to another."""
        offsets = line_ends(lines, self._size(text))
        self._append(text, b"".join(line + b"\n" for line in lines))
        self._append(ends, offsets.tobytes())

    def _size(self, name: str) -> int:
        return self._opened(name)[0].tell()

    def _opened(self, name: str) -> tuple[BinaryIO, BinaryIO]:
        if name not in self._files:
            path = self.folder / name
            self._files[name] = path.open("ab"), checksums_path(path).open("ab")
        return self._files[name]

    def _truncate(self) -> None:
        """Truncate the files, and before them their checksums, to the committed rows."""
        self.close()
        sizes = RowReader(self.folder, self.description, self.on_disk).file_sizes()
        for path in self.folder.glob("field*"):
            if path.name.removesuffix(".crc") not in sizes:
                path.unlink()
        for name, size in sizes.items():
            truncate_checksums(self.folder / name, size, damaged_index)
            os.truncate(self.folder / name, size)
