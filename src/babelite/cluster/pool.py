"""Tasks given to workers that may die: each is done, and its result comes, exactly once.

What the workers are is a `Crew`: nobody but this process, other processes of this machine, or
actors of a Ray cluster. The order of the work is kept here, once for all of them.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from numpy.typing import NDArray

from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.cluster.worker import Worker

Tell = Callable[[int], None]
Hand = Hashable  # one worker of a crew

_Result = TypeVar("_Result", covariant=True)
_Given = TypeVar("_Given", covariant=True)
_Thing = TypeVar("_Thing")

# So long nothing is said of a cluster that has no core to spare.
_SECONDS_OF_SILENCE = 15.0
# A task that has taken so many workers with it would take the next one too.
_LOSSES = 3
_SECONDS_A_LOOK = 1.0


class Task(Protocol[_Result]):
    """A piece of work that can be sent to another process and done again there."""

    def run(self, worker: Worker, tell: Tell) -> _Result:
        """Do it.

        Args:
            worker: The process it is done by, and what that holds.
            tell: Told how many lines are done.
        """
        ...

    def __str__(self) -> str:
        """What it is, for a message."""
        ...


class Shared(Protocol[_Given]):
    """Something large that tasks carry the address of."""

    def get(self) -> _Given:
        """The thing itself, where the task is done."""
        ...


@dataclass(frozen=True)
class Event:
    """What a worker has to say.

    Attributes:
        hand: The worker.
        kind: ``ready`` to begin with; ``progress`` and ``done``; ``failed``, when the task raised
            an error; ``lost``, when the worker is no more.
        content: Lines, the result, the error or the reason.
    """

    hand: Hand
    kind: Literal["ready", "progress", "done", "failed", "lost"]
    content: Any = None


class Crew(Protocol):
    """Workers of one kind.

    Attributes:
        size: How many there are to be.
        peaks: The peak memory of each worker there was, in bytes, as far as it is known.
        pids: The process of each worker there was, on whichever machine.
    """

    size: int
    peaks: dict[Hand, int]
    pids: dict[Hand, int]

    def start(self) -> Hand:
        """Start a worker; it is given nothing before its ``ready``."""
        ...

    def give(self, hand: Hand, task: Task[Any]) -> None:
        """Let a worker that has nothing to do begin with a task."""
        ...

    def wait(self, seconds: float) -> Sequence[Event]:
        """What happened, as soon as something does; nothing if that takes too long."""
        ...

    def share_rows(self, rows: NDArray[Any], start: int, stop: int) -> Shared[NDArray[Any]]:
        """Let tasks read rows of an array on disk."""
        ...

    def share(self, thing: _Thing) -> Shared[_Thing]:
        """Let tasks read a thing."""
        ...

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        ...


@dataclass
class _Job:
    number: int
    task: Task[Any]
    losses: int = 0
    lines: int = 0


class _Jobs:
    """The tasks of a run: those to come, those under way, those to be done again."""

    def __init__(self, tasks: Iterable[Task[Any]], ahead: int | None) -> None:
        self.busy: dict[Hand, _Job] = {}
        self._coming, self._ahead = enumerate(tasks), ahead
        self._again: deque[_Job] = deque()
        self._all_given, self._given, self._first = False, 0, 0
        self._finished: set[int] = set()
        self._lines = 0

    @property
    def over(self) -> bool:
        """Whether everything is done."""
        return self._all_given and not self.busy and not self._again

    @property
    def lines(self) -> int:
        """How many lines are done."""
        return self._lines + sum(job.lines for job in self.busy.values())

    def following(self) -> _Job | None:
        """The next to be given; None if there is none at present."""
        if self._again:
            return self._again.popleft()
        if self._ahead is not None and self._given >= self._first + self._ahead:
            return None
        for number, task in self._coming:
            self._given = number + 1
            return _Job(number, task)
        self._all_given = True
        return None

    def finish(self, hand: Hand) -> _Job:
        """The job of a worker is done."""
        job = self.busy.pop(hand)
        self._lines += job.lines
        self._finished.add(job.number)
        while self._first in self._finished:
            self._finished.remove(self._first)
            self._first += 1
        return job

    def lose(self, job: _Job, reason: str) -> None:
        """The worker that did a job has died.

        Raises:
            BabeliteError: It was not the first.
        """
        job.losses, job.lines = job.losses + 1, 0
        if job.losses >= _LOSSES:
            raise BabeliteError(
                f"{job.losses} workers died one after the other over {job.task} ({reason})",
                hint="give them more memory, or start fewer with --workers",
            )
        self._again.append(job)


class Pool:
    """Gives tasks to the workers of a crew; closes it at the end of a ``with`` statement.

    Args:
        crew: The workers.
        notice: Told in a sentence when no worker starts for a while.

    Attributes:
        lost: How many workers have died so far.
    """

    def __init__(self, crew: Crew, notice: Callable[[str], None] | None = None) -> None:
        self.crew, self.lost, self._notice = crew, 0, notice
        self._idle: list[Hand] = []
        self._alive: set[Hand] = set()
        self._died_at_birth = 0
        self._closed = False

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        if not self._closed:
            self._closed = True
            self.crew.close()

    @property
    def peak_memory(self) -> int:
        """The largest memory that any worker has had, in bytes; 0 where that is not known."""
        return max(self.crew.peaks.values(), default=0)

    def run(
        self, tasks: Iterable[Task[Any]], tell: Tell | None = None, *, ahead: int | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Do tasks, in any order.

        A task whose worker dies is done again by another.

        Args:
            tasks: They are asked for when a worker is free.
            tell: Told how many lines are done, those of tasks under way included.
            ahead: How many tasks may be begun from the first one on that is not done.

        Yields:
            The number of a task, from 0, and its result, when it is done.

        Raises:
            BabeliteError: What a task raises; or a task has cost several workers their life, or
                none starts, or the pool is closed. Whatever is raised closes the pool, and so does
                leaving the results before their end.
        """
        self._require_open()
        try:
            yield from self._run(_Jobs(tasks, ahead), tell)
        except BaseException:
            # Workers are busy with what nobody waits for any more, and would write on.
            self.close()
            raise

    def _run(self, jobs: _Jobs, tell: Tell | None) -> Iterator[tuple[int, Any]]:
        told = 0
        silent_until = time.monotonic() + _SECONDS_OF_SILENCE
        while True:
            while self._idle and (job := jobs.following()):
                jobs.busy[hand := self._idle.pop()] = job
                self.crew.give(hand, job.task)
            if jobs.over:
                return
            while len(self._alive) < self.crew.size and (not self._alive or not self._idle):
                self._alive.add(self.crew.start())
            for event in self.crew.wait(_SECONDS_A_LOOK):
                done = self._heed(event, jobs)
                if tell is not None and jobs.lines != told:
                    tell(told := jobs.lines)
                if done is not None:
                    yield done.number, event.content
            if not self._idle and not jobs.busy and time.monotonic() > silent_until:
                silent_until = float("inf")
                if self._notice is not None:
                    self._notice("Waiting for a worker: the cluster has no core free yet.")

    def in_order(self, tasks: Iterable[Task[Any]], tell: Tell | None = None) -> Iterator[Any]:
        """Do tasks, and give their results in the order of the tasks; see `run`."""
        kept: dict[int, Any] = {}
        following = 0
        for number, result in self.run(tasks, tell, ahead=4 * self.crew.size):
            kept[number] = result
            while following in kept:
                yield kept.pop(following)
                following += 1

    def _require_open(self) -> None:
        if self._closed:
            raise BabeliteError("the pool is closed", hint="open another with open_pool")

    def _heed(self, event: Event, jobs: _Jobs) -> _Job | None:
        """Take notice of an event; the job that it finishes, if it does."""
        hand = event.hand
        if event.kind == "ready":
            self._idle.append(hand)
            self._died_at_birth = 0
        elif event.kind == "lost":
            self._lose(hand, str(event.content), jobs)
        elif event.kind == "failed":
            raise event.content
        elif event.kind == "progress" and hand in jobs.busy:
            jobs.busy[hand].lines = event.content
        elif event.kind == "done":
            self._idle.append(hand)
            return jobs.finish(hand)
        return None

    def _lose(self, hand: Hand, reason: str, jobs: _Jobs) -> None:
        self.lost += 1
        self._alive.discard(hand)
        if job := jobs.busy.pop(hand, None):
            jobs.lose(job, reason)
        elif hand in self._idle:
            self._idle.remove(hand)
        else:
            self._died_at_birth += 1
            if self._died_at_birth >= _LOSSES:
                raise BabeliteError(
                    f"no worker starts ({reason})",
                    hint="see that babelite and enough memory are there for each",
                )


def portable(error: Exception) -> Exception:
    """An error in a form that surely travels to another process.

    Example:
        >>> portable(BabeliteError("is empty", path="a.txt"))
        BabeliteError('a.txt: is empty.')
    """
    if isinstance(error, (BabeliteError, OSError)):
        return error
    return RuntimeError("in a worker:\n" + "".join(traceback.format_exception(error)))
