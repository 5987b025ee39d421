"""Workers on this machine: a thread of this process, or processes of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.pool import Event, Hand, Shared, Task, portable
from babelite.cluster.worker import Model, Worker, use_one_thread
from babelite.machine import peak_memory

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Carried(Generic[_Thing]):
    """A thing that goes along with every task."""

    thing: _Thing

    def get(self) -> _Thing:
        """The thing."""
        return self.thing


@dataclass(frozen=True)
class RowsOfFile:
    """Rows of an array on disk, which every process of this machine can read.

    Attributes:
        path: A file that holds nothing but the array.
        dtype: The type of its numbers.
        shape: Of the whole array.
        start: The first row.
        stop: The row after the last.
    """

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    def get(self) -> NDArray[Any]:
        """The rows, read from disk as they are needed."""
        rows = np.memmap(self.path, self.dtype, "r", shape=self.shape)
        return rows[self.start : self.stop]


class _OnThisMachine:
    """How workers of this machine share things."""

    def share_rows(self, rows: NDArray[Any], start: int, stop: int) -> Shared[NDArray[Any]]:
        """See `babelite.cluster.pool.Crew`."""
        if isinstance(rows, np.memmap) and rows.filename is not None and not rows.offset:
            return RowsOfFile(Path(rows.filename), rows.dtype.str, rows.shape, start, stop)
        return Carried(np.asarray(rows[start:stop]))

    def share(self, thing: _Thing) -> Shared[_Thing]:
        """See `babelite.cluster.pool.Crew`."""
        return Carried(thing)


class OneThread(_OnThisMachine):
    """A crew of one thread of this process.

    Args:
        model: The encoder.
    """

    def __init__(self, model: Model) -> None:
        self.size, self.peaks, self.pids = 1, dict[Hand, int](), dict[Hand, int]()
        self._worker = Worker(model)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def start(self) -> Hand:
        """See `babelite.cluster.pool.Crew`."""
        self.pids[0] = os.getpid()
        self._events.put(Event(0, "ready"))
        return 0

    def give(self, hand: Hand, task: Task[Any]) -> None:
        """See `babelite.cluster.pool.Crew`."""
        threading.Thread(target=self._do, args=(task,), daemon=True).start()

    def wait(self, seconds: float) -> Sequence[Event]:
        """See `babelite.cluster.pool.Crew`."""
        with contextlib.suppress(queue.Empty):
            return [self._events.get(timeout=seconds)]
        return []

    def close(self) -> None:
        """See `babelite.cluster.pool.Crew`."""

    def _tell(self, lines: int) -> None:
        self._events.put(Event(0, "progress", lines))

    def _do(self, task: Task[Any]) -> None:
        try:
            result = task.run(self._worker, self._tell)
        except BaseException as error:
            self._events.put(Event(0, "failed", error))
        else:
            self.peaks[0] = peak_memory()
            self._events.put(Event(0, "done", result))


class Processes(_OnThisMachine):
    """A crew of processes of this machine.

    Args:
        size: How many.
        model: The encoder.
    """

    def __init__(self, size: int, model: Model) -> None:
        self.size, self.peaks, self.pids = size, dict[Hand, int](), dict[Hand, int]()
        self._model = model
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}

    def start(self) -> Hand:
        """See `babelite.cluster.pool.Crew`."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._model), daemon=True)
        process.start()
        theirs.close()
        self._processes[ours] = process
        self.pids[ours] = process.pid or 0
        return ours

    def give(self, hand: Hand, task: Task[Any]) -> None:
        """See `babelite.cluster.pool.Crew`."""
        assert isinstance(hand, Connection)
        with contextlib.suppress(OSError):  # it is dead, which `wait` will notice
            hand.send(task)

    def wait(self, seconds: float) -> Sequence[Event]:
        """See `babelite.cluster.pool.Crew`."""
        events = []
        for connection in wait(list(self._processes), seconds):
            assert isinstance(connection, Connection)
            try:
                kind, content, peak = connection.recv()
            except (EOFError, OSError):
                events.append(Event(connection, "lost", self._bury(connection)))
                continue
            self.peaks[connection] = max(peak, self.peaks.get(connection, 0))
            events.append(Event(connection, kind, content))
        return events

    def close(self) -> None:
        """See `babelite.cluster.pool.Crew`."""
        for process in self._processes.values():
            process.terminate()
        for connection in list(self._processes):
            self._bury(connection)

    def _bury(self, connection: Connection) -> str:
        """Forget a worker that has ended; how it did."""
        process = self._processes.pop(connection)
        connection.close()
        process.join()
        code = process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _serve(connection: Connection, model: Model) -> None:
    """Do what comes through a connection until nothing comes any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for us
    use_one_thread()
    worker = Worker(model)

    def say(kind: str, content: object = None) -> None:
        connection.send((kind, content, peak_memory()))

    # The other end is closed when that process is gone, in whichever way.
    with contextlib.suppress(EOFError, ConnectionError):
        say("ready")
        while True:
            task: Task[Any] = connection.recv()
            try:
                result = task.run(worker, lambda lines: say("progress", lines))
            except ConnectionError:
                raise
            except Exception as error:
                say("failed", portable(error))
            else:
                say("done", result)
