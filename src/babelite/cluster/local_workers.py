"""Worker backends of this machine: one thread of this process, or several processes."""

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

from babelite.cluster.pool import Reference, Task, WorkerEvent, WorkerId, picklable
from babelite.cluster.worker import Worker, WorkerModel, use_one_thread
from babelite.machine import peak_memory

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class InlineReference(Generic[_Value]):
    """A value that is sent with every task."""

    value: _Value

    def get(self) -> _Value:
        """See `babelite.cluster.pool.Reference`."""
        return self.value


@dataclass(frozen=True)
class FileRowsReference:
    """The rows from ``start`` to ``stop`` of an array in a raw file of this machine."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    def get(self) -> NDArray[Any]:
        """The rows as a memory map."""
        rows = np.memmap(self.path, self.dtype, "r", shape=self.shape)
        return rows[self.start : self.stop]


class _LocalReferences:
    """References for workers of this machine."""

    def put_rows(self, rows: NDArray[Any], start: int, stop: int) -> Reference[NDArray[Any]]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        if isinstance(rows, np.memmap) and rows.filename is not None and not rows.offset:
            return FileRowsReference(Path(rows.filename), rows.dtype.str, rows.shape, start, stop)
        return InlineReference(np.asarray(rows[start:stop]))

    def put(self, value: _Value) -> Reference[_Value]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        return InlineReference(value)


class ThreadWorker(_LocalReferences):
    """One worker: a thread of this process."""

    def __init__(self, model: WorkerModel) -> None:
        self.size, self.peaks, self.pids = 1, dict[WorkerId, int](), dict[WorkerId, int]()
        self._worker = Worker(model)
        self._events: queue.SimpleQueue[WorkerEvent] = queue.SimpleQueue()

    def start(self) -> WorkerId:
        """See `babelite.cluster.pool.WorkerBackend`."""
        self.pids[0] = os.getpid()
        self._events.put(WorkerEvent(0, "ready"))
        return 0

    def assign(self, worker: WorkerId, task: Task) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def poll(self, seconds: float) -> Sequence[WorkerEvent]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        with contextlib.suppress(queue.Empty):
            return [self._events.get(timeout=seconds)]
        return []

    def close(self) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""

    def _run(self, task: Task) -> None:
        def report(lines: int) -> None:
            self._events.put(WorkerEvent(0, "progress", lines))

        try:
            result = task.run(self._worker, report)
        except BaseException as error:
            self._events.put(WorkerEvent(0, "failed", error))
        else:
            self.peaks[0] = peak_memory()
            self._events.put(WorkerEvent(0, "done", result))


class ProcessWorkers(_LocalReferences):
    """Workers that are processes of this machine."""

    def __init__(self, size: int, model: WorkerModel) -> None:
        self.size, self.peaks, self.pids = size, dict[WorkerId, int](), dict[WorkerId, int]()
        self._model = model
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}

    def start(self) -> WorkerId:
        """See `babelite.cluster.pool.WorkerBackend`."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._model), daemon=True)
        process.start()
        theirs.close()
        self._processes[ours] = process
        self.pids[ours] = process.pid or 0
        return ours

    def assign(self, worker: WorkerId, task: Task) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""
        assert isinstance(worker, Connection)
        with contextlib.suppress(OSError):  # it is dead, which `poll` will notice
            worker.send(task)

    def poll(self, seconds: float) -> Sequence[WorkerEvent]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        ready = wait(list(self._processes), seconds)
        return [self._receive(connection) for connection in ready]

    def close(self) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""
        for process in self._processes.values():
            process.terminate()
        for connection in list(self._processes):
            self._forget(connection)

    def _receive(self, connection: object) -> WorkerEvent:
        assert isinstance(connection, Connection)
        try:
            kind, content, peak = connection.recv()
        except (EOFError, OSError):
            return WorkerEvent(connection, "lost", self._forget(connection))
        self.peaks[connection] = max(peak, self.peaks.get(connection, 0))
        return WorkerEvent(connection, kind, content)

    def _forget(self, connection: Connection) -> str:
        """Remove a worker that has ended, and return its signal or exit code."""
        process = self._processes.pop(connection)
        connection.close()
        process.join()
        code = process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _serve(connection: Connection, model: WorkerModel) -> None:
    """Run the tasks from a connection until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent process
    use_one_thread()
    worker = Worker(model)

    def send(kind: str, content: object = None) -> None:
        connection.send((kind, content, peak_memory()))

    # The connection is closed when the parent process ends, for any reason.
    with contextlib.suppress(EOFError, ConnectionError):
        send("ready")
        while True:
            task: Task = connection.recv()
            try:
                result = task.run(worker, lambda lines: send("progress", lines))
            except ConnectionError:
                raise
            except Exception as error:
                send("failed", picklable(error))
            else:
                send("done", result)
