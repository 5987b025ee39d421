"""Checksums of the blocks of a file, in a second file; a block is verified when it is first used.

The checksums of ``vectors.bin`` are in ``vectors.bin.crc``: for each block of up to 64 KiB the byte
where it ends (uint64) and its CRC-32 (uint32). They are appended with the data. A file of gigabytes
opens in milliseconds, because only the blocks that are used are read.
"""

from __future__ import annotations

import bisect
import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from babelite.errors import BabeliteError
from babelite.storage.atomic_write import writing_atomically

BLOCK_BYTES = 1 << 16
_RECORD = np.dtype([("end", "<u8"), ("crc", "<u4")])

# Makes the error for a damaged file from its path and the problem.
DamageError = Callable[[Path, str], BabeliteError]


def checksums_path(path: Path) -> Path:
    """The file of the checksums of a file."""
    return path.with_name(f"{path.name}.crc")


def checksum_records(data: bytes | memoryview, start: int) -> bytes:
    """The checksums of data that begins at byte ``start`` of its file, to append to the others."""
    view = memoryview(data).cast("B")
    edges = range(0, len(view), BLOCK_BYTES)
    records = [
        (start + min(edge + BLOCK_BYTES, len(view)), zlib.crc32(view[edge : edge + BLOCK_BYTES]))
        for edge in edges
    ]
    return np.array(records, _RECORD).tobytes()


def append_checksums(path: Path, data: bytes | memoryview, position: int) -> None:
    """Write the checksums of data that begins at a byte of a file; those of later bytes are lost.

    The data are written before. After a kill, `intact_bytes` finds what both files contain. A file
    whose earlier bytes have no checksums, because an earlier version began it, gets none.
    """
    stored = checksums_path(path)
    with stored.open("r+b" if stored.exists() else "w+b") as stream:
        count = stored.stat().st_size // _RECORD.itemsize
        kept = covered = 0
        if count and position:
            ends = np.memmap(stored, _RECORD, "r", shape=(count,))["end"]
            kept = bisect.bisect_right(ends, position)
            covered = int(ends[kept - 1]) if kept else 0
        if covered != position:
            stored.unlink()
            return
        stream.truncate(kept * _RECORD.itemsize)
        stream.seek(0, os.SEEK_END)
        stream.write(checksum_records(data, position))


def intact_bytes(path: Path) -> int:
    """The number of bytes of a file before the first block that is damaged or has no checksum."""
    stored, position = checksums_path(path), 0
    if not path.is_file() or not stored.is_file():
        return 0
    records = stored.read_bytes()
    records = records[: len(records) - len(records) % _RECORD.itemsize]
    with path.open("rb") as stream:
        for end, crc in np.frombuffer(records, _RECORD).tolist():
            if not position < end <= position + BLOCK_BYTES:
                break
            block = stream.read(end - position)
            if len(block) < end - position or zlib.crc32(block) != crc:
                break
            position = end
    return position


def require_intact(path: Path, hint: str) -> None:
    """Raise ``file-damaged`` if a file has checksums and differs from them."""
    if checksums_path(path).exists() and intact_bytes(path) != path.stat().st_size:
        problem = "differs from its checksums, so it is damaged"
        raise BabeliteError(problem, code="file-damaged", path=path, hint=hint)


@contextlib.contextmanager
def writing_with_checksums(path: Path) -> Iterator[Path]:
    """Write a file as `writing_atomically`, and its checksums for `require_intact`."""
    with writing_atomically(path) as temporary:
        yield temporary
        write_checksums(temporary, path)


def write_checksums(file: Path, path: Path, head: int = 0) -> None:
    """Write the checksums of a complete file, which gets the name ``path`` later.

    The first ``head`` bytes are one block.
    """
    with file.open("rb") as stream, writing_atomically(checksums_path(path)) as temporary:
        first = stream.read(head)
        records = np.array([(head, zlib.crc32(first))] if head else [], _RECORD).tobytes()
        position = head
        with temporary.open("wb") as out:
            out.write(records)
            while block := stream.read(BLOCK_BYTES):
                out.write(checksum_records(block, position))
                position += len(block)


