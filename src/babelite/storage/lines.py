"""Lines of UTF-8 text files: reading in blocks and decoding, with line numbers in errors."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from babelite.errors import BabeliteError
from babelite.storage.compression import DAMAGE_ERRORS, READ_BLOCK, damaged_file, reading_bytes
from babelite.storage.record_limit import MAX_RECORD_BYTES, record_too_large


def read_lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 text file, or of standard input (``-``), without line ends.

    ``.gz``, ``.xz`` and ``.zst`` are decompressed. Errors name file and line.
    """
    number = 0
    with reading_bytes(path) as stream:
        for block in read_line_blocks(stream, path):
            lines = decode_lines(block, path, number)
            yield from lines
            number += len(lines)


def read_line_blocks(stream: BinaryIO, path: str | Path, lines_before: int = 0) -> Iterator[bytes]:
    """Yield blocks of whole lines from a stream with ``read1``, so that each can be decoded.

    `path` and the number of lines before the stream's position are for errors (``file-damaged``,
    ``limit-exceeded`` for a line that is too long).
    """
    number = lines_before
    started: list[bytes] = []
    size = 0  # of the line that is started
    try:
        # read1 does not wait for a full block: lines typed or piped in are available immediately.
        while block := cast(io.BufferedReader, stream).read1(READ_BLOCK):
            end = block.rfind(b"\n") + 1
            if not end:
                started.append(block)
                size += len(block)
                if size > MAX_RECORD_BYTES:
                    raise record_too_large(path, "line", number + 1)
                continue
            yield b"".join((*started, block[:end]))
            number += block.count(b"\n")
            started = [block[end:]] if end < len(block) else []
            size = len(block) - end
    except DAMAGE_ERRORS as error:
        raise damaged_file(path, error, number + 1) from error
    if started:
        yield b"".join(started)


def decode_lines(block: bytes, path: str | Path, lines_before: int) -> list[str]:
    """Decode a block of `read_line_blocks` from UTF-8, or raise ``not-utf8`` with the line.

    A byte-order mark is removed if there are no lines before the block.
    """
    if not lines_before:
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _not_utf8("is not UTF-8", path, 1, "UTF-16")
        block = block.removeprefix(codecs.BOM_UTF8)
    if (zero := block.find(b"\x00")) >= 0:
        line = lines_before + block.count(b"\n", 0, zero) + 1
        raise _not_utf8("contains a zero byte, so it is not UTF-8", path, line, "UTF-16LE")
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + block.count(b"\n", 0, error.start) + 1
        raise _not_utf8("is not UTF-8", path, line, "LATIN1") from error
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _not_utf8(problem: str, path: str | Path, line: int, encoding: str) -> BabeliteError:
    hint = f"convert it first, for example with: iconv -f {encoding} -t UTF-8"
    return BabeliteError(problem, code="not-utf8", path=path, line=line, hint=hint)
