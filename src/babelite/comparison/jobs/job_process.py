"""Program of a child process: ``python -m babelite.comparison.jobs.job_process JOB.json``."""

from __future__ import annotations

import math
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from babelite.comparison.cell_records import write_error
from babelite.comparison.jobs.evaluation import EvaluateJob, SkippedError
from babelite.comparison.jobs.training import TextJob, TrainJob
from babelite.errors import BabeliteError
from babelite.storage import lock_file

STOPPED = 130  # exit code of a job that was interrupted and has saved its progress

Job = Annotated[TextJob | TrainJob | EvaluateJob, Field(discriminator="kind")]
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)


def run_job(job: Path) -> int:
    """Run a job in this process; returns 0, 2 after an error (recorded), or `STOPPED`."""
    try:
        _JOBS.validate_json(job.read_bytes()).run()
    except KeyboardInterrupt:
        return STOPPED
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
