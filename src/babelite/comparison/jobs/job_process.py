"""The program of a job's process: ``python -m babelite.comparison.jobs.job_process JOB.json``."""

from __future__ import annotations

import math
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babelite.comparison.jobs.cell_records import write_record
from babelite.comparison.jobs.run_job import SkippedError, read_job
from babelite.errors import BabeliteError
from babelite.storage import lock_file

STOPPED = 130  # the exit code of a job that was asked to stop and saved what it had


def do(job: Path) -> int:
    """Do a job in this process.

    Args:
        job: The file of the job. An error leaves a record beside it, named ``.error.json``.

    Returns:
        An exit code: 0 after success, 2 after an error, 130 if the user stopped it.
    """
    try:
        read_job(job).run()
    except KeyboardInterrupt:
        return STOPPED
    except SkippedError as error:
        return _report(job, "skipped", str(error))
    except BabeliteError as error:
        return _report(job, "failed", str(error))
    except Exception as error:
        traceback.print_exc()  # to the log: nobody foresaw it
        reason = " ".join(str(error).split()) or "no reason given"
        return _report(job, "failed", f"{type(error).__name__}: {reason}")
    return 0


def error_file(job: Path) -> Path:
    """Where a job tells why it could not be done."""
    return job.with_suffix(".error.json")


def _report(job: Path, state: str, error: str) -> int:
    write_record(error_file(job), {"state": state, "error": error})
    return 2


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however that came about."""

    def watch() -> None:
        # Returns when the other end of the pipe is closed. Not `sys.stdin`: its lock, held by this
        # thread, would abort the process when it ends by itself.
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _alone_with(job: Path) -> Iterator[None]:
    """Wait until a process that had the same job, and whose parent was killed, has ended."""
    with job.with_suffix(".lock").open("ab") as file:
        lock_file(file, job, seconds=math.inf)
        yield


def main() -> None:
    """Do the job that the command line names."""
    _end_with_parent()
    job = Path(sys.argv[1])
    with _alone_with(job):
        code = do(job)
    sys.exit(code)


if __name__ == "__main__":
    main()
