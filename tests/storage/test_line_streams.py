"""Files that are not lines of text are refused by their first bytes; carriage returns end lines."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest
from error_codes import raises
from packed_bytes import SUFFIXES, pack

from babelite.storage import read_lines


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, "x" * 200)
    return content.getvalue()


def open_document(kind: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
    return content.getvalue()


XML = b'<?xml version="1.0"?>\n<!-- a comment -->\n'
SUBTITLES = b"1\r\n00:00:01,000 --> 00:00:02,500\r\nHello!\r\n"
FILES = {
    "docx": (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "Word.*pandoc"),
    "xlsx": (archive("[Content_Types].xml", "xl/workbook.xml"), "Excel.*csv"),
    "odt": (open_document("text"), "pandoc"),
    "ods": (open_document("spreadsheet"), "csv"),
    "zip": (archive("a.txt"), "unzip"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "pdftotext"),
    "parquet": (b"PAR1\x15\x04", r"\.parquet"),
    "gzip": (pack(b"text\n", ".gz"), r"\.gz"),
    "xz": (pack(b"text\n", ".xz"), r"\.xz"),
    "zstd": (pack(b"text\n", ".zst"), r"\.zst"),
    "rtf": (b"{\\rtf1\\ansi text}", "pandoc"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "soffice"),
    "tmx": (XML + b'<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">', "TMX.*convert"),
    "tmx without a prologue": (b'\xef\xbb\xbf<tmx version="1.4">', "TMX"),
    "xliff": (XML + b'<xliff version="1.2">', "XLIFF.*convert"),
    "xml": (XML + b"<feed/>", "XML"),
    "html": (b"\n<!DOCTYPE html>\n<html>", "HTML.*pandoc"),
    "html without a prologue": (b"<html lang=en>", "HTML"),
    "srt": (SUBTITLES, "subtitle.*grep.* (FILE|'.*/a file.txt'|.*/a.txt.gz) > '?.*txt'?"),
    "srt with a mark": (b"\xef\xbb\xbf" + SUBTITLES, "subtitle"),
    "vtt": (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello!\n", "subtitle"),
    "po": (b'# French\n#, fuzzy\nmsgid ""\nmsgstr ""\n', "PO.*convert"),
}


@pytest.mark.parametrize("kind", FILES)
def test_other_formats_are_refused_with_the_command_that_converts(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, fact = FILES[kind]
    path = tmp_path / "a file.txt"
    path.write_bytes(content)
    with raises("not-text", f"(?s){fact}"):
        list(read_lines(path))
    path = tmp_path / "a.txt.gz"
    path.write_bytes(pack(content, ".gz"))
    with raises("not-text", f"(?s){fact}"):
        list(read_lines(path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with raises("not-text", f"(?s)standard input.*{fact}"):
        list(read_lines("-"))


@pytest.mark.parametrize(
    "text",
    [
        "PK is a short name.",
        "<b>Bold</b> move",
        "<!-- a comment --> and a sentence",
        "1\n00 is a number",
        "html is a language\n<html> too",
        "7\n--> look here",
        "# msgid",
        "{curly}",
        "%PDF is a format",
        "<tmxfile> is a word",
    ],
)
def test_text_is_not_taken_for_another_format(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert list(read_lines(path)) == text.split("\n")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_carriage_returns_alone_end_lines(tmp_path: Path, suffix: str) -> None:
    lines = [f"line {number}" for number in range(60_000)]
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(pack(("\r".join(lines) + "\r").encode(), suffix))
    assert list(read_lines(path)) == lines
    path.write_bytes(pack(b"one\rstill one\r\ntwo\n", suffix))
    assert list(read_lines(path)) == ["one\rstill one", "two"]


def test_mixed_line_ends_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r" * 300_000 + b"two\n")
    with raises("format-invalid", "carriage returns"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("caf\u00e9, 5 \u20ac, \u201cquoted\u201d\n".encode("cp1252"), "iconv -f CP1252"),
        ("naïve café für señor\n".encode() * 9 + b"caf\xe9\n", "iconv -f UTF-8 -c"),
        ("привет, мир\n".encode("cp866"), "iconv -f (ENCODING|CP1252)"),
        ("日本語のテキスト\n".encode("shift_jis"), "iconv -f ENCODING"),
        ("a\u00e9\n".encode("utf-16"), "iconv -f UTF-16 "),
        ("cafés\n".encode("utf-16-le"), "iconv -f UTF-16LE"),
        ("cafés\n".encode("utf-16-be"), "iconv -f UTF-16BE"),
        (b"a line of text\n" * 9 + b"\0", "text file"),
    ],
)
def test_the_advice_fits_the_encoding(tmp_path: Path, content: bytes, advice: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with raises("not-utf8", advice):
        list(read_lines(path))
