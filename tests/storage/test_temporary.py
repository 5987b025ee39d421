"""Temporary files of killed processes are deleted; those of running processes are kept."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from babelite.storage import locked_folder, temporary_folder, write_text, writing_atomically

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files are not locked there")

_WAIT = "print(path, flush=True); input()"
_WRITE = f"""
from babelite.storage import writing_atomically
with writing_atomically("a.txt") as path:
    {_WAIT}
"""
_FOLDER = f"""
from babelite.storage import temporary_folder
with temporary_folder() as path:
    (path / "file").touch()
    {_WAIT}
"""


def started(program: str, here: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that waits in the middle, and the path that it uses."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=here,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_the_file_of_a_killed_process_is_deleted_by_the_next_writer(tmp_path: Path) -> None:
    process, temporary = started(_WRITE, tmp_path)
    write_text(tmp_path / "a.txt", "other")
    assert temporary.exists()  # the other process is running
    kill(process)
    own = tmp_path / ".a.txt.backup.tmp"
    own.touch()
    write_text(tmp_path / "b.txt", "text of another file")
    assert temporary.exists()
    write_text(tmp_path / "a.txt", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == [own.name, "a.txt", "b.txt"]


def test_locking_a_folder_deletes_the_files_of_killed_processes(tmp_path: Path) -> None:
    process, temporary = started(_WRITE, tmp_path)
    kill(process)
    assert temporary.exists()
    with writing_atomically(tmp_path / "b.txt") as used, locked_folder(tmp_path):
        assert used.exists()
        assert not temporary.exists()


def test_the_folder_of_a_killed_process_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    process, folder = started(_FOLDER, tmp_path)
    with temporary_folder():
        assert (folder / "file").exists()
    kill(process)
    with temporary_folder() as own:
        assert list(tmp_path.iterdir()) == [own]
    assert not any(tmp_path.iterdir())
