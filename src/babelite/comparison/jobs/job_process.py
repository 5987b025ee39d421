"""Child process of a job: starting it, waiting for its end, and the program that it runs."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from babelite.comparison.cell_records import error_file, write_error
from babelite.comparison.jobs.evaluation import EvaluateJob, SkippedError
from babelite.comparison.jobs.training import TextJob, TrainJob
from babelite.errors import BabeliteError
from babelite.storage import lock_file

_STOPPED = 130  # exit code of a job that was interrupted and has saved its progress
_SECONDS_TO_SAVE = 60.0
_POLL = 0.25  # seconds

Job = Annotated[TextJob | TrainJob | EvaluateJob, Field(discriminator="kind")]
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)

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
    if code == _STOPPED:
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


def run_job(job: Path) -> int:
    """Run a job in this process; returns 0, 2 after an error (recorded), or `_STOPPED`."""
    try:
        _JOBS.validate_json(job.read_bytes()).run()
    except KeyboardInterrupt:
        return _STOPPED
    except SkippedError as error:
        write_error(job, "skipped", str(error))
    except BabeliteError as error:
        write_error(job, "failed", str(error))
    except Exception as error:
        traceback.print_exc()  # an unexpected error: its traceback belongs in the log
        reason = " ".join(str(error).split()) or "no message"
        write_error(job, "failed", f"{type(error).__name__}: {reason}")
    else:
        return 0
    return 2


def _exit_with_parent() -> None:
    """Wait until the parent process has closed its end of the pipe or has died; then exit."""
    # `sys.stdin` cannot be read: its lock, held by this thread, would abort a normal exit.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    """Run the job that the command line names."""
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    job = Path(sys.argv[1])
    with job.with_suffix(".lock").open("ab") as file:
        # Wait for the end of an older process with the same job, whose parent was killed.
        lock_file(file, job, seconds=math.inf)
        code = run_job(job)
    sys.exit(code)


if __name__ == "__main__":
    main()
