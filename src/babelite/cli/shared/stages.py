"""What a person sees of work in stages: bars on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType

import typer
from rich.console import Console

from babelite.cli.shared.bars import rate_bars

_SECONDS_BETWEEN_LINES = 20.0


class Stages:
    """Shows how far the making of an index is; to be used in a ``with`` statement.

    Args:
        total: The number of lines to encode, if known.
    """

    def __init__(self, total: int | None) -> None:
        self._total, self._console = total, Console(stderr=True, highlight=False)
        self._bars = rate_bars(self._console)
        self._stage, self._done, self._said = "", 0, time.monotonic()
        self._last = self._started = self._said
        self._first = self._encoded = 0
        self._encoding_seconds = 0.0

    def __enter__(self) -> Stages:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
        if self._encoded:
            rate = self._encoded / max(self._encoding_seconds, 1e-9)
            typer.echo(f"Encoded {self._encoded:,} lines, {rate:,.0f} a second", err=True)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show progress, as `babelite.index.Index.build` reports it."""
        now = time.monotonic()
        end = self._total if what == "encoding" else total
        if what != self._stage:
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._bars.add_task(what, total=end, rate="")
            self._stage, self._started = what, self._last
            self._first = min(self._done, done)
        if what == "encoding":
            self._encoded += done - self._done
            self._encoding_seconds += now - self._last
        self._done, self._last = done, now
        rate = (done - self._first) / max(now - self._started, 1e-9)
        shown = f"{rate:,.0f} lines/s" if rate else ""
        self._bars.update(self._bars.task_ids[0], completed=done, total=end, rate=shown)
        if not self._console.is_terminal and now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            of = f" of {end:,}" if end else ""
            left = f", {(end - done) / rate:,.0f} s left" if end and rate else ""
            typer.echo(f"{what}: {done:,}{of} lines, {rate:,.0f} a second{left}", err=True)
