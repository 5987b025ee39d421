"""Locks keep a second process away and are released with the first."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from error_codes import raises

from babelite.storage import is_lock_file, locked_folder

HOLD = """
import sys
from pathlib import Path
from babelite.storage import locked_folder
with locked_folder(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_process(folder: Path) -> Iterator[None]:
    """A process that has locked the folder."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
        process.kill()


def test_a_locked_folder_is_refused_until_its_process_ends(tmp_path: Path) -> None:
    with other_process(tmp_path), raises("file-locked", str(tmp_path)), locked_folder(tmp_path):
        pass
    with locked_folder(tmp_path):
        assert [is_lock_file(path) for path in tmp_path.iterdir()] == [True]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with raises("not-writable"), locked_folder(tmp_path / "none"):
        pass
