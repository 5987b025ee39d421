"""Files and folders on this machine or, by a URL such as ``s3://…``, in object storage (fsspec)."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from babelite.errors import BabeliteError, MissingExtraError
from babelite.storage.files import (
    make_folder,
    open_binary,
    reading_bytes,
    unpacked,
    write_text,
    writing,
)

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_TEMPORARY = ".tmp"


def is_url(place: str | Path) -> bool:
    """Whether a place is named by a URL and not by a path of this machine.

    Example:
        >>> is_url("s3://bucket/lines.txt"), is_url("C:/lines.txt"), is_url("-")
        (True, False, False)
    """
    return "://" in str(place)


def filesystem(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system a URL belongs to, and the path in it.

    Raises:
        MissingExtraError: fsspec is not installed.
        BabeliteError: There is no such kind of storage, or the library that reaches it is missing.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError(f"{url} ", "cluster") from error
    try:
        found: tuple[AbstractFileSystem, str] = url_to_fs(url)
    except ImportError as error:  # its text says which package to install
        raise BabeliteError(
            f"cannot be reached ({str(error).rstrip('.')})",
            path=url,
            hint="install that library on every machine that works",
        ) from error
    except ValueError as error:
        raise BabeliteError(
            f"cannot be understood ({str(error).rstrip('.')})",
            path=url,
            hint="write it as fsspec does, for example s3://bucket/lines.txt",
        ) from error
    return found


@contextlib.contextmanager
def reading(place: str) -> Iterator[BinaryIO]:
    """Read a file as bytes, decompressed if its name says so.

    Args:
        place: A path, ``-`` for standard input, or a URL.

    Yields:
        A readable stream with ``read1``.

    Raises:
        BabeliteError: It is missing, damaged or cannot be reached.
        MissingExtraError: A URL without fsspec, or a ``.zst`` file without the extra ``corpus``.
    """
    if not is_url(place):
        with reading_bytes(place) as stream:
            yield stream
        return
    with reading_stored(place) as stored, unpacked(stored, place) as stream:
        yield stream


@contextlib.contextmanager
def reading_stored(place: str) -> Iterator[BinaryIO]:
    """Read a file as it is stored: seekable, and never decompressed unless it is a path."""
    if not is_url(place):
        with open_binary(place) as stream:
            yield stream
        return
    files, path = filesystem(place)
    with _reaching(place):
        opened = files.open(path, "rb")
    with opened:
        yield cast(BinaryIO, io.BufferedReader(opened, 1 << 18))


@contextlib.contextmanager
def _reaching(place: str) -> Iterator[None]:
    """Turns what the libraries of storages raise into a sentence."""
    try:
        yield
    except FileNotFoundError as error:
        raise BabeliteError("there is no such file", path=place, hint="check the URL") from error
    except BabeliteError:
        raise
    except Exception as error:  # each library has its own
        reason = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
        raise BabeliteError(
            f"cannot be reached ({reason})",
            path=place,
            hint="check the URL, and the credentials on every machine that works",
        ) from error


def expanded(place: str) -> list[str]:
    """The files that a URL with ``*`` stands for, in order; anything else stands for itself.

    Raises:
        BabeliteError: No file matches.
    """
    if not is_url(place) or "*" not in place:
        return [place]
    files, path = filesystem(place)
    with _reaching(place):
        found = sorted(files.unstrip_protocol(name) for name in files.glob(path))
    if not found:
        raise BabeliteError("matches no file", path=place, hint="check the URL")
    return found


class Folder:
    """A folder that workers write whole files into.

    Args:
        place: A path or a URL.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self._files: AbstractFileSystem | None = None
        self._path = place
        if is_url(place):
            self._files, self._path = filesystem(place)

    @property
    def absolute(self) -> str:
        """The place, to be found from any current directory."""
        return self.place if self._files is not None else str(Path(self.place).absolute())

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises:
            BabeliteError: It cannot be made.
        """
        if self._files is not None:
            with _reaching(self.place):
                self._files.makedirs(self._path, exist_ok=True)
            return
        make_folder(Path(self.place))

    def names(self) -> set[str]:
        """The names of the files that are there; none if there is no such folder."""
        if self._files is None:
            folder = Path(self.place)
            return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        with _reaching(self.place):
            self._files.invalidate_cache()
            if not self._files.exists(self._path):
                return set()
            listed: list[str] = self._files.ls(self._path, detail=False)
        return {name.rstrip("/").rsplit("/", 1)[-1] for name in listed}

    def file(self, name: str) -> str:
        """The place of one of its files."""
        return f"{self.place.rstrip('/')}/{name}"

    def read_text(self, name: str) -> str:
        """A file of UTF-8 text.

        Raises:
            BabeliteError: It is not there.
        """
        with reading_stored(self.file(name)) as stream:
            return stream.read().decode("utf-8", "replace")

    def write_text(self, name: str, text: str) -> None:
        """Write a file of UTF-8 text, whole or not at all."""
        if self._files is None:
            write_text(self.file(name), text)
            return
        with self.writing(name) as path:
            path.write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Write a file that appears under its name when it is whole, and not before.

        Args:
            name: Of the file; one of that name is replaced.

        Yields:
            A path on this machine to write to. For object storage it is sent under a temporary
            name afterwards, and then renamed there.

        Raises:
            BabeliteError: It cannot be written.
        """
        if self._files is None:
            with writing(self.file(name)) as path:
                yield path
            return
        handle, temporary = tempfile.mkstemp(prefix="babelite-", suffix=_TEMPORARY)
        os.close(handle)
        try:
            yield Path(temporary)
            with _reaching(self.file(name)):
                sent = f"{self._path}/.{name}.{Path(temporary).name}"
                self._files.put_file(temporary, sent)
                self._files.mv(sent, f"{self._path}/{name}")
        finally:
            Path(temporary).unlink(missing_ok=True)

    def remove_unfinished(self) -> None:
        """Delete what killed workers have left of files they were writing."""
        for name in self.names():
            if name.startswith(".") and name.endswith(_TEMPORARY):
                if self._files is None:
                    Path(self.file(name)).unlink(missing_ok=True)
                else:
                    with contextlib.suppress(Exception):  # it is in nobody's way
                        self._files.rm_file(f"{self._path}/{name}")
