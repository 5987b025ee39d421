"""Stopping a run when asked to: by Ctrl-C, or by a system that needs the machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from babelite.training.distributed.group import LostProcessError


class TrainingStopped(KeyboardInterrupt):
    """The user asked to stop; everything done so far is saved."""


class StopRequest:
    """Whether SIGINT or SIGTERM has come, while `listening`."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Remember signals instead of being ended by them, so that a step can be finished."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.asked = True

        # Python lets the main thread alone decide what signals do.
        main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if main else ()
        before = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        except LostProcessError:
            before.clear()  # torchrun ends those left with SIGTERM: not before they have spoken
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
