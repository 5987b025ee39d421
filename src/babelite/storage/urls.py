"""Files and folders by path or URL: object storage such as ``s3://…`` through fsspec."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from babelite.errors import BabeliteError, requires_extra
from babelite.storage.atomic_write import writing_atomically
from babelite.storage.compression import (
    READ_BLOCK,
    decompressed,
    open_file,
    reading_bytes,
    require_unchanged,
)
from babelite.storage.paths import make_folder
from babelite.storage.temporary import temporary_folder

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from fsspec import AbstractFileSystem

_TEMPORARY = ".tmp"
_ARCHIVE_MODULES = ("_lzma", "tarfile", "zipfile", "zlib")  # exceptions mean a damaged archive


def is_url(place: str | Path) -> bool:
    """Whether a place is a URL and not a local path.

    Example:
        >>> is_url("s3://bucket/lines.txt"), is_url("C:/lines.txt"), is_url("-")
        (True, False, False)
    """
    return "://" in str(place)


def _filesystem_of(url: str) -> tuple[AbstractFileSystem, str]:
    """The fsspec file system of a URL, and the path in it."""
    with requires_extra(url, "cluster"):
        from fsspec.core import url_to_fs
    try:
        with _explained_errors(url, (ImportError, ValueError)):
            found: tuple[AbstractFileSystem, str] = url_to_fs(url)
    except ImportError as error:  # its text names the package to install
        problem = f"cannot be reached ({str(error).rstrip('.')})"
        hint = "install that library on every machine that works"
        raise BabeliteError(problem, code="extra-missing", path=url, hint=hint) from error
    except ValueError as error:
        problem = f"is not a URL that fsspec understands ({str(error).rstrip('.')})"
        hint = "write it as fsspec does, for example s3://bucket/lines.txt"
        raise BabeliteError(problem, code="input-invalid", path=url, hint=hint) from error
    return found


@contextlib.contextmanager
def reading_path_or_url(place: str) -> Iterator[BinaryIO]:
    """Open a path or URL as `reading_bytes`; a URL needs the extra ``cluster``."""
    if not is_url(place):
        with reading_bytes(place) as stream:
            yield stream
        return
    with reading_seekable(place) as stored, decompressed(stored, place) as stream:
        yield stream


@contextlib.contextmanager
def reading_seekable(place: str) -> Iterator[BinaryIO]:
    """Open a path or URL for reading at any position, not decompressed."""
    if not is_url(place):
        with open_file(Path(place)) as stream, require_unchanged(stream, place):
            yield stream
        return
    files, path = _filesystem_of(place)
    with _explained_errors(place):
        opened = files.open(path, "rb")
    with opened:
        yield cast(BinaryIO, io.BufferedReader(_StoredFile(opened, place), READ_BLOCK))


class _StoredFile(io.RawIOBase):
    """An open file of a storage library, whose errors while it is read are explained."""

    def __init__(self, file: io.RawIOBase, place: str) -> None:
        self._file, self._place = file, place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _explained_errors(self._place):
            return self._file.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        with _explained_errors(self._place):
            data = self._file.read(len(view)) or b""
        view[: len(data)] = data
        return len(data)


@contextlib.contextmanager
def _explained_errors(place: str, others: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn any exception of a storage library, except some others, into a `BabeliteError`."""
    try:
        yield
    except others:
        raise
    except FileNotFoundError as error:
        problem, hint = "there is no such file", "check the URL"
        raise BabeliteError(problem, code="file-not-found", path=place, hint=hint) from error
    except BabeliteError:
        raise
    except Exception as error:  # each library has its own exceptions
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        if type(error).__module__ in _ARCHIVE_MODULES:
            problem = f"cannot be read as an archive ({reason})"
            hint = "fetch the archive again, or unpack it first"
            raise BabeliteError(problem, code="file-damaged", path=place, hint=hint) from error
        problem = f"cannot be reached ({reason})"
        hint = "check the URL, and the credentials on every machine that works"
        raise BabeliteError(problem, code="network-failed", path=place, hint=hint) from error


def expand_url_glob(place: str) -> list[str]:
    """The sorted files that a URL with ``*`` matches; any other place is returned unchanged."""
    if not is_url(place) or "*" not in place:
        return [place]
    files, path = _filesystem_of(place)
    with _explained_errors(place):
        found = sorted(files.unstrip_protocol(name) for name in files.glob(path))
    if not found:
        hint = "check the URL"
        raise BabeliteError("matches no file", code="file-not-found", path=place, hint=hint)
    return found


class Folder:
    """A local folder or one in object storage (a URL), to which complete files are written."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._files: AbstractFileSystem | None = None
        self._path = place
        if is_url(place):
            self._files, self._path = _filesystem_of(place)

    @property
    def absolute(self) -> str:
        """The URL or absolute path, valid in any current directory."""
        return self.place if self._files is not None else str(Path(self.place).absolute())

    def make(self) -> None:
        """Create the folder if it is missing."""
        if self._files is None:
            make_folder(Path(self.place))
            return
        with _explained_errors(self.place):
            self._files.makedirs(self._path, exist_ok=True)

    def names(self) -> set[str]:
        """The names of its files; empty if the folder does not exist."""
        if self._files is None:
            folder = Path(self.place)
            return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        with _explained_errors(self.place):
            self._files.invalidate_cache()
            if not self._files.exists(self._path):
                return set()
            listed: list[str] = self._files.ls(self._path, detail=False)
        return {name.rstrip("/").rsplit("/", 1)[-1] for name in listed}

    def file(self, name: str) -> str:
        """The path or URL of one of its files."""
        return f"{self.place.rstrip('/')}/{name}"

    def read_text(self, name: str) -> str:
        """Read a UTF-8 text file of the folder."""
        with reading_seekable(self.file(name)) as stream:
            return stream.read().decode("utf-8", "replace")

    def write_text(self, name: str, text: str) -> None:
        """Write a UTF-8 text file of the folder atomically."""
        with self.writing(name) as path:
            path.write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Yield a local path for a file that gets its name when it is complete.

        For object storage the file is uploaded under a temporary name and then renamed there.
        """
        if self._files is None:
            with writing_atomically(self.file(name)) as path:
                yield path
            return
        with temporary_folder() as folder:
            path = folder / name
            yield path
            with _explained_errors(self.file(name)):
                sent = f"{self._path}/.{name}.{folder.name}{_TEMPORARY}"
                self._files.put_file(str(path), sent)
                self._files.mv(sent, f"{self._path}/{name}")

    def remove_unfinished(self) -> None:
        """Delete the temporary files of killed workers."""
        for name in self.names():
            if name.startswith(".") and name.endswith(_TEMPORARY):
                if self._files is None:
                    Path(self.file(name)).unlink(missing_ok=True)
                else:
                    with contextlib.suppress(Exception):  # a leftover does no harm
                        self._files.rm_file(f"{self._path}/{name}")
