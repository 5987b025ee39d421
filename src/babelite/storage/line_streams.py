"""Streams of bytes as lines of text: other formats are refused by their first bytes.

A PDF, a web page or a subtitle file would otherwise be read as if its markup were text. Subtitles,
web pages and Word documents with the usual endings are read by commands that take text.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import BinaryIO, cast

from babelite.errors import BabeliteError
from babelite.storage.compression import DAMAGE_ERRORS, READ_BLOCK

_BOM = b"\xef\xbb\xbf"
_PANDOC = "convert it with: pandoc -t plain --wrap=none FILE -o FILE.txt"
# The first bytes of a binary format, its name, and what to do; FILE is the name of the file.
_BINARY = (
    (b"%PDF-", "a PDF document", "convert it with: pdftotext FILE FILE.txt"),
    (b"PAR1", "a Parquet file", "rename it so that it ends in .parquet"),
    (b"\x1f\x8b", "compressed with gzip", "rename it so that it ends in .gz, or run gzip -d"),
    (b"\xfd7zXZ\0", "compressed with xz", "rename it so that it ends in .xz, or run xz -d"),
    (b"(\xb5/\xfd", "compressed with zstd", "rename it so that it ends in .zst, or run zstd -d"),
    (b"BZh", "compressed with bzip2", "decompress it with: bzip2 -d FILE"),
    (b"{\\rtf", "an RTF document", _PANDOC),
    (
        b"\xd0\xcf\x11\xe0",
        "a document of an old Office version",
        "convert it with: soffice --headless --convert-to txt:Text FILE (or csv for a table)",
    ),
    (b"SQLite format 3\0", "an SQLite database", "export the text as CSV or JSON lines"),
    (b"\x93NUMPY", "an array of NumPy", "give the file of the text"),
)
# What a ZIP archive contains, its name, and what to do.
_ARCHIVES = (
    (b"word/", "a Word document", f"rename it so that it ends in .docx, or {_PANDOC}"),
    (
        b"xl/",
        "an Excel workbook",
        "save the sheet as CSV (UTF-8), or convert it with: soffice --headless --convert-to csv "
        "FILE",
    ),
    (b"ppt/", "a PowerPoint file", "convert it with: soffice --headless --convert-to pdf FILE"),
    (
        b"opendocument.spreadsheet",
        "an OpenDocument table",
        "save the sheet as CSV, or convert it with: soffice --headless --convert-to csv FILE",
    ),
    (
        b"opendocument.text",
        "an OpenDocument text",
        _PANDOC,
    ),
    (
        b"application/epub",
        "an e-book",
        _PANDOC,
    ),
    (b"", "a ZIP archive", "extract it with: unzip FILE"),
)
_CONVERT = "babelite corpus convert en-fr=FILE --out pairs.tsv"
# What may come before the first element of XML and HTML.
_PROLOGUE = re.compile(rb"(?:<\?xml.*?\?>|<!--.*?-->|\s)*", re.DOTALL | re.IGNORECASE)
# Patterns at the beginning of text in another format than lines, its name, and what to do.
_MARKUP = (
    (
        rb"<(!doctype\s+)?tmx\b",
        "a translation memory (TMX)",
        f"rename it so that it ends in .tmx, or convert it with: {_CONVERT} --format tmx",
    ),
    (
        rb"<(!doctype\s+)?xliff\b",
        "a message catalog (XLIFF)",
        f"convert it with: {_CONVERT} --format catalog",
    ),
    (
        rb"<(!doctype\s+html|html|head|body)\b",
        "a web page (HTML)",
        "rename it so that it ends in .html, or convert it with: pandoc -f html -t plain "
        "--wrap=none FILE -o FILE.txt",
    ),
    (
        rb"(WEBVTT\b|\d+\s*\n\d\d:\d\d:\d\d[,.]\d{3} --> )",
        "a subtitle file",
        "rename it so that it ends in .srt or .vtt, or remove the times with: "
        r"grep -vE '^[0-9[:space:]]*$|-->|^WEBVTT' FILE > FILE.txt",
    ),
    (
        rb"(#[^\n]*\n|\s)*msgid\s+\"",
        "a message catalog (PO)",
        f"convert it with: {_CONVERT} --format catalog",
    ),
)
_PATTERNS = tuple((re.compile(start, re.IGNORECASE), name, hint) for start, name, hint in _MARKUP)


def line_stream(stream: BinaryIO, path: str | Path) -> BinaryIO:
    """A stream as one of lines, from its beginning; carriage returns alone become line ends.

    Raises ``not-text`` if the stream has another format than lines of text.
    """
    try:
        head = peek(stream)
    except DAMAGE_ERRORS:
        return stream  # reading it raises the error again, with the line
    _require_text(head, path)
    if b"\n" in head or b"\r" not in head[:-1] or b"\0" in head:
        return stream
    return cast(BinaryIO, io.BufferedReader(_CarriageReturns(stream, path), READ_BLOCK))


class _CarriageReturns(io.RawIOBase):
    """A stream whose lines end in carriage returns only, with line feeds in their place."""

    def __init__(self, stream: BinaryIO, path: str | Path) -> None:
        self._stream, self._path = stream, path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = cast(io.BufferedReader, self._stream).read1(len(buffer))
        if b"\n" in data:
            problem = "has lines that end in carriage returns, and lines that end in line feeds"
            hint = r"convert it with: tr -s '\r' '\n'"
            raise BabeliteError(problem, code="format-invalid", path=self._path, hint=hint)
        buffer[: len(data)] = data.replace(b"\r", b"\n")
        return len(data)


def peek(stream: BinaryIO) -> bytes:
    """Some of the next bytes, which are not consumed."""
    if hasattr(stream, "peek"):
        return cast(io.BufferedReader, stream).peek(READ_BLOCK)
    with contextlib.suppress(OSError):
        position = stream.tell()
        head = stream.read(READ_BLOCK)
        stream.seek(position)
        return head
    return b""


def _require_text(head: bytes, path: str | Path) -> None:
    """Raise ``not-text`` if the first bytes of a file are those of another format."""
    for start, name, hint in _BINARY:
        if head.startswith(start):
            raise _not_text(name, hint, path)
    if head.startswith(b"PK\3\4"):
        for content, name, hint in _ARCHIVES:
            if content in head:
                raise _not_text(name, hint, path)
    head = head.removeprefix(_BOM)
    prologue = cast("re.Match[bytes]", _PROLOGUE.match(head))
    for pattern, name, hint in _PATTERNS:
        if pattern.match(head, prologue.end()):
            raise _not_text(name, hint, path)
    if prologue[0].lstrip().lower().startswith(b"<?xml"):
        raise _not_text("XML", "extract the text, one sentence a line", path)


def _not_text(name: str, hint: str, path: str | Path) -> BabeliteError:
    problem = f"is {name} and not lines of text"
    if str(path) != "-":
        hint = re.sub(r"FILE(\.txt|)", lambda found: shlex.quote(f"{path}{found[1]}"), hint)
    return BabeliteError(problem, code="not-text", path=path, hint=hint)
