"""What a person sees while a run works: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from babelite.corpus import Cleaner

_SECONDS_BETWEEN_LINES = 20.0


class TrainingProgress:
    """Shows stages of preparation and phases of training.

    Args:
        console: Where to write; standard error if not given.
        quiet: Whether to show nothing at all.
    """

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True, quiet=quiet)

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(text, highlight=False)

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A stage whose end is known by a count of pairs.

        Args:
            title: What is being done.
            total: How many pairs there are, if known.

        Yields:
            A function that is told how many more pairs are done.
        """
        started, done = time.monotonic(), 0
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        with Bars(*columns, TimeElapsedColumn(), console=self.console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            pending = 0

            def advance(count: int) -> None:
                nonlocal done, pending
                done, pending = done + count, pending + count
                if pending >= 1000:
                    bars.advance(task, pending)
                    pending = 0

            yield advance
        seconds = time.monotonic() - started
        pairs = f"{done:,} pairs, " if done else ""
        self.say(f"{title}: {pairs}{seconds:.1f} s")

    def cleaned(self, name: str, cleaner: Cleaner) -> None:
        """What cleaning did, step by step."""
        table = Table(title=f"Cleaning {name}", title_justify="left")
        table.add_column("step")
        table.add_column("pairs", justify="right")
        table.add_row("read", f"{cleaner.read:,}")
        for step, count in cleaner.counts.items():
            table.add_row(step, f"{count:,}")
        table.add_row("kept", f"{cleaner.kept:,}")
        self.console.print(table)

    @contextmanager
    def phase(self, name: str) -> Iterator[PhaseProgress]:
        """A phase of training."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]:>9}"),
            TimeRemainingColumn(),
            TextColumn("loss {task.fields[loss]}  P@1 {task.fields[precision]}"),
        )
        with Bars(*columns, console=self.console, disable=not self.console.is_terminal) as bars:
            yield PhaseProgress(self, bars, name)


class PhaseProgress:
    """The bar of one phase; in a log, a line every twenty seconds."""

    def __init__(self, parent: TrainingProgress, bars: Bars, name: str) -> None:
        self.parent, self.bars, self.name = parent, bars, name
        self.task = bars.add_task(f"Training ({name})", total=1.0, rate="", loss="–", precision="–")
        self.precision = "–"
        self.last_line = time.monotonic()

    def update(self, share: float, rate: float, loss: float, seconds_left: float) -> None:
        """Show how far the phase is.

        Args:
            share: Done share of the phase, from 0 to 1.
            rate: Pairs a second.
            loss: The latest loss.
            seconds_left: An estimate.
        """
        speed = f"{rate:,.0f} pairs/s"
        self.bars.update(self.task, completed=min(share, 1.0), rate=speed, loss=f"{loss:.3f}")
        now = time.monotonic()
        if not self.parent.console.is_terminal and now - self.last_line >= _SECONDS_BETWEEN_LINES:
            self.last_line = now
            self.parent.say(
                f"Training ({self.name}): {100 * share:.0f} %, {speed}, {seconds_left:.0f} s left, "
                f"loss {loss:.3f}, P@1 {self.precision}"
            )

    def validated(self, precision: float, best: bool) -> None:
        """Show the latest validation."""
        self.precision = f"{100 * precision:.1f} %" + (" (best)" if best else "")
        self.bars.update(self.task, precision=self.precision)
