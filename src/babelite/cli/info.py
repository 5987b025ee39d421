"""``babelite info``: show the description of a model folder and verify its checksums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import JsonOption, unwrap
from babelite.errors import quantity

if TYPE_CHECKING:
    from babelite.encoding import ModelFolder

_HELP = """Show languages, size, licence, training data and results of a model.

The checksums of all its files are verified.

Examples: babelite info; babelite info --model my-model --json
"""

_Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", metavar="FOLDER", help="Model folder. Default: the packaged one."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("info", help=unwrap(_HELP))(_info)


def _info(model: _Model = None, json_: JsonOption = False) -> None:
    from babelite.encoding import DEFAULT_MODEL, read_model_folder

    folder = read_model_folder(model or DEFAULT_MODEL, verify="all")
    if json_:
        typer.echo(folder.description.to_json(), nl=False)
    else:
        _show(folder)


def _show(folder: ModelFolder) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    facts = Table.grid("", Column(overflow="fold"), padding=(0, 2, 0, 0))
    for name, fact in _facts(folder):
        facts.add_row(name, Text(fact))
    console = Console()
    console.print(Text(folder.description.name, "bold"), facts, sep="\n")
    if folder.description.metrics:
        result = Column("result", justify="right")
        results = Table("measure", result, box=None, padding=(0, 2, 0, 0))
        for name, value in folder.description.metrics.items():
            results.add_row(Text(name), f"{value:g}")
        console.print("", results, sep="\n")


def _facts(folder: ModelFolder) -> Iterator[tuple[str, str]]:
    from rich.filesize import decimal

    model = folder.description
    size, count = decimal(folder.size()), len(model.files) + 1
    yield "folder", str(folder.path)
    yield "size", f"{size} in {quantity(count, 'file')}, all checksums valid"
    yield "languages", ", ".join(model.languages)
    sizes = " or ".join(map(str, (model.dim, *reversed(model.matryoshka))))
    yield "vectors", f"{sizes} components, from the first {model.max_tokens} tokens"
    yield "parameters", f"{model.parameters:,}"
    yield "graphs", f"{', '.join(folder.precisions)} (default: {model.precision})"
    yield "objective", model.objective
    pairs: Counter[str] = Counter()
    for data in model.data:
        pairs["-".join(data.languages)] += data.pairs
    for number, (languages, count) in enumerate(pairs.items()):
        yield "" if number else "trained on", f"{quantity(count, 'pair')} {languages}"
    yield "license", model.license or "not specified"
    yield "created", f"{model.created:%Y-%m-%d} by babelite {model.babelite_version}"
