"""Tables of results on a terminal or in a file."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDTH_IN_FILES = 120  # columns, when the output is not a terminal


def result_table(title: str | None = None, caption: str | None = None) -> Table:
    """An empty table with the layout of all results."""
    return Table(
        title=None if title is None else escape(title),
        title_justify="left",
        title_style="bold",
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )


def print_table(table: Table, *, stderr: bool = False) -> None:
    """Print a table, not narrower than 120 columns in a file."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    console.print(table)
