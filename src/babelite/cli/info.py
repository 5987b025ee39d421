"""``babelite info``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import flowing

if TYPE_CHECKING:
    from babelite.encoding import ModelFolder

_HELP = """Show what a model is: languages, size, licence, training text and results.

Every file of it is compared with its checksum on the way.

Examples: babelite info; babelite info model --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("info", help=flowing(_HELP))(_info)


def _info(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL", help="A model folder. The model that babelite carries if not given."
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the folder's babelite.json instead.")
    ] = False,
) -> None:
    from babelite.encoding import DEFAULT_MODEL, read_model_folder

    folder = read_model_folder(DEFAULT_MODEL if model is None else model, verify="all")
    if as_json:
        typer.echo(folder.description.to_json(), nl=False)
    else:
        _show(folder)


def _show(folder: ModelFolder) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(folder.description.name, "bold"))
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column()
    facts.add_column(overflow="fold")
    for name, fact in _facts(folder):
        facts.add_row(name, Text(fact))
    console.print(facts)
    if folder.description.metrics:
        results = Table("measured", box=None, padding=(0, 2, 0, 0))
        results.add_column("result", justify="right")
        for name, value in folder.description.metrics.items():
            results.add_row(Text(name), f"{value:g}")
        console.print("", results, sep="\n")


def _facts(folder: ModelFolder) -> Iterator[tuple[str, str]]:
    from rich.filesize import decimal

    described = folder.description
    yield "folder", str(folder.path)
    yield (
        "size",
        f"{decimal(folder.size())} in {len(described.files) + 1} files, all as they were written",
    )
    yield "languages", ", ".join(described.languages)
    yield "vectors", f"{described.dim} components, of the first {described.max_tokens} tokens"
    yield "parameters", f"{described.parameters:,}"
    yield (
        "graphs",
        f"{', '.join(folder.precisions)} ({described.precision} runs unless told otherwise)",
    )
    yield "objective", described.objective
    pairs: Counter[str] = Counter()
    for data in described.data:
        pairs["-".join(data.languages)] += data.pairs
    for number, (languages, count) in enumerate(pairs.items()):
        yield "" if number else "trained on", f"{count:,} pairs {languages}"
    yield "license", described.license or "not given"
    yield "made", f"{described.created:%Y-%m-%d} by babelite {described.babelite_version}"
