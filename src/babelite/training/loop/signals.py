"""Stopping a run on SIGINT (Ctrl-C) or SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from babelite.training.distributed.group import LostProcessError


class TrainingStopped(KeyboardInterrupt):
    """The user stopped training; everything done so far is saved."""


class StopRequest:
    """Whether SIGINT or SIGTERM has been received while `listening`."""

    def __init__(self) -> None:
        self.received = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Record the signals instead of ending the process, so that the current step finishes."""

        def receive(number: int, frame: FrameType | None) -> None:
            self.received = True

        # Python allows only the main thread to set signal handlers.
        main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
        previous = {number: signal.signal(number, receive) for number in numbers}
        try:
            yield
        except LostProcessError:
            # torchrun sends SIGTERM to the remaining processes: they must report the error first.
            previous.clear()
            raise
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
