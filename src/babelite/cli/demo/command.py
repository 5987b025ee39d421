"""``babelite demo``: the whole workflow on real text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelite.cli.shared.options import OutFolderOption, unwrap

_HELP = """Run the whole workflow on real text: gather, train, evaluate, search, report.

The text comes from the translated user interfaces of well-known applications.

Example: babelite demo --download
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo", help=unwrap(_HELP))(_demo)


def _demo(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLACE]...", help="Folders, wheels or packages with message catalogs."
        ),
    ] = None,
    out: OutFolderOption = Path("demo"),
    download: Annotated[
        bool,
        typer.Option("--download", help="Download packages of a few applications with pip."),
    ] = False,
    minutes: Annotated[float, typer.Option(help="Training time in minutes.", min=0.1)] = 3.0,
) -> None:
    from rich.console import Console
    from rich.text import Text

    from babelite.cli.demo.steps import run_demo
    from babelite.cli.shared.tables import print_table, result_table
    from babelite.storage import visible_text
    from babelite.training import TrainingProgress

    progress = TrainingProgress()
    result = run_demo(
        out, places=places or [], download=download, minutes=minutes, progress=progress
    )
    console = Console()
    numbers = ("pairs", "P@1 →", "P@1 ←", "xSIM error →", "xSIM error ←")
    title = "Translations found among held-out pairs"
    table = result_table(title, texts=["languages"], numbers=numbers)
    for found in result.results:
        ways = (found.forward, found.backward)
        table.add_row(
            found.name,
            f"{found.pairs:,}",
            *(f"{100 * way.precision_at_1.value:.1f} %" for way in ways),
            *(f"{100 * way.xsim_error:.1f} %" for way in ways),
        )
    print_table(table)
    for example in result.examples:
        # Text, because brackets in a string would be read as markup.
        console.print(Text(visible_text(f"\n{example.query}"), style="bold"))
        for hit in example.hits:
            console.print(Text(visible_text(f"  {hit.cosine:.2f}  {hit.text}")))
    made = f"The model is in {result.model}, the report is {result.report.resolve()}"
    console.print(Text(f"\nDone in {result.seconds:.0f} s. {made}"), soft_wrap=True)
