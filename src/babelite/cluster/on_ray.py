"""Workers on a Ray cluster: actors that hold the encoder, each with one core."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from babelite._version import __version__
from babelite.cluster.pool import Event, Hand, Shared, Task, portable
from babelite.cluster.worker import Model, Worker, use_one_thread
from babelite.errors import BabeliteError, MissingExtraError
from babelite.machine import peak_memory, usable_cores

_SECONDS_TO_CONNECT = 5.0
# Workers are asked how far they are; with very many of them finished tasks tell enough.
_SECONDS_BETWEEN_QUESTIONS = 2.0
_MOST_ASKED = 64
_REMEDY = "start one with `ray start --head`, or give --ray local to use this machine alone"


_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class InObjectStore(Generic[_Thing]):
    """A thing that Ray keeps, and brings to the machine of whoever asks for it."""

    reference: Any

    def get(self) -> _Thing:
        """The thing; the numbers of an array are not copied."""
        import ray

        thing: _Thing = ray.get(self.reference)
        return thing


class _Actor:
    """What runs on the cluster: does a task in one thread, tells in another how far it is."""

    def __init__(self, model: Model) -> None:
        use_one_thread()
        self._worker, self._lines = Worker(model), 0

    def introduce(self) -> tuple[str, int]:
        """The version of babelite there, and the number of the process."""
        return __version__, os.getpid()

    def lines(self) -> int:
        """How many lines of the task are done."""
        return self._lines

    def do(self, task: Task[Any]) -> tuple[str, Any, int, int]:
        """Do a task: what became of it, the result or the error, lines, and the peak memory."""
        self._lines = 0
        try:
            result = task.run(self._worker, self._tell)
        except Exception as error:
            return "failed", portable(error), self._lines, peak_memory()
        return "done", result, self._lines, peak_memory()

    def _tell(self, lines: int) -> None:
        self._lines = lines


class OnRay:
    """A crew of actors; this process is connected to the cluster until it is closed.

    Args:
        address: ``auto`` for the cluster this machine belongs to, ``local`` for one that is started
            on this machine and ends with this process, ``HOST:PORT``, or ``ray://HOST:PORT``.
        size: How many workers; as many as the cluster has cores if not given.
        model: The encoder.

    Raises:
        MissingExtraError: Ray is not installed.
        BabeliteError: There is no cluster at that address.
    """

    def __init__(self, address: str, size: int | None, model: Model) -> None:
        _connect(address, size)
        import ray

        self.size = size or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.peaks, self.pids = dict[Hand, int](), dict[Hand, int]()
        self._model = ray.put(model)
        # `do` and `lines` run side by side.
        self._kind = ray.remote(num_cpus=1, max_concurrency=2, max_restarts=0)(_Actor)
        self._actors: dict[Hand, Any] = {}
        self._starting: dict[Any, Hand] = {}
        self._doing: dict[Any, Hand] = {}
        self._asked: dict[Any, Hand] = {}
        self._asked_at = time.monotonic()
        self._count = 0

    def start(self) -> Hand:
        """See `babelite.cluster.pool.Crew`."""
        self._count += 1
        actor = self._kind.remote(self._model)
        self._actors[self._count] = actor
        self._starting[actor.introduce.remote()] = self._count
        return self._count

    def give(self, hand: Hand, task: Task[Any]) -> None:
        """See `babelite.cluster.pool.Crew`."""
        self._doing[self._actors[hand].do.remote(task)] = hand

    def wait(self, seconds: float) -> Sequence[Event]:
        """See `babelite.cluster.pool.Crew`."""
        import ray

        self._ask()
        open_ = [*self._starting, *self._doing, *self._asked]
        finished, _ = ray.wait(open_, timeout=seconds) if open_ else ([], [])
        return [event for reference in finished for event in self._heard(reference)]

    def share_rows(self, rows: NDArray[Any], start: int, stop: int) -> Shared[NDArray[Any]]:
        """See `babelite.cluster.pool.Crew`."""
        return self.share(np.ascontiguousarray(rows[start:stop]))

    def share(self, thing: _Thing) -> Shared[_Thing]:
        """See `babelite.cluster.pool.Crew`."""
        import ray

        return InObjectStore(ray.put(thing))

    def close(self) -> None:
        """See `babelite.cluster.pool.Crew`."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError, ConnectionError):  # it is gone itself
            for actor in self._actors.values():
                ray.kill(actor)
        ray.shutdown()

    def _heard(self, reference: object) -> list[Event]:
        """What a finished call of an actor tells."""
        import ray

        hand = next(
            calls.pop(reference)
            for calls in (self._starting, self._doing, self._asked)
            if reference in calls
        )
        try:
            answer = ray.get(reference)
        except ray.exceptions.RayError as error:
            return self._bury(hand, error)
        if isinstance(answer, int):
            return [Event(hand, "progress", answer)] if hand in self._doing.values() else []
        if len(answer) == 2:
            version, self.pids[hand] = answer
            if version != __version__:
                raise BabeliteError(
                    f"a machine of the cluster has babelite {version}, and this one {__version__}",
                    hint="install the same version on all",
                )
            return [Event(hand, "ready")]
        kind, content, lines, self.peaks[hand] = answer
        return [Event(hand, "progress", lines), Event(hand, kind, content)]

    def _bury(self, hand: Hand, error: Exception) -> list[Event]:
        """Forget a worker that has ended."""
        if self._actors.pop(hand, None) is None:
            return []
        for calls in (self._starting, self._doing, self._asked):
            for reference in [r for r, whose in calls.items() if whose == hand]:
                del calls[reference]
        return [Event(hand, "lost", _reason(error))]

    def _ask(self) -> None:
        """Ask those at work how far they are, unless that is a while ago or they are many."""
        now = time.monotonic()
        if now - self._asked_at < _SECONDS_BETWEEN_QUESTIONS or self._asked:
            return
        self._asked_at = now
        if len(self._doing) <= _MOST_ASKED:
            for hand in self._doing.values():
                self._asked[self._actors[hand].lines.remote()] = hand


def _connect(address: str, size: int | None) -> None:
    # Before Ray is imported: it reads these once. A crew tells by itself what matters.
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("--ray", "cluster") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options |= {"num_cpus": size or usable_cores(), "include_dashboard": False}
    elif address != "auto":
        _require_listener(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(address=address, **options)
    except Exception as error:  # Ray has no class of its own for this
        raise BabeliteError(
            f"there is no Ray cluster at {address} that can be used ({_reason(error)})",
            hint=_REMEDY,
        ) from error


_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no network that was not asked for
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def _require_listener(address: str) -> None:
    """See that something listens at an address: Ray itself would try for minutes.

    Raises:
        BabeliteError: Nothing does, or it is no address.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise BabeliteError(
            f"--ray {address} is no address",
            hint="write auto, local, HOST:PORT or ray://HOST:PORT",
        )
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise BabeliteError(
            f"nothing answers at {address} ({error.strerror or error})", hint=_REMEDY
        ) from error


def _reason(error: Exception) -> str:
    """Some words of what Ray tells in many lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for line in reversed(lines):
        if "Error: " in line:
            return line[:200].rstrip(". ")
    return (lines or [type(error).__name__])[0][:200].rstrip(".: ")
