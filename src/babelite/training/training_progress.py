"""Progress of a training run: stages of preparation and phases of training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from babelite.corpus import Cleaner
from babelite.progress import ProgressDisplay


class TrainingProgress:
    """Shows stages of preparation and phases of training, by default on standard error."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True, quiet=quiet)

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self.console.print(text, highlight=False)

    @contextmanager
    def stage(
        self, title: str, total: int | None = None, *, unit: str = "pairs"
    ) -> Iterator[Callable[[int], None]]:
        """Show a stage of preparation; yields a function that adds to the number of units done."""
        done, shown = 0, 0
        with ProgressDisplay(unit, console=self.console) as show:
            show(title, 0, total)

            def advance(count: int) -> None:
                nonlocal done, shown
                done += count
                if done - shown >= 1000:
                    show(title, shown := done, total)

            yield advance
            show(title, done, total)

    def cleaned(self, name: str, cleaner: Cleaner, *, unit: str = "pairs") -> None:
        """Print how many pairs, or sentences, each cleaning step dropped."""
        table = Table(title=f"Cleaning {name}", title_justify="left")
        table.add_column("step")
        table.add_column(unit, justify="right")
        table.add_row("read", f"{cleaner.read:,}")
        for step, count in cleaner.counts.items():
            table.add_row(step, f"{count:,}")
        table.add_row("kept", f"{cleaner.kept:,}")
        self.console.print(table)

    @contextmanager
    def phase(self, name: str) -> Iterator[PhaseProgress]:
        """Show a phase of training."""
        with ProgressDisplay(console=self.console) as show:
            yield PhaseProgress(show, f"Training ({name})")


class PhaseProgress:
    """Progress of one phase: share, rate, time left, loss and P@1."""

    def __init__(self, show: ProgressDisplay, title: str) -> None:
        self._show, self._title, self._precision = show, title, "–"
        show(title, 0.0, 1.0, "")

    def update(self, share: float, rate: float, loss: float, seconds_left: float) -> None:
        """Show the done share (0 to 1), pairs a second, the latest loss and the time left."""
        share = min(share, 1.0)
        detail = f"{100 * share:.0f} %, {rate:,.0f} pairs/s, {seconds_left:.0f} s left, "
        self._show(self._title, share, 1.0, f"{detail}loss {loss:.3f}, P@1 {self._precision}")

    def validated(self, precision: float, best: bool) -> None:
        """Show the latest validation from the next update on."""
        self._precision = f"{100 * precision:.1f} %" + (" (best)" if best else "")
