"""Atomic writing: a file gets its name only when it is complete; errors keep the old file."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from babelite.errors import BabeliteError
from babelite.storage.compression import compressed
from babelite.storage.paths import folder_instead_of_file, is_standard_output
from babelite.storage.temporary import temporary_beside
from babelite.storage.terminal import TerminalWriter

# Paths under which systems list files that are already open.
_OPEN_FILES = ("/dev/std", "/dev/fd/", "/proc/")


@contextlib.contextmanager
def writing_atomically(path: str | Path) -> Iterator[Path]:
    """Write a file under a temporary name and rename it when it is complete.

    Yields the temporary path, in the same folder, for the caller to write to; it is locked, and
    what killed processes left there is deleted first. A device or pipe is written directly. If the
    file cannot be written (code ``not-writable``), an existing one is unchanged.
    """
    path = Path(path)
    if path.is_dir():
        raise folder_instead_of_file(path, "add a file name")
    if path.is_file() and str(path.absolute()).startswith(_OPEN_FILES):
        problem = "is the name of an open file, and writing would replace it"
        hint = "name the file itself, or - for standard output"
        raise BabeliteError(problem, code="not-writable", path=path, hint=hint)
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        path = path.resolve()  # a link is kept; the file it points to is replaced
        with temporary_beside(path) as temporary:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(_permissions(path))
            temporary.replace(path)
    except BrokenPipeError:  # a reader that has seen enough is no error
        raise
    except OSError as error:
        raise write_error(path, error) from error


def _permissions(path: Path) -> int:
    """The permissions of the file that is replaced, else those the umask gives to new files."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0o077)  # it cannot be read without setting it
    os.umask(umask)
    return 0o666 & ~umask


@contextlib.contextmanager
def writing_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file as `writing_atomically`, compressed by its ending (``.gz``, ``.xz``, ``.zst``).

    The path ``-`` is standard output, which is never compressed. A ``.zst`` file needs the extra
    ``corpus``.
    """
    if is_standard_output(path):
        if sys.stdout is None:
            hint = "give a file as output"
            raise BabeliteError("standard output is closed", code="not-writable", hint=hint)
        if sys.stdout.isatty():
            with io.BufferedWriter(TerminalWriter(sys.stdout.buffer)) as terminal:
                yield terminal
        else:
            yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with (
        writing_atomically(path) as temporary,
        temporary.open("wb") as file,
        compressed(file, path) as stream,
    ):
        yield stream


@contextlib.contextmanager
def writing_text(path: str | Path) -> Iterator[TextIO]:
    """Write a UTF-8 text file, compressed by its ending; see `writing_bytes`."""
    with writing_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
        try:
            yield text
        finally:
            text.detach()  # flushes; `writing_bytes` closes the stream


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file atomically; see `writing_atomically`."""
    with writing_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_error(path: Path, error: OSError) -> BabeliteError:
    """The error for a file that cannot be written, with the reason the system gave."""
    hint = "free some space or choose another place; the file that was there is unchanged"
    if error.errno == errno.ENOENT:
        hint = f"create the folder {path.parent} first"
    reason = error.strerror or str(error)
    return BabeliteError(f"cannot be written ({reason})", code="not-writable", path=path, hint=hint)
