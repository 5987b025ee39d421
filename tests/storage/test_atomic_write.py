"""Atomic writing: compression, errors, permissions, devices, links."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from error_codes import raises
from packed_bytes import SUFFIXES, pack

from babelite.errors import BabeliteError
from babelite.storage import (
    atomic_write,
    read_lines,
    write_text,
    writing_bytes,
    writing_text,
)

TEXT = "".join(f"line {number} ünïcode 你好 \U0001f600\n" for number in range(30_000))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_written_lines_are_read_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    with writing_text(path) as out:
        out.write(TEXT)
    assert path.read_bytes()[:4] == pack(b"x", suffix)[:4] or not suffix
    assert list(read_lines(path)) == TEXT.splitlines()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_a_flipped_bit_in_a_compressed_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    lines = [f"line {number}" for number in range(200)]
    with writing_text(path) as out:
        out.writelines(f"{line}\n" for line in lines)
    whole = path.read_bytes()
    for number in range(0, 8 * len(whole), 8 * len(whole) // 60):
        damaged = bytearray(whole)
        damaged[number // 8] ^= 1 << number % 8
        path.write_bytes(damaged)
        try:
            assert list(read_lines(path)) == lines
        except BabeliteError as error:
            assert error.code in ("file-damaged", "not-utf8")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    with writing_text(path) as out:
        out.write(TEXT)
    lines = read_lines(path)
    next(lines)
    os.utime(path, ns=(0, 0))  # as writing into the file does
    with raises("file-changed", r"a\.txt.*changed while it was read"):
        list(lines)


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, TEXT)
    lines = read_lines(path)
    first = next(lines)
    write_text(path, "other\n")
    assert [first, *lines] == TEXT.splitlines()


def test_the_same_text_makes_the_same_gzip_file(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with writing_bytes(tmp_path / name) as out:
            out.write(b"text")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_an_error_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
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

    monkeypatch.setattr(atomic_write.os, "fsync", full)
    with raises("not-writable", r"a\.txt.*No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("size", [10, 10_000_000])
def test_a_device_is_written_directly(size: int) -> None:
    with raises("not-writable", "No space left"), writing_text("/dev/full") as out:
        out.write("x" * size)
    assert Path("/dev/full").is_char_device()


def test_dev_stdout_is_appended_to(tmp_path: Path) -> None:
    program = """
from babelite.storage import writing_text
with writing_text("/dev/stdout") as out:
    out.write("b")
"""
    (tmp_path / "all.txt").write_text("a")
    with (tmp_path / "all.txt").open("a") as stream:
        subprocess.run([sys.executable, "-c", program], stdout=stream, check=True)
    assert (tmp_path / "all.txt").read_text() == "ab"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="Linux has names for open files")
def test_an_open_file_is_not_replaced(tmp_path: Path) -> None:
    with (tmp_path / "all.txt").open("w") as stream:
        name = f"/dev/fd/{stream.fileno()}"
        with raises("not-writable"):
            write_text(name, "new")
    assert (tmp_path / "all.txt").read_text() == ""


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="a folder in memory of Linux")
def test_files_in_shared_memory_are_replaced() -> None:
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


def test_permissions_follow_the_old_file_or_the_umask(tmp_path: Path) -> None:
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
