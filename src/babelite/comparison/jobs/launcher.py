"""Jobs in processes of their own: memory is given back, and one that dies takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from babelite.comparison.jobs.cell_records import write_record
from babelite.comparison.jobs.job_process import STOPPED, error_file

_SECONDS_TO_SAVE = 60.0
_POLL = 0.25


class Launcher(Protocol):
    """Does a job somewhere and waits for its end."""

    def __call__(self, job: Path, watch: Callable[[], None]) -> int:
        """Do a job.

        Args:
            job: Its file.
            watch: Called now and then while it works.

        Returns:
            0 after success; else what went wrong is in `worker.error_file`.

        Raises:
            KeyboardInterrupt: The user stopped it; what it had done is saved.
        """
        ...


def launch(job: Path, watch: Callable[[], None]) -> int:
    """Do a job in a new process; see `Launcher`. What it writes goes to a log beside the job."""
    command = [sys.executable, "-m", "babelite.comparison.jobs.job_process", str(job)]
    with job.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            code = _wait(process, watch)
        except BaseException:
            _stop(process)
            raise
        finally:
            assert process.stdin is not None
            process.stdin.close()
    if code == STOPPED:
        raise KeyboardInterrupt
    if code and not error_file(job).exists():
        write_record(error_file(job), {"state": "failed", "error": _death(code, job)})
    return code


def _wait(process: subprocess.Popen[bytes], watch: Callable[[], None]) -> int:
    while (code := process.poll()) is None:
        watch()
        time.sleep(_POLL)
    return code


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let a process save what it has; end it if that takes too long."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        try:
            process.wait(_SECONDS_TO_SAVE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _death(code: int, job: Path) -> str:
    log = job.with_suffix(".log")
    if os.name != "nt" and code == -signal.SIGKILL:
        return "was killed, perhaps because the memory was full; free some and run it again"
    if code < 0:
        return f"was ended by signal {-code} ({signal.Signals(-code).name}); see {log}"
    return f"ended with code {code}; see {log}"
