"""Worker backend of a Ray cluster: actors with one core each."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from babelite._version import __version__
from babelite.cluster.pool import Reference, Task, WorkerEvent, WorkerId, picklable
from babelite.cluster.worker import Worker, WorkerModel, use_one_thread
from babelite.errors import BabeliteError, requires_extra
from babelite.machine import peak_memory, usable_cores

_SECONDS_TO_CONNECT = 5.0
# Progress requests; with very many workers, finished tasks are progress enough.
_SECONDS_BETWEEN_REQUESTS = 2.0
_MAX_REQUESTS = 64
_HINT = "start one with `ray start --head`, or give --ray local to use only this machine"
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no network access without a request
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class RayReference(Generic[_Value]):
    """A value in the object store of Ray."""

    reference: Any

    def get(self) -> _Value:
        """See `babelite.cluster.pool.Reference`; arrays are not copied."""
        import ray

        value: _Value = ray.get(self.reference)
        return value


class _Actor:
    """A worker on the cluster: runs a task in one thread, reports its progress in another."""

    def __init__(self, model: WorkerModel) -> None:
        use_one_thread()
        self._worker, self._lines = Worker(model), 0

    def _report(self, lines: int) -> None:
        self._lines = lines

    def identify(self) -> tuple[str, int]:
        """The version of babelite there, and the process id."""
        return __version__, os.getpid()

    def lines(self) -> int:
        """The number of finished lines of the task."""
        return self._lines

    def run(self, task: Task) -> tuple[str, Any, int, int]:
        """Run a task; return ``done`` or ``failed``, the result or error, lines, peak memory."""
        self._report(0)
        try:
            result = task.run(self._worker, self._report)
        except Exception as error:
            return "failed", picklable(error), self._lines, peak_memory()
        return "done", result, self._lines, peak_memory()


class RayWorkers:
    """Workers that are actors; this process is connected to the cluster until `close`."""

    def __init__(self, address: str, size: int | None, model: WorkerModel) -> None:
        _connect(address, size)
        import ray

        self.size = size or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.peaks, self.pids = dict[WorkerId, int](), dict[WorkerId, int]()
        self._model = ray.put(model)
        # `run` and `lines` run in parallel.
        self._kind = ray.remote(num_cpus=1, max_concurrency=2, max_restarts=0)(_Actor)
        self._actors: dict[WorkerId, Any] = {}
        # Calls of actors that are not finished, by the reference of their result.
        self._calls: dict[Any, tuple[WorkerId, Literal["identify", "run", "lines"]]] = {}
        self._requested_at = time.monotonic()
        self._count = 0

    def start(self) -> WorkerId:
        """See `babelite.cluster.pool.WorkerBackend`."""
        self._count += 1
        actor = self._kind.remote(self._model)
        self._actors[self._count] = actor
        self._calls[actor.identify.remote()] = self._count, "identify"
        return self._count

    def assign(self, worker: WorkerId, task: Task) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""
        self._calls[self._actors[worker].run.remote(task)] = worker, "run"

    def poll(self, seconds: float) -> Sequence[WorkerEvent]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        import ray

        self._request_progress()
        finished, _ = ray.wait([*self._calls], timeout=seconds) if self._calls else ([], [])
        return [event for reference in finished for event in self._events(reference)]

    def put_rows(self, rows: NDArray[Any], start: int, stop: int) -> Reference[NDArray[Any]]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        return self.put(np.ascontiguousarray(rows[start:stop]))

    def put(self, value: _Value) -> Reference[_Value]:
        """See `babelite.cluster.pool.WorkerBackend`."""
        import ray

        return RayReference(ray.put(value))

    def close(self) -> None:
        """See `babelite.cluster.pool.WorkerBackend`."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError, ConnectionError):  # the cluster has ended
            for actor in self._actors.values():
                ray.kill(actor)
        ray.shutdown()

    def _events(self, reference: object) -> list[WorkerEvent]:
        """The events of a finished call of an actor."""
        import ray

        worker, call = self._calls.pop(reference)
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayError as error:
            return self._forget(worker, error)
        if call == "lines":
            running = (worker, "run") in self._calls.values()
            return [WorkerEvent(worker, "progress", answer)] if running else []
        if call == "identify":
            version, self.pids[worker] = answer
            if version != __version__:
                problem = f"a machine of the cluster has babelite {version}, this one {__version__}"
                hint = "install the same version on all machines"
                raise BabeliteError(problem, code="worker-failed", hint=hint)
            return [WorkerEvent(worker, "ready")]
        kind, content, lines, self.peaks[worker] = answer
        return [WorkerEvent(worker, "progress", lines), WorkerEvent(worker, kind, content)]

    def _forget(self, worker: WorkerId, error: Exception) -> list[WorkerEvent]:
        """Remove a worker that has ended."""
        if self._actors.pop(worker, None) is None:
            return []
        self._calls = {known: call for known, call in self._calls.items() if call[0] != worker}
        return [WorkerEvent(worker, "lost", _reason(error))]

    def _request_progress(self) -> None:
        """Request the progress of running tasks, from time to time and not of very many."""
        now = time.monotonic()
        requested = any(call == "lines" for _, call in self._calls.values())
        if now - self._requested_at < _SECONDS_BETWEEN_REQUESTS or requested:
            return
        self._requested_at = now
        running = [worker for worker, call in self._calls.values() if call == "run"]
        if len(running) <= _MAX_REQUESTS:
            for worker in running:
                self._calls[self._actors[worker].lines.remote()] = worker, "lines"


def _connect(address: str, size: int | None) -> None:
    """Connect this process to a cluster, or start a local one."""
    # Ray reads these once, when it is imported.
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with requires_extra("--ray", "cluster"):
        import ray
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options |= {"num_cpus": size or usable_cores(), "include_dashboard": False}
    elif address != "auto":
        _require_listener(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, **options)
    except Exception as error:  # Ray has no class for this error
        problem = f"cannot connect to a Ray cluster at {address} ({_reason(error)})"
        raise BabeliteError(problem, code="network-failed", hint=_HINT) from error


def _require_listener(address: str) -> None:
    """Raise `BabeliteError` if nothing listens at an address: Ray would retry for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        hint = "give auto, local, HOST:PORT or ray://HOST:PORT"
        problem = f"--ray {address} is not an address"
        raise BabeliteError(problem, code="option-invalid", hint=hint)
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()
    except OSError as error:
        problem = f"there is no answer at {address} ({error.strerror or error})"
        raise BabeliteError(problem, code="network-failed", hint=_HINT) from error


def _reason(error: Exception) -> str:
    """One line of a long error message of Ray."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if "Error: " in line][-1:]
    return (reasons or lines or [type(error).__name__])[0][:200].rstrip(".: ")
