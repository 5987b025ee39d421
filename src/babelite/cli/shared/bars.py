"""The progress bar of long computations: how much is done, how fast, how much time is left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def rate_bars(console: Console) -> Progress:
    """Bars on a terminal that are gone when all is done; nothing elsewhere.

    Args:
        console: Where they are drawn.

    Returns:
        The bars; every task of them has a field ``rate``, a text.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
