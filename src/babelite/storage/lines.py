"""Lines of UTF-8 text files: reading in blocks and decoding, with line numbers in errors."""

from __future__ import annotations

import codecs
import io
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from babelite.errors import BabeliteError
from babelite.storage.compression import DAMAGE_ERRORS, READ_BLOCK, damaged_file, reading_bytes
from babelite.storage.line_streams import line_stream
from babelite.storage.record_limit import MAX_RECORD_BYTES, record_too_large

# Bytes that stand for no character in CP1252, the encoding of Western European Windows.
_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"


def read_lines(path: str | Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 text file, or of standard input (``-``), without line ends.

    ``.gz``, ``.xz`` and ``.zst`` are decompressed. Errors name file and line.
    """
    with reading_bytes(path) as stream:
        yield from lines_of(line_stream(stream, path), path)


def lines_of(stream: BinaryIO, path: str | Path) -> Iterator[str]:
    """Yield the lines of a stream from its beginning, as `read_lines` does."""
    number = 0
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
            raise _not_utf8("is not UTF-8 but UTF-16", path, 1, _iconv("UTF-16", path))
        block = block.removeprefix(codecs.BOM_UTF8)
    if (zero := block.find(b"\x00")) >= 0:
        line = lines_before + block.count(b"\n", 0, zero) + 1
        hint = _advice_for_zeros(block, path)
        raise _not_utf8("contains a zero byte, so it is not UTF-8", path, line, hint)
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + block.count(b"\n", 0, error.start) + 1
        hint = _advice_for_bytes(block, path)
        raise _not_utf8("is not UTF-8", path, line, hint) from error
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _not_utf8(problem: str, path: str | Path, line: int, hint: str) -> BabeliteError:
    return BabeliteError(problem, code="not-utf8", path=path, line=line, hint=hint)


def _iconv(encoding: str, path: str | Path) -> str:
    file = "FILE" if str(path) == "-" else shlex.quote(str(path))
    return f"convert it with: iconv -f {encoding} -t UTF-8 {file}"


def _advice_for_zeros(block: bytes, path: str | Path) -> str:
    """UTF-16 has zeros in the upper bytes of Western text."""
    zeros = block[0::2].count(0), block[1::2].count(0)
    if max(zeros) < max(2, len(block) / 8) or min(zeros) > max(zeros) / 2:
        return "it is a binary file, or has damaged lines; give a text file"
    return _iconv("UTF-16LE" if zeros[1] > zeros[0] else "UTF-16BE", path)


def _advice_for_bytes(block: bytes, path: str | Path) -> str:
    """How to convert bytes that are not UTF-8."""
    text = block.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if sum(character > "\x7f" for character in text) > 2 * damaged:
        return f"most of it is UTF-8, so fix the line, or {_iconv('UTF-8 -c', path)}"
    high = sum(byte > 0x7F for byte in block)
    if any(byte in block for byte in _NOT_CP1252) or high > len(block) / 3:
        return f"find out its encoding (file -i), then {_iconv('ENCODING', path)}"
    return f"{_iconv('CP1252', path)} (Western European; for other text give its encoding)"
