"""Progress display of long work: a bar on a terminal, a line every 20 seconds in a log."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sized
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

_SECONDS_BETWEEN_LINES = 20.0
_ITEMS_BETWEEN_UPDATES = 1000

_Item = TypeVar("_Item")
_Block = TypeVar("_Block", bound=Sized)


class ProgressDisplay:
    """Shows the steps of long work on standard error; a context manager and a callback.

    On a terminal the current step has a bar with its rate and the time left; in a log the same
    facts are written every 20 seconds. A finished step that counted something leaves one line.
    Library functions take it as their ``progress`` argument: they call it with the step, the amount
    done and the total. The first call of a step gives the amount that was done before, usually 0.

    Args:
        unit: What is counted, such as ``lines``.
        totals: Totals of steps whose callers do not know them.
        live: Whether to show steps before they end; False while results go to the same terminal.
        console: Where to write; standard error by default.

    Example:
        >>> with ProgressDisplay("lines") as show:
        ...     for done in range(0, 101, 50):
        ...         show("encoding", done, 100)
    """

    def __init__(
        self,
        unit: str = "",
        *,
        totals: Mapping[str, int | None] | None = None,
        live: bool = True,
        console: Console | None = None,
    ) -> None:
        self._unit, self._totals, self._live = unit, totals or {}, live
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            console=self._console,
            transient=True,
            disable=not (live and self._console.is_terminal),
        )
        self._step: str | None = None
        self._first = self._done = 0.0
        self._started = self._written = time.monotonic()
        self._detail: str | None = None

    def __enter__(self) -> ProgressDisplay:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish_step(say=error is None)
        self._bars.stop()

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __call__(
        self, step: str, done: float, total: float | None = None, detail: str | None = None
    ) -> None:
        """Show how much of a step is done; a new step ends the previous one.

        ``detail`` replaces amount, rate and time left; such a step leaves no line.
        """
        if step != self._step:
            self._finish_step(say=True)
            self._step, self._first, self._started = step, done, time.monotonic()
            self._bars.add_task(step, total=None, state="")
        self._done, self._detail = done, detail
        total = self._totals.get(step) if total is None else total
        state = self._state(total) if detail is None else detail
        if not self._bars.disable:
            self._bars.update(self._bars.task_ids[-1], completed=done, total=total, state=state)
        elif self._live and time.monotonic() - self._written >= _SECONDS_BETWEEN_LINES:
            self._written = time.monotonic()
            self.say(f"{step}: {state}")

    def count(self, step: str, items: Iterable[_Item], total: int | None = None) -> Iterator[_Item]:
        """Pass items on and count them."""
        self(step, 0, total)
        number = 0
        for number, item in enumerate(items, start=1):
            if number % _ITEMS_BETWEEN_UPDATES == 0:
                self(step, number, total)
            yield item
        self(step, number, total)

    def count_rows(
        self, step: str, blocks: Iterable[_Block], total: int | None = None, *, first: int = 0
    ) -> Iterator[_Block]:
        """Pass blocks on and count their rows, the first of which are done already."""
        self(step, first, total)
        for block in blocks:
            first += len(block)
            self(step, first, total)
            yield block

    def _finish_step(self, *, say: bool) -> None:
        if self._step is None:
            return
        for task in self._bars.task_ids:
            self._bars.remove_task(task)
        count = self._done - self._first
        if say and count > 0 and self._detail is None:
            seconds = max(time.monotonic() - self._started, 1e-3)
            rate = f"{count / seconds:,.0f}/s"
            self.say(f"{self._step}: {self._amount(count)} in {seconds:.1f} s, {rate}")
        self._step = None

    def _state(self, total: float | None) -> str:
        """Such as ``12,000 of 100,000 lines, 5,000/s, 18 s left``."""
        amount = (
            f"{self._done:,.0f} of {self._amount(total)}" if total else self._amount(self._done)
        )
        rate = (self._done - self._first) / max(time.monotonic() - self._started, 1e-3)
        if rate <= 0:
            return amount
        left = f", {_time((total - self._done) / rate)} left" if total else ""
        return f"{amount}, {rate:,.0f}/s{left}"

    def _amount(self, count: float) -> str:
        return f"{count:,.0f} {self._unit}".rstrip()


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
