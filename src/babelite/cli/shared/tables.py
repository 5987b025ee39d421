"""Tables, JSON and figures of results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from babelite.storage import visible_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_IN_FILES = 120  # columns, when the output is not a terminal


def result_table(
    title: str | None = None,
    caption: str | None = None,
    *,
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> Table:
    """An empty table with columns of texts (left) and of numbers (right)."""
    table = _VisibleTable(
        title=None if title is None else escape(title),
        title_justify="left",
        title_style="bold",
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
    )
    for heading in texts:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


class _VisibleTable(Table):
    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:  # noqa: ANN401
        shown = (visible_text(cell) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*shown, **options)


def print_table(table: Table, *, stderr: bool = False) -> None:
    """Print a table, not narrower than 120 columns in a file."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    console.print(table)


def print_json(record: Mapping[str, object]) -> None:
    """Print an indented JSON object."""
    typer.echo(json.dumps(record, ensure_ascii=False, indent=2))


def save_plot(figure: Figure, plot: Path) -> None:
    """Write the figure of ``--plot``, and say where."""
    from babelite.plots import save_figure

    save_figure(figure, plot)
    typer.echo(f"Figure: {plot}", err=True)
