"""WorkerPool: runs tasks on workers that may die; each task gives exactly one result.

A `WorkerBackend` supplies the workers: a thread of this process, processes of this machine, or
actors of a Ray cluster. Scheduling and retries are here.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from numpy.typing import NDArray

from babelite.errors import BabeliteError, quantity
from babelite.machine import usable_cores

if TYPE_CHECKING:
    from babelite.cluster.worker import Worker

# Called with the number of finished lines.
ReportLines = Callable[[int], None]
WorkerId = Hashable

_Referenced = TypeVar("_Referenced", covariant=True)
_Value = TypeVar("_Value")

# A cluster without a free core is reported after this time.
_SECONDS_TO_NOTICE = 15.0
# A task is given up when this many workers have died during it.
_MAX_LOSSES = 3
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Task:
    """A call that can be sent to another process and repeated there."""

    description: str  # for messages
    function: Callable[..., Any]  # of a module; called with a worker, a report and the arguments
    arguments: tuple[Any, ...] = ()  # can be pickled

    def run(self, worker: Worker, report: ReportLines) -> Any:  # noqa: ANN401
        """Call the function in a worker."""
        return self.function(worker, report, *self.arguments)


class Reference(Protocol[_Referenced]):
    """A reference to a large value, small enough to be sent with every task."""

    def get(self) -> _Referenced:
        """The value, in the worker."""


@dataclass(frozen=True)
class WorkerEvent:
    """A message from or about a worker."""

    worker: WorkerId
    kind: Literal["ready", "progress", "done", "failed", "lost"]  # lost: the worker has died
    content: Any = None  # the number of lines, the result, the error, or the reason of the loss


class WorkerBackend(Protocol):
    """Starts workers of one kind, and exchanges tasks and events with them."""

    size: int  # the number of workers wanted
    peaks: dict[WorkerId, int]  # the peak memory of each worker so far, in bytes, if known
    pids: dict[WorkerId, int]  # the process id of each worker so far

    def start(self) -> WorkerId:
        """Start a worker, which gets no task before its event ``ready``."""

    def assign(self, worker: WorkerId, task: Task) -> None:
        """Send a task to an idle worker."""

    def poll(self, seconds: float) -> Sequence[WorkerEvent]:
        """Wait for events; none if nothing happens in this time."""

    def put_rows(self, rows: NDArray[Any], start: int, stop: int) -> Reference[NDArray[Any]]:
        """Make rows of an array on disk available to tasks."""

    def put(self, value: _Value) -> Reference[_Value]:
        """Make a value available to tasks."""

    def close(self) -> None:
        """Stop all workers immediately."""


@dataclass
class _ScheduledTask:
    number: int
    task: Task
    losses: int = 0
    lines: int = 0


class _Schedule:
    """The tasks of a run: pending, running, and to be repeated."""

    def __init__(self, tasks: Iterable[Task], ahead: int | None) -> None:
        self.running: dict[WorkerId, _ScheduledTask] = {}
        self._pending, self._ahead = enumerate(tasks), ahead
        self._repeated: deque[_ScheduledTask] = deque()
        self._exhausted, self._started, self._lines = False, 0, 0

    @property
    def complete(self) -> bool:
        """Whether all tasks are done."""
        return self._exhausted and not self.running and not self._repeated

    @property
    def lines(self) -> int:
        """The number of finished lines, those of running tasks included."""
        return self._lines + sum(task.lines for task in self.running.values())

    def next(self) -> _ScheduledTask | None:
        """The next task to start; None if there is none at present or too many are ahead."""
        if self._repeated:
            return self._repeated.popleft()
        first = min((task.number for task in self.running.values()), default=self._started)
        if self._ahead is not None and self._started >= first + self._ahead:
            return None
        for number, task in self._pending:
            self._started = number + 1
            return _ScheduledTask(number, task)
        self._exhausted = True
        return None

    def finish(self, worker: WorkerId) -> _ScheduledTask:
        """Mark the task of a worker as done."""
        task = self.running.pop(worker)
        self._lines += task.lines
        return task

    def repeat(self, task: _ScheduledTask, reason: str) -> None:
        """Schedule a task again whose worker has died, unless too many have."""
        task.losses, task.lines = task.losses + 1, 0
        if task.losses >= _MAX_LOSSES:
            hint = "give them more memory, or use fewer workers"
            problem = (
                f"{quantity(task.losses, 'worker')} died during {task.task.description} ({reason})"
            )
            raise BabeliteError(problem, code="worker-failed", hint=hint)
        self._repeated.append(task)


class WorkerPool(AbstractContextManager["WorkerPool"]):
    """Runs tasks on workers; stops the workers at the end of a ``with`` statement."""

    def __init__(self, backend: WorkerBackend, notice: Callable[[str], None] | None = None) -> None:
        self.backend, self._notice = backend, notice
        self.lost = 0  # the number of workers that have died so far
        self._idle: list[WorkerId] = []
        self._alive: set[WorkerId] = set()
        self._failed_starts = 0
        self._closed = False

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop all workers immediately."""
        if not self._closed:
            self._closed = True
            self.backend.close()

    @property
    def peak_memory(self) -> int:
        """The largest peak memory of a worker, in bytes; 0 if it is unknown."""
        return max(self.backend.peaks.values(), default=0)

    def run(
        self, tasks: Iterable[Task], report: ReportLines | None = None, *, ahead: int | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Run tasks, in any order; a task whose worker dies is repeated by another.

        Tasks are read one by one when a worker is idle, at most ``ahead`` beyond the first
        unfinished one. ``report`` is called with the number of finished lines, those of running
        tasks included. Any error closes the pool, and so does closing the iterator.

        Yields:
            The number of a finished task, from 0, and its result.

        Raises:
            BabeliteError: A task raised it, several workers died during one task, no worker starts,
                or the pool is closed.
        """
        if self._closed:
            raise BabeliteError(
                "the pool is closed", code="worker-failed", hint="open another with open_pool"
            )
        try:
            yield from self._run(_Schedule(tasks, ahead), report)
        except BaseException:
            # The workers are busy with tasks whose results nobody reads.
            self.close()
            raise

    def _run(self, schedule: _Schedule, report: ReportLines | None) -> Iterator[tuple[int, Any]]:
        reported = 0
        notice_time = time.monotonic() + _SECONDS_TO_NOTICE
        while True:
            while self._idle and (task := schedule.next()):
                schedule.running[worker := self._idle.pop()] = task
                self.backend.assign(worker, task.task)
            if schedule.complete:
                return
            while len(self._alive) < self.backend.size and (not self._alive or not self._idle):
                self._alive.add(self.backend.start())
            for event in self.backend.poll(_POLL_SECONDS):
                done = self._handle(event, schedule)
                if report is not None and schedule.lines != reported:
                    report(reported := schedule.lines)
                if done is not None:
                    yield done.number, event.content
            if not self._idle and not schedule.running and time.monotonic() > notice_time:
                notice_time = float("inf")
                if self._notice is not None:
                    self._notice("Waiting for a worker: the cluster has no free core yet.")

    def in_order(self, tasks: Iterable[Task]) -> Iterator[Any]:
        """Run tasks, and yield their results in the order of the tasks; see `run`."""
        results: dict[int, Any] = {}
        following = 0
        for number, result in self.run(tasks, ahead=4 * self.backend.size):
            results[number] = result
            while following in results:
                yield results.pop(following)
                following += 1

    def _handle(self, event: WorkerEvent, schedule: _Schedule) -> _ScheduledTask | None:
        """Process an event, and return the task that it finishes, if any."""
        worker = event.worker
        if event.kind == "ready":
            self._idle.append(worker)
            self._failed_starts = 0
        elif event.kind == "lost":
            self._lose(worker, str(event.content), schedule)
        elif event.kind == "failed":
            raise event.content
        elif event.kind == "progress" and worker in schedule.running:
            schedule.running[worker].lines = event.content
        elif event.kind == "done":
            self._idle.append(worker)
            return schedule.finish(worker)
        return None

    def _lose(self, worker: WorkerId, reason: str, schedule: _Schedule) -> None:
        """Forget a dead worker, and schedule its task again."""
        self.lost += 1
        self._alive.discard(worker)
        if task := schedule.running.pop(worker, None):
            schedule.repeat(task, reason)
        elif worker in self._idle:
            self._idle.remove(worker)
        else:
            self._failed_starts += 1
            if self._failed_starts >= _MAX_LOSSES:
                hint = "check that babelite and enough memory are available to each worker"
                problem = f"no worker starts ({reason})"
                raise BabeliteError(problem, code="worker-failed", hint=hint)


def open_pool(
    model: str | None = None,
    *,
    dim: int | None = None,
    ray: str | None = None,
    workers: int | None = None,
    notice: Callable[[str], None] | None = None,
) -> WorkerPool:
    """Start workers; use it in a ``with`` statement, which stops them at the end.

    Without ``ray`` the workers are processes, for which a script needs Python's usual
    ``if __name__ == "__main__":``; a single worker is a thread of this process.

    Args:
        model: The encoder, as `babelite.open_encoder` takes it. A model folder is sent to the
            cluster; models of other libraries must be installed there.
        dim: Components of a vector, as `babelite.open_encoder` takes it.
        ray: Address of a Ray cluster: ``auto``, ``local``, ``HOST:PORT`` or ``ray://HOST:PORT``.
        workers: The number of workers, with one core each; default: all cores.
        notice: Called with a message if the cluster has no free core for a while.

    Raises:
        BabeliteError: There is no such model or cluster, or Ray is not installed.

    Example:
        >>> with open_pool(workers=1) as pool:
        ...     pool.backend.size
        1
    """
    from babelite.cluster.local_workers import ProcessWorkers, ThreadWorker
    from babelite.cluster.worker import WorkerModel

    if ray is not None:
        from babelite.cluster.ray_workers import RayWorkers

        return WorkerPool(RayWorkers(ray, workers, WorkerModel.packed(model, dim)), notice)
    workers = workers or usable_cores()
    if workers == 1:
        return WorkerPool(ThreadWorker(WorkerModel(model, dim)))
    return WorkerPool(ProcessWorkers(workers, WorkerModel(model, dim)))


def picklable(error: Exception) -> Exception:
    """An error that can be sent to another process."""
    if isinstance(error, (BabeliteError, OSError)):
        return error
    return RuntimeError("in a worker:\n" + "".join(traceback.format_exception(error)))
