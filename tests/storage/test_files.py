"""Reading and writing files: compression, damage, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from babelite.errors import BabeliteError
from babelite.storage import files
from babelite.storage.files import (
    read_lines,
    reading_bytes,
    suffix_of,
    write_text,
    writing,
    writing_bytes,
    writing_text,
)

SUFFIXES = ["", ".gz", ".xz", ".zst"]
TEXT = "".join(f"line {number} ünïcode 你好 \U0001f600\n" for number in range(30_000))


def pack(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(data)
    if suffix == ".xz":
        return lzma.compress(data)
    if suffix == ".zst":
        return zstandard.compress(data)
    return data


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lines_of_packed_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(pack(TEXT.encode(), suffix))
    assert list(read_lines(path)) == TEXT.splitlines()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    with writing_text(path) as out:
        out.write(TEXT)
    assert path.read_bytes()[:4] == pack(b"x", suffix)[:4] or not suffix
    assert list(read_lines(path)) == TEXT.splitlines()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_same_text_makes_the_same_gzip_file(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with writing_bytes(tmp_path / name) as out:
            out.write(b"text")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_packed_files_may_be_joined(tmp_path: Path) -> None:
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
def test_a_cut_off_file_is_noticed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    data = pack(TEXT.encode(), suffix)
    path.write_bytes(data[: len(data) // 2])
    lines = read_lines(path)
    with pytest.raises(BabeliteError, match=r"cannot be read to its end.*fetch it again") as caught:
        for number, _ in enumerate(lines, 1):
            whole = number
    assert caught.value.line == whole + 1 > 1000
    cut_off = pytest.raises(BabeliteError, match="cannot be read to its end")
    with cut_off, reading_bytes(path) as stream:
        stream.read()


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_a_wrong_ending_is_noticed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(b"plain text\n" * 9)
    with pytest.raises(BabeliteError, match="line 1: cannot be read to its end"):
        list(read_lines(path))


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\n" * 70_000 + "caf\u00e9\n".encode("latin-1"))
    with pytest.raises(BabeliteError, match="line 70001: is not UTF-8; convert"):
        list(read_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_two_bytes_a_character_are_noticed(tmp_path: Path, encoding: str, mark: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"{mark}cafés\nbars\n".encode(encoding))
    with pytest.raises(BabeliteError, match=r"line 1: .*not UTF-8.* iconv -f UTF-16"):
        list(read_lines(path))


def test_binary_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"fine\nfine\n\x00\x01")
    with pytest.raises(BabeliteError, match="line 3: holds a zero byte"):
        list(read_lines(path))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="there is no such file"):
        list(read_lines(tmp_path / "none"))
    with pytest.raises(BabeliteError, match="is a folder"):
        list(read_lines(tmp_path))
    with pytest.raises(BabeliteError, match="is a folder"), writing(tmp_path):
        pass
    with pytest.raises(BabeliteError, match="make the folder"), writing(tmp_path / "no" / "file"):
        pass


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    write_text(path, "old")
    with pytest.raises(RuntimeError), writing_text(path) as out:
        out.write("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(BabeliteError, match=r"a\.txt: cannot be written \(No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_device_is_written_and_never_replaced(size: int) -> None:
    with pytest.raises(BabeliteError, match="No space left"), writing_text("/dev/full") as out:
        out.write("x" * size)
    assert Path("/dev/full").is_char_device()


def test_standard_output_by_its_name_is_appended_to(tmp_path: Path) -> None:
    program = """
from babelite.storage.files import writing_text
with writing_text("/dev/stdout") as out:
    out.write("b")
"""
    (tmp_path / "all.txt").write_text("a")
    with (tmp_path / "all.txt").open("a") as stream:
        subprocess.run([sys.executable, "-c", program], stdout=stream, check=True)
    assert (tmp_path / "all.txt").read_text() == "ab"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="Linux has names for open files")
def test_a_file_behind_the_name_of_a_stream_is_not_replaced(tmp_path: Path) -> None:
    with (tmp_path / "all.txt").open("w") as stream:
        name = f"/dev/fd/{stream.fileno()}"
        with pytest.raises(BabeliteError, match="stands for a file that is open"):
            write_text(name, "new")
    assert (tmp_path / "all.txt").read_text() == ""


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="a folder in memory of Linux")
def test_files_in_memory_are_replaced_as_others_are() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for text in ("old", "new"):
            write_text(Path(folder) / "a.txt", text)
        assert (Path(folder) / "a.txt").read_text() == "new"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    link = tmp_path / "link"
    link.symlink_to("target")
    write_text(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_suffix_of() -> None:
    assert [suffix_of(name) for name in ("a.tsv", "a.b.JSONL.gz", "a", "-")] == [
        ".tsv",
        ".jsonl",
        "",
        "",
    ]


def test_endings_count_in_any_case(tmp_path: Path) -> None:
    path = tmp_path / "x.TSV.GZ"
    with writing_text(path) as stream:
        stream.write("one\n")
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert list(read_lines(path)) == ["one"]


def test_permissions_are_those_of_before_or_what_the_user_wants(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    before = os.umask(0o027)
    try:
        write_text(path, "one")
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o600)
        write_text(path, "two")
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_closed_standard_input_matters_only_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    (tmp_path / "x.txt").write_text("a\n")
    assert list(read_lines(tmp_path / "x.txt")) == ["a"]
    with pytest.raises(BabeliteError, match="standard input: is closed"):
        list(read_lines("-"))


def test_other_scripts_go_where_a_console_knows_none(tmp_path: Path) -> None:
    lines = tmp_path / "ru.txt"
    lines.write_text("Где вокзал?\n", encoding="utf-8")
    command = [sys.executable, "-m", "babelite", "search", str(lines), "Where is it?", "-k", "1"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert "Где вокзал?" in done.stdout.decode("utf-8")
