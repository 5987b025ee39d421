"""Reading lines: compression, damaged files, encodings."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st
from packed_bytes import SUFFIXES, pack

from babelite.storage import (
    read_lines,
    reading_bytes,
    suffix_of,
    writing_atomically,
    writing_text,
)

TEXT = "".join(f"line {number} ünïcode 你好 \U0001f600\n" for number in range(30_000))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lines_of_compressed_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(pack(TEXT.encode(), suffix))
    assert list(read_lines(path)) == TEXT.splitlines()


def test_concatenated_compressed_files_are_read(tmp_path: Path) -> None:
    for suffix in SUFFIXES:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(pack(b"one\n", suffix) + pack(b"two\n", suffix))
        assert list(read_lines(path)) == ["one", "two"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"))))
def test_lines_end_at_line_feeds_only(lines: list[str]) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    for expected, content in ((lines, data), (lines, data.replace(b"\n", b"\r\n"))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + content)))
            assert list(read_lines("-")) == expected


def test_a_last_line_without_an_end_and_a_very_long_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"short\n" + b"x" * 3_000_000 + b"\nlast")
    assert [len(line) for line in read_lines(path)] == [5, 3_000_000, 4]


def test_standard_input_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"a\nb\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(read_lines("-")) == ["a", "b"]
    assert not stdin.buffer.closed


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_a_truncated_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    data = pack(TEXT.encode(), suffix)
    path.write_bytes(data[: len(data) // 2])
    lines = read_lines(path)
    with raises("file-damaged") as caught:
        for number, _ in enumerate(lines, 1):
            whole = number
    assert caught.value.line == whole + 1 > 1000
    cut_off = raises("file-damaged")
    with cut_off, reading_bytes(path) as stream:
        stream.read()


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_a_wrong_compression_ending_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(b"plain text\n" * 9)
    with raises("file-damaged", "line 1"):
        list(read_lines(path))


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\n" * 70_000 + "caf\u00e9\n".encode("latin-1"))
    with raises("not-utf8", "line 70001"):
        list(read_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_utf16_is_an_error(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"{mark}cafés\nbars\n".encode(encoding))
    with raises("not-utf8", r"line 1: .*iconv -f UTF-16"):
        list(read_lines(path))


def test_binary_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\nfine\n\x00\x01")
    with raises("not-utf8", "line 3"):
        list(read_lines(path))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with raises("file-not-found"):
        list(read_lines(tmp_path / "none"))
    with raises("is-a-folder"):
        list(read_lines(tmp_path))
    with raises("is-a-folder"), writing_atomically(tmp_path):
        pass
    with (
        raises("not-writable", "no"),
        writing_atomically(tmp_path / "no" / "file"),
    ):
        pass


def test_suffix_of() -> None:
    assert [suffix_of(name) for name in ("a.tsv", "a.b.JSONL.gz", "a", "-")] == [
        ".tsv",
        ".jsonl",
        "",
        "",
    ]


def test_endings_are_case_insensitive(tmp_path: Path) -> None:
    path = tmp_path / "x.TSV.GZ"
    with writing_text(path) as stream:
        stream.write("one\n")
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert list(read_lines(path)) == ["one"]


def test_closed_standard_input_is_an_error_only_when_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    (tmp_path / "x.txt").write_text("a\n")
    assert list(read_lines(tmp_path / "x.txt")) == ["a"]
    with raises("not-readable", "standard input"):
        list(read_lines("-"))


def test_output_is_utf8_when_redirected(tmp_path: Path) -> None:
    lines = tmp_path / "it.txt"
    lines.write_text("Dov’è il caffè?\n", encoding="utf-8")
    command = [sys.executable, "-m", "babelite", "search", str(lines), "Where is it?", "-k", "1"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "Dov’è il caffè?" in done.stdout.decode("utf-8")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_line_without_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("babelite.storage.lines.MAX_RECORD_BYTES", 1_000_000)
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(pack(b"first\n" + b"a" * 10_000_000, suffix))
    with raises("limit-exceeded", r"a\.txt.*line 2"):
        list(read_lines(path))
    path.write_bytes(pack(b"a" * 900_000 + b"\n" + b"b" * 900_000, suffix))
    assert [len(line) for line in read_lines(path)] == [900_000, 900_000]