def truncate_checksums(path: Path, size: int, damaged: DamageError) -> None:
    """Drop the checksums of a file beyond a size; the file is truncated to that size afterwards.

    If a block ends beyond the size, it is verified, and its first part gets a checksum.
    """
    checked = CheckedFile(path, size, damaged)
    records = checked.records_up_to(size)
    stored = checksums_path(path)
    kept = len(records) if not len(records) or records["end"][-1] == size else len(records) - 1
    if kept == len(records):
        os.truncate(stored, records.nbytes)
        return
    start = int(records["end"][kept - 1]) if kept else 0
    checked.verify(start, size)
    records["end"][kept] = size
    records["crc"][kept] = zlib.crc32(checked.bytes[start:size].data)
    with writing_atomically(stored) as temporary:
        temporary.write_bytes(records.tobytes())


class CheckedFile:
    """A file mapped into memory. `verify` compares a range with its checksums, once in a process.

    Args:
        path: The file; it may have more bytes than needed.
        needed: The number of bytes that it must have.
        damaged: Makes the error if it is missing, truncated or damaged.
        checksums: Whether it has checksums; without them `verify` does nothing.
    """

    def __init__(
        self, path: Path, needed: int, damaged: DamageError, *, checksums: bool = True
    ) -> None:
        self._path, self._damaged = path, damaged
        if not path.is_file():
            raise damaged(path, "is missing")
        if (size := path.stat().st_size) < needed:
            raise damaged(path, f"is truncated: it has {size:,} bytes of {needed:,}")
        self.bytes: NDArray[np.uint8] = (
            np.memmap(path, np.uint8, "r") if size else np.empty(0, np.uint8)
        )
        self._records = np.empty(0, _RECORD)
        if checksums:
            self._records = self._read_records(needed)
        self._ends = self._records["end"].astype(np.int64)
        self._verified = np.zeros(len(self._records), bool)
        self._all_verified = not checksums

    @property
    def first_block_end(self) -> int:
        """Where the first block ends; 0 without checksums."""
        return int(self._ends[0]) if len(self._ends) else 0

    def array(self, dtype: DTypeLike, count: int) -> NDArray[Any]:
        """The first ``count`` values of a type; they are not verified."""
        kind = np.dtype(dtype)
        return self.bytes[: count * kind.itemsize].view(kind)

    def verify(self, start: int, stop: int) -> None:
        """Verify the blocks that contain the bytes from ``start`` up to ``stop``."""
        if self._all_verified or start >= stop:
            return
        first = int(np.searchsorted(self._ends, start, "right"))
        last = int(np.searchsorted(self._ends, stop, "left"))
        if not self._verified[first : last + 1].all():
            self._verify_blocks(np.arange(first, last + 1))

    def verify_rows(self, rows: NDArray[np.int64], width: int) -> None:
        """Verify the blocks that contain some rows of ``width`` bytes."""
        if self._all_verified or not len(rows):
            return
        starts = rows.astype(np.int64) * width
        if width > BLOCK_BYTES:
            for start in starts.tolist():
                self.verify(start, start + width)
            return
        edges = np.concatenate([starts, starts + (width - 1)])
        blocks = np.searchsorted(self._ends, edges, "right")
        blocks = np.unique(blocks[~self._verified[blocks]])
        self._verify_blocks(blocks)

    def records_up_to(self, size: int) -> NDArray[Any]:
        """The checksums of all blocks that begin before a size."""
        count = int(np.searchsorted(self._ends, size, "left")) + 1 if size else 0
        return self._records[:count].copy()

    def _verify_blocks(self, blocks: NDArray[np.intp]) -> None:
        for block in blocks.tolist():
            if not self._verified[block] and not self._is_intact(block):
                start = int(self._ends[block - 1]) if block else 0
                problem = f"is damaged (bytes {start:,} to {int(self._ends[block]):,})"
                raise self._damaged(self._path, problem)
            self._verified[block] = True
        self._all_verified = bool(self._verified.all())

    def _is_intact(self, block: int) -> bool:
        start = int(self._ends[block - 1]) if block else 0
        stop = int(self._ends[block])
        if not start < stop <= len(self.bytes):
            return False
        return zlib.crc32(self.bytes[start:stop].data) == int(self._records["crc"][block])

    def _read_records(self, needed: int) -> NDArray[Any]:
        """The checksums of the blocks that begin before ``needed``."""
        path = checksums_path(self._path)
        if not path.is_file():
            raise self._damaged(path, "is missing")
        data = path.read_bytes()
        records = np.frombuffer(data, _RECORD, len(data) // _RECORD.itemsize)
        ends = records["end"]
        count = int(np.searchsorted(ends, needed, "left")) + 1 if needed else 0
        if count > len(records) or not (np.diff(ends[:count].astype(np.float64)) > 0).all():
            raise self._damaged(path, "is truncated or damaged")
        return records[:count]
