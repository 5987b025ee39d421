"""Folders and files by path or URL."""

import gzip
import zipfile
from pathlib import Path

import fsspec
import pytest
from error_codes import raises

from babelite.storage import Folder, expand_url_glob, reading_path_or_url

MEMORY = fsspec.filesystem("memory")


@pytest.fixture(params=["path", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "path":
        return str(tmp_path / "deep" / "folder")
    MEMORY.store.clear()
    return "memory://deep/folder"


def test_a_file_gets_its_name_when_it_is_complete(place: str) -> None:
    folder = Folder(place)
    assert folder.names() == set()
    folder.make()
    folder.make()
    with folder.writing("a.bin") as path:
        path.write_bytes(b"\x00half")
        assert "a.bin" not in folder.names()
    assert folder.names() == {"a.bin"}
    with reading_path_or_url(folder.file("a.bin")) as stream:
        assert stream.read() == b"\x00half"
    folder.write_text("t.json", "é")
    assert folder.read_text("t.json") == "é"


def test_a_failed_write_leaves_no_file(place: str) -> None:
    folder = Folder(place)
    folder.make()
    with pytest.raises(RuntimeError), folder.writing("a.bin") as path:
        path.write_bytes(b"half")
        raise RuntimeError
    assert folder.names() == set()


def test_only_temporary_files_of_killed_workers_are_removed(place: str) -> None:
    folder = Folder(place)
    folder.make()
    for name in (".part.x.tmp", "part.parquet", ".hidden"):
        folder.write_text(name, "x")
    folder.remove_unfinished()
    assert folder.names() == {"part.parquet", ".hidden"}


def test_compressed_files_in_object_storage_are_decompressed() -> None:
    MEMORY.pipe("/packed/a.txt.gz", gzip.compress(b"one\ntwo\n"))
    with reading_path_or_url("memory://packed/a.txt.gz") as stream:
        assert stream.read() == b"one\ntwo\n"


def test_a_glob_in_a_url_is_expanded() -> None:
    for name in ("b.txt", "a.txt", "c.tsv"):
        MEMORY.pipe(f"/stars/{name}", b"x\n")
    assert expand_url_glob("memory://stars/*.txt") == [
        "memory:///stars/a.txt",
        "memory:///stars/b.txt",
    ]
    assert expand_url_glob("here/*.txt") == ["here/*.txt"]
    with raises("file-not-found"):
        expand_url_glob("memory://stars/*.parquet")


def test_unreachable_urls_and_folders() -> None:
    missing = raises("file-not-found")
    with missing, reading_path_or_url("memory://nowhere/a.txt"):
        pass
    with raises("input-invalid", "s3://"):
        expand_url_glob("nonsense://bucket/*.txt")
    with raises("not-writable"):
        Folder("/dev/null/folder").make()


def test_archives_that_are_damaged_or_missing(tmp_path: Path) -> None:
    bad, good, damaged = (tmp_path / name for name in ("bad.zip", "good.zip", "damaged.zip"))
    bad.write_text("not an archive")
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.txt", "".join(f"line {n}\n" for n in range(1000)))
    data = bytearray(good.read_bytes())
    data[60] ^= 4
    damaged.write_bytes(data)
    for archive_path, code in (
        (bad, "file-damaged"),
        (damaged, "file-damaged"),
        (tmp_path / "none.zip", "file-not-found"),
        (tmp_path, "network-failed"),
    ):
        url = f"zip://x.txt::{archive_path}"
        with raises(code, "x.txt"), reading_path_or_url(url) as stream:
            stream.read()
    with reading_path_or_url(f"zip://x.txt::{good}") as stream:
        assert stream.read(7) == b"line 0\n"
