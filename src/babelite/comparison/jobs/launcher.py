"""Start a child process for each job, wait for it, and record how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from babelite.comparison.cell_records import error_file, write_error
from babelite.comparison.jobs.job_process import STOPPED

_SECONDS_TO_SAVE = 60.0
_POLL = 0.25  # seconds


# Runs a job, and calls the function again and again until the job has ended. Returns 0, or another
# number and records the error in `error_file`.
Launcher = Callable[[Path, Callable[[], None]], int]


def launch(job: Path, on_wait: Callable[[], None]) -> int:
    """Run a job in a new process (a `Launcher`); its output goes to a log beside the job."""
    command = [sys.executable, "-m", "babelite.comparison.jobs.job_process", str(job)]
    with job.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            while (code := process.poll()) is None:
                on_wait()
                time.sleep(_POLL)
        except BaseException:
            _stop(process)
            raise
        finally:
            assert process.stdin is not None
            process.stdin.close()
    if code == STOPPED:
        raise KeyboardInterrupt
    if code and not error_file(job).exists():
        write_error(job, "failed", _exit_reason(code, job.with_suffix(".log")))
    return code


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to save its progress and stop; kill it after a time limit."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        try:
            process.wait(_SECONDS_TO_SAVE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exit_reason(code: int, log: Path) -> str:
    if os.name != "nt" and code == -signal.SIGKILL:
        return "was killed, possibly because memory was full; free memory and run it again"
    if code < 0:
        return f"was ended by signal {-code} ({signal.Signals(-code).name}); see {log}"
    return f"ended with code {code}; see {log}"
