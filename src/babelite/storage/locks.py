"""File locks between processes (flock, msvcrt), released when the process ends."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from babelite.errors import BabeliteError
from babelite.storage.atomic_write import write_error
from babelite.storage.temporary import remove_leftovers

_LOCK = ".lock"  # an empty file in the folder; it stays after the lock is released

# A killed process frees its memory before its locks.
_SECONDS_TO_WAIT = 2.0
_SECONDS_BETWEEN_TRIES = 0.05
# Network file systems without locks report other errors.
_LOCKED_BY_ANOTHER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


class InUseError(BabeliteError):
    """Another process has locked a file or folder; code ``file-locked``."""

    def __init__(self, path: Path) -> None:
        problem, hint = "is locked by another process", "retry when it has finished"
        super().__init__(problem, code="file-locked", path=path, hint=hint)


def is_lock_file(path: Path) -> bool:
    """Whether a file in a folder is the lock file of `locked_folder`."""
    return path.name == _LOCK


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Lock a folder until the block or the process ends; raise `InUseError` if it is locked.

    The temporary files of killed processes are deleted.
    """
    try:
        opened = (folder / _LOCK).open("a+b")
    except OSError as error:
        raise write_error(folder, error) from error
    with opened as file:
        lock_file(file, folder)
        remove_leftovers(folder)
        yield


def lock_file(file: BinaryIO, path: Path, seconds: float = _SECONDS_TO_WAIT) -> None:
    """Lock an open file until it is closed; without effect where the file system has no locks.

    Raises `InUseError`, which names ``path``, if another process has still locked the file after
    so many seconds (may be infinity).
    """
    end = time.monotonic() + seconds
    while not _try_lock(file):
        if time.monotonic() > end:
            raise InUseError(path)
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _try_lock(file: BinaryIO) -> bool:
    """Whether the file is locked now; also true where the file system has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _LOCKED_BY_ANOTHER
    return True
