"""Zstandard decompression that detects truncated files."""

from __future__ import annotations

import io
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from babelite.errors import requires_extra

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def library(file_name: str) -> ModuleType:
    """The zstandard library; raises `MissingExtraError` with the name of the file."""
    with requires_extra(f"the file {file_name}", "corpus"):
        import zstandard
    return zstandard


class Reader(io.RawIOBase):
    """Decompresses an open Zstandard file; raises EOFError if it is truncated."""

    def __init__(self, file: BinaryIO, file_name: str) -> None:
        self._decompressor = library(file_name).ZstdDecompressor()
        self._file = file
        self._frame = self._decompressor.decompressobj()
        self._inside_frame = False
        self._packed = b""
        self._unpacked = memoryview(b"")

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer with decompressed bytes; return their number, 0 at the end."""
        import zstandard

        view = memoryview(buffer).cast("B")
        while not self._unpacked:
            self._packed = self._packed or self._file.read(io.DEFAULT_BUFFER_SIZE)
            if not self._packed:
                if self._inside_frame:
                    raise EOFError("compressed file ended before the end-of-stream marker")
                return 0
            try:
                self._unpacked = memoryview(self._frame.decompress(self._packed))
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from error
            self._packed = self._frame.unused_data
            self._inside_frame = not self._frame.eof
            if self._frame.eof:
                self._frame = self._decompressor.decompressobj()
        count = min(len(view), len(self._unpacked))
        view[:count], self._unpacked = self._unpacked[:count], self._unpacked[count:]
        return count
