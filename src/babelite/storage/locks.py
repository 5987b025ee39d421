"""One process at a time: locks on folders and files, which go when their process does."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from babelite.errors import BabeliteError
from babelite.storage.files import cannot_write

LOCK = ".lock"  # the file in a folder; it stays, and says nothing

# A process that was just killed frees its memory before it lets go of its files.
_SECONDS_TO_DIE = 2.0
_SECONDS_BETWEEN_TRIES = 0.05
# Some network file systems have no locks, and say so in other ways.
_HELD_BY_ANOTHER = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)


class InUseError(BabeliteError):
    """Another process is at it; nothing of its work may be touched.

    Args:
        path: What it is at.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            "is being changed by another process",
            path=path,
            hint="wait for its end, then give the command again",
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a folder; the lock goes when the process does.

    Raises:
        InUseError: Another process is at it.
        BabeliteError: Nothing can be written there.
    """
    try:
        opened = (folder / LOCK).open("a+b")
    except OSError as error:
        raise cannot_write(folder, error) from error
    with opened as file:
        lock(file, folder)
        yield


def lock(file: BinaryIO, path: Path) -> None:
    """Lock an open file until it is closed.

    Args:
        file: The file.
        path: What it stands for, for messages.

    Raises:
        InUseError: Another process has locked it.
    """
    end = time.monotonic() + _SECONDS_TO_DIE
    while not _is_taken(file):
        if time.monotonic() > end:
            raise InUseError(path)
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _is_taken(file: BinaryIO) -> bool:
    """Take the lock, unless another process has it; where there are no locks it is taken."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD_BY_ANOTHER
    return True
