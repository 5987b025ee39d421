"""``babelite index``."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from babelite.cli.search import Column, read_sentences
from babelite.cli.shared.options import AllowDownload, FieldOption, ModelOption, flowing
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.index import Index

_HELP = """Make a folder in which millions of lines are found by meaning, or change one.

With --out the lines of FILES are encoded and kept, text and all: the files are not needed to
search. Memory does not grow with them. When it was stopped or killed, the same command goes on
where it was. An index folder in place of FILES shows what it holds; --append and the --remove
options change it.

Example: babelite index articles.en.txt articles.fr.txt --out articles.index;
babelite search articles.index "Where is the nearest station?"
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("index", help=flowing(_HELP), no_args_is_help=True)(_index)


def _index(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...|INDEX",
            help="Sentences, one a line; or .jsonl or .parquet with one a record. .gz, .xz and "
            ".zst are unpacked; '-' reads standard input. Or, without --out, the folder of an "
            "index.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The folder of the index to make.")
    ] = None,
    model: ModelOption = None,
    column: Column = None,
    field: FieldOption = None,
    kind: Annotated[
        Literal["exact", "ivf", "pq"] | None,
        typer.Option(
            help="exact compares a query with every line, ivf with the lines of the nearest "
            "clusters, pq does so in less space and time. If not given: that of the index that is "
            "there; of a new one exact up to 250,000 lines, pq beyond.",
            show_default=False,
        ),
    ] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Keep vectors as float16, twice the size of int8.")
    ] = False,
    append: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Add the lines of this file; may be given again."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Remove every line that is one of this file's."),
    ] = None,
    remove_lines: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBERS",
            help="Remove lines that are there by number: 3,7-9, or FILE:3,7-9 in an index of "
            "several files.",
        ),
    ] = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.encoding import open_encoder

    changes = bool(append or remove or remove_lines)
    if out is not None:
        if changes:
            raise BabeliteError(
                "--out makes an index, --append and --remove change one",
                hint="name the folder of the index in place of --out",
            )
        encoder = open_encoder(model, allow_download=allow_download)
        sources, total = _sources(places, column, field)
        _build(sources, total, out, encoder, model, kind, float16)
        return
    index = _open(places, changes)
    made_with = {"--kind": kind, "--float16": float16}
    read_with = {"--model": model, "--column": column, "--field": field}
    unused = made_with if append or remove else made_with | read_with
    for option, value in unused.items():
        if value:
            raise BabeliteError(
                f"{option} says how an index is made or lines are read, and none is",
                path=index.folder,
                hint=f"leave out {option}, or add --out to make an index",
            )
    # What is to go is looked up before anything changes: a mistake in it must not leave half done.
    gone = [row for text in remove_lines or () for row in _rows(index, text)]
    texts = {line.text for path in remove or () for line in read_sentences(path, column, field)}
    if append:
        from babelite.index import Index
        from babelite.progress import ProgressDisplay

        given = open_encoder(model, allow_download=allow_download) if model else None
        index = Index.open(index.folder, given, allow_download=allow_download)
        sources, total = _sources(append, column, field)
        with ProgressDisplay("lines", totals={"encoding": total}) as progress:
            index.add(sources, progress=progress)
    if remove or remove_lines:
        _say_removed(index.remove([*gone, *index.find(texts)]))
    _show(index)


def _build(
    sources: Mapping[str, Iterable[str]],
    total: int | None,
    out: Path,
    encoder: SentenceEncoder,
    model: str | None,
    kind: Literal["exact", "ivf", "pq"] | None,
    float16: bool,
) -> None:
    from babelite.index import Index
    from babelite.progress import ProgressDisplay

    with ProgressDisplay("lines", totals={"encoding": total}) as progress:
        index = Index.build(
            sources,
            encoder,
            out,
            kind=kind,
            precision="float16" if float16 else "int8",
            spec=model,
            progress=progress,
        )
    _show(index)
    typer.echo(f"Next: babelite search {shlex.quote(str(out))} QUERY", err=True)


