"""Compressed files: reading and writing ``.gz``, ``.xz`` and ``.zst``, chosen by the file name."""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from babelite.errors import BabeliteError
from babelite.storage import zstd
from babelite.storage.paths import require_file

READ_BLOCK = 1 << 18  # bytes

# What the decompressors raise for a truncated or damaged file.
DAMAGE_ERRORS = (EOFError, OSError, lzma.LZMAError, zlib.error)


@contextlib.contextmanager
def reading_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file for reading bytes with ``read1``, decompressed by its ending.

    The path ``-`` is standard input, which is never decompressed and stays open. A ``.zst`` file
    needs the extra ``corpus``. A truncated or damaged file raises ``file-damaged``, and a file that
    another process changes while it is read ``file-changed``.
    """
    try:
        if str(path) != "-":
            with (
                open_file(Path(path)) as file,
                require_unchanged(file, path),
                decompressed(file, path) as stream,
            ):
                yield stream
        elif sys.stdin is None:
            raise BabeliteError("is closed", code="not-readable", path="-", hint="name a file")
        else:
            yield sys.stdin.buffer
    except DAMAGE_ERRORS as error:
        raise damaged_file(path, error) from error


def open_file(path: Path) -> BinaryIO:
    """Open a file; raise a `BabeliteError` if it is missing, a folder or not readable."""
    require_file(path)
    try:
        return path.open("rb")
    except PermissionError as error:
        problem, hint = "cannot be read (permission denied)", "change its permissions"
        raise BabeliteError(problem, code="not-readable", path=path, hint=hint) from error


@contextlib.contextmanager
def require_unchanged(file: BinaryIO, path: str | Path) -> Iterator[None]:
    """Raise ``file-changed`` if an open file is written to before the end of the block."""
    handle = os.dup(file.fileno())  # the file may be closed in the block

    def state() -> tuple[int, int] | None:
        found = os.fstat(handle)
        return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None

    try:
        before = state()
        yield
        # If the file is replaced by another one, this one is still read to its end.
        if state() != before:
            raise changed_file(path)
    finally:
        os.close(handle)


def changed_file(path: str | Path) -> BabeliteError:
    """The error for an input that another process changes."""
    problem, hint = "changed while it was read", "run the command again when nothing writes to it"
    return BabeliteError(problem, code="file-changed", path=path, hint=hint)


def decompressed(stream: BinaryIO, path: str | Path) -> BinaryIO:
    """A stream decompressed by the ending of a file name; the result has ``read1``."""
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":
        return cast(BinaryIO, gzip.open(stream, "rb"))
    if suffix == ".xz":
        return cast(BinaryIO, lzma.open(stream, "rb"))
    if suffix == ".zst":
        return cast(BinaryIO, io.BufferedReader(zstd.Reader(stream, Path(path).name), READ_BLOCK))
    return stream


def compressed(stream: BinaryIO, path: str | Path) -> BinaryIO:
    """A stream for writing to another one, compressed by the ending of a file name."""
    suffix = Path(path).suffix.lower()
    if suffix == ".gz":  # no name and no time in the header: the same text gives the same file
        return cast(BinaryIO, gzip.GzipFile("", "wb", 6, stream, 0))
    if suffix == ".xz":
        return cast(BinaryIO, lzma.open(stream, "wb", preset=2))
    if suffix == ".zst":
        compressor = zstd.library(Path(path).name).ZstdCompressor(write_checksum=True)
        return cast(BinaryIO, compressor.stream_writer(stream, closefd=False))
    return stream


def damaged_file(path: str | Path, error: Exception, line: int | None = None) -> BabeliteError:
    """The error for a truncated or damaged file."""
    problem = f"cannot be read to its end ({error})"
    hint = "the file is damaged or truncated, so fetch it again"
    return BabeliteError(problem, code="file-damaged", path=path, line=line, hint=hint)
