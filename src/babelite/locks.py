"""One process at a time: a lock on a folder that goes when its process does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babelite.errors import BabeliteError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a folder; the lock goes when the process does.

    Raises:
        BabeliteError: Another process is at it.
    """
    with (folder / ".lock").open("a+b") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BabeliteError(
                "is being changed by another process",
                path=folder,
                remedy="wait for its end, then give the command again",
            ) from error
        yield