def _open(places: Sequence[str], changes: bool) -> Index:
    from babelite.index import Index

    if len(places) != 1 or not Path(places[0]).is_dir():
        problem = "--append and --remove change one index" if changes else "--out is missing"
        remedy = "name its folder" if changes else "name the folder to make, such as --out my.index"
        raise BabeliteError(problem, hint=remedy)
    return Index.open(places[0])


def _sources(
    places: Sequence[str], column: int | None, field: str | None
) -> tuple[Mapping[str, Iterable[str]], int | None]:
    """The lines of files by their names, read when they are needed, and their number if known.

    All files are read once before anything is encoded, which takes a thousandth of its time: what
    is wrong with the last line of the last one is said now.
    """
    from babelite.corpus import require_distinct_names
    from babelite.storage import is_read_once

    require_distinct_names(places)
    total: int | None = 0
    blank = True
    for place in places:
        if is_read_once(place):
            total, blank = None, False
            continue
        for line in read_sentences(place, column, field):
            total = None if total is None else total + 1
            blank = blank and not line.text.strip()
    if blank:
        raise BabeliteError(
            "holds only blank lines", path=", ".join(places), hint="name a file with text"
        )
    lines = {place: read_sentences(place, column, field) for place in places}
    return {place: (line.text for line in some) for place, some in lines.items()}, total


def _rows(index: Index, text: str) -> Iterator[int]:
    """The rows that ``[FILE:]3,7-9`` names."""
    name, _, numbers = text.rpartition(":")
    sources = index.description.contents.sources
    if not name and len(sources) > 1:
        raise BabeliteError(
            f"{text} may be lines of any of {len(sources)} files",
            path=index.folder,
            hint=f"say of which, for example {sources[0].name}:{text}",
        )
    if sum(source.name == name for source in sources) > 1:
        raise BabeliteError(
            f"holds several files that were called {name}",
            path=index.folder,
            hint="name the lines by their text, with --remove",
        )
    start = 0
    for source in sources:
        if not name or source.name == name:
            for first, last in _ranges(numbers):
                if last > source.lines:
                    raise BabeliteError(
                        f"has {source.lines:,} lines in the index, and no line {last}",
                        path=source.name,
                        hint="check the numbers",
                    )
                yield from range(start + first - 1, start + last)
            return
        start += source.lines
    raise BabeliteError(
        f"holds no lines of {name}",
        path=index.folder,
        hint=f"its files are {', '.join(source.name for source in sources)}",
    )


def _ranges(numbers: str) -> Iterator[tuple[int, int]]:
    for part in numbers.split(","):
        first, dash, last = part.partition("-")
        try:
            ends = int(first), int(last if dash else first)
        except ValueError:
            ends = 0, 0
        if not 1 <= ends[0] <= ends[1]:
            raise BabeliteError(
                f"--remove-lines {part!r} is no line number from 1 and no range of them",
                hint="write for example --remove-lines 3,7-9",
            )
        yield ends


def _say_removed(count: int) -> None:
    typer.echo(f"{count:,} {'line' if count == 1 else 'lines'} removed", err=True)


def _show(index: Index) -> None:
    """Say what an index holds."""
    from rich.filesize import decimal

    described, contents = index.description, index.description.contents
    size = sum(path.stat().st_size for path in index.folder.iterdir() if path.is_file())
    kind = described.parts[-1].kind if described.parts else "exact"
    gone = contents.rows - contents.blank - len(index)
    lines = f"{len(index):,} lines" + (f" ({gone:,} removed)" if gone else "")
    typer.echo(f"{index.folder}: {lines}, {decimal(size)}, {kind}")
    encoder = described.encoder
    typer.echo(f"model: {encoder.name} ({encoder.dim} components, {described.precision})")
    for source in contents.sources:
        typer.echo(f"{source.lines:>12,} lines  {source.name}")
    if described.pending is not None:
        more = described.pending.rows - contents.rows
        name = described.pending.sources[-1].name
        typer.echo(f"{more:>12,} lines  {name}, interrupted: add it again and it goes on")
