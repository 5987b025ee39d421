"""Temporary files and folders: locked while they are used; those of killed processes are deleted.

A lock ends with its process. So a temporary file that is not locked belongs to a process that was
killed. Where the file system has no locks, nothing is deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_RANDOM = "[a-z0-9_]{8}"  # the random part of the names that `tempfile` chooses
_FOLDER_PREFIX = "babelite-tmp-"


@contextlib.contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Create a temporary file in the folder of a path; delete it at the end.

    Those that killed processes left for the same path are deleted first.
    """
    remove_leftovers(path.parent, path.name)
    handle, temporary = _create_locked(path)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Delete the temporary files that killed processes left in a folder, for one file or for all.

    Temporary files of running processes are kept.
    """
    written = ".+" if name is None else re.escape(name)
    pattern = re.compile(rf"\.{written}\.{_RANDOM}\.tmp")
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with _locked(entry.path, os.O_RDWR) as locked:
                    if locked:
                        Path(entry.path).unlink(missing_ok=True)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder for temporary files; delete it at the end, and those of killed processes."""
    place = Path(tempfile.gettempdir())
    for path in list(place.glob(f"{_FOLDER_PREFIX}*")):
        if re.fullmatch(_FOLDER_PREFIX + _RANDOM, path.name):
            with contextlib.suppress(OSError), _locked(path, os.O_RDONLY) as locked:
                if locked:
                    shutil.rmtree(path, ignore_errors=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX))
        with _locked(folder, os.O_RDONLY):
            if not folder.exists():  # another process took it for a leftover before it was locked
                continue
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return


def _create_locked(path: Path) -> tuple[int | None, Path]:
    """Create a temporary file beside a path, locked until the handle is closed."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        if sys.platform == "win32":  # an open file could not be renamed
            os.close(handle)
            return None, Path(name)
        _lock(handle)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another process took it for a leftover before it was locked


@contextlib.contextmanager
def _locked(path: str | Path, flags: int) -> Iterator[bool]:
    """Lock a file or folder, and yield whether this process has locked it."""
    if sys.platform == "win32":
        yield False
        return
    try:
        handle = os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file; False if another process has locked it or there are no locks."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
