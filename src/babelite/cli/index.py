"""``babelite index``: build, show and change an index."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from babelite.cli.search import read_numbered_lines
from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    Float16Option,
    JsonOption,
    ModelOption,
    unwrap,
)
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.index import Index

_HELP = """Build an index of millions of lines for semantic search, or change one.

With --out the lines of the files are encoded and stored with their text. The files are not needed
for searching, and memory does not grow with them. After an interruption the same command resumes.
Without --out the argument is the folder of an index: the command shows it, after changing it with
--append, --remove and --remove-lines.

Example: babelite index articles.en.txt articles.fr.txt --out articles.index;
babelite search articles.index "Where is the nearest station?"
"""

_Places = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...|INDEX",
        help="Files with one sentence per line (.txt, .tsv) or record (.jsonl, .parquet), also "
        ".gz, .xz or .zst; '-' is standard input. Without --out: the folder of an index.",
    ),
]
_OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Output folder, created if missing.")
]
_KindOption = Annotated[
    Literal["exact", "ivf", "pq"] | None,
    typer.Option(
        help="exact: compare a query with every line; ivf: with the lines of the nearest clusters; "
        "pq: the same, faster and smaller. Default: the kind of the existing index; for a new one "
        "exact up to 250,000 lines, else pq.",
        show_default=False,
    ),
]
_AppendOption = Annotated[
    list[str] | None, typer.Option(metavar="FILE", help="Add the lines of this file. Repeatable.")
]
_RemoveOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="Remove all lines whose text is a line of this file. Repeatable."
    ),
]
_RemoveLinesOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NUMBERS",
        help="Remove lines by number: 3,7-9, or FILE:3,7-9 in an index of several files. "
        "Repeatable.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("index", help=unwrap(_HELP), no_args_is_help=True)(_index)


def _index(
    places: _Places,
    out: _OutOption = None,
    model: ModelOption = None,
    column: ColumnOption = None,
    kind: _KindOption = None,
    float16: Float16Option = False,
    append: _AppendOption = None,
    remove: _RemoveOption = None,
    remove_lines: _RemoveLinesOption = None,
    json_: JsonOption = False,
    allow_download: AllowDownload = False,
) -> None:
    changes = bool(append or remove or remove_lines)
    if out is not None:
        if changes:
            raise BabeliteError(
                "--out builds an index, but --append and --remove change one",
                code="option-conflict",
                hint="give the folder of the index without --out",
            )
        index = _build(places, out, model, column, kind, float16, allow_download)
    else:
        index = _open(places, changes)
        build_options = {"--kind": kind, "--float16": float16}
        read_options = {"--model": model, "--column": column}
        unused = build_options if append or remove else build_options | read_options
        _require_unused(index.folder, unused)
        # Rows and texts to remove are read before any change: an error leaves the index unchanged.
        rows = [row for text in remove_lines or () for row in _rows(index, text)]
        texts = {line.text for path in remove or () for line in read_numbered_lines(path, column)}
        if append:
            index = _append(index.folder, append, model, column, allow_download)
        if remove or remove_lines:
            count = index.remove([*rows, *index.find(texts)])
            typer.echo(f"{count:,} {'line' if count == 1 else 'lines'} removed", err=True)
    if json_:
        typer.echo(json.dumps(_facts(index), ensure_ascii=False))
    else:
        _show(index)
    if out is not None:
        typer.echo(f"Next: babelite search {shlex.quote(str(out))} QUERY", err=True)


def _require_unused(folder: Path, options: Mapping[str, object]) -> None:
    for option, value in options.items():
        if value:
            raise BabeliteError(
                f"{option} has no effect on an existing index here",
                code="option-conflict",
                path=folder,
                hint=f"leave out {option}, or add --out to build an index",
            )


def _build(
    places: Sequence[str],
    out: Path,
    model: str | None,
    column: str | None,
    kind: Literal["exact", "ivf", "pq"] | None,
    float16: bool,
    allow_download: bool,
) -> Index:
    from babelite.encoding import open_encoder
    from babelite.index import Index
    from babelite.progress import ProgressDisplay

    encoder = open_encoder(model, allow_download=allow_download)
    sources, total = _sources(places, column)
    with ProgressDisplay("lines", totals={"encoding": total}) as progress:
        return Index.build(
            sources,
            encoder,
            out,
            kind=kind,
            precision="float16" if float16 else "int8",
            spec=model,
            progress=progress,
        )


def _append(
    folder: Path, places: Sequence[str], model: str | None, column: str | None, allow_download: bool
) -> Index:
    from babelite.encoding import open_encoder
    from babelite.index import Index
    from babelite.progress import ProgressDisplay

    encoder = open_encoder(model, allow_download=allow_download) if model else None
    index = Index.open(folder, encoder, allow_download=allow_download)
    sources, total = _sources(places, column)
    with ProgressDisplay("lines", totals={"encoding": total}) as progress:
        index.add(sources, progress=progress)
    return index


def _open(places: Sequence[str], changes: bool) -> Index:
    from babelite.index import Index

    if len(places) != 1 or not Path(places[0]).is_dir():
        if changes:
            raise BabeliteError(
                "--append and --remove change one index",
                code="folder-not-found",
                hint="give the folder of the index",
            )
        raise BabeliteError(
            "--out is missing",
            code="option-missing",
            hint="give an output folder, such as --out my.index",
        )
    return Index.open(places[0])


def _sources(
    places: Sequence[str], column: str | None
) -> tuple[Mapping[str, Iterable[str]], int | None]:
    """The lines by file name, read when they are needed, and their number if known.

    All files are read once before anything is encoded, which takes a thousandth of the time, so
    that an error in the last line is reported first.
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
        for line in read_numbered_lines(place, column):
            total = None if total is None else total + 1
            blank = blank and not line.text.strip()
    if blank:
        raise BabeliteError(
            "contains only blank lines",
            code="input-empty",
            path=", ".join(places),
            hint="give a file with text",
        )
    lines = {place: read_numbered_lines(place, column) for place in places}
    return {place: (line.text for line in some) for place, some in lines.items()}, total


def _rows(index: Index, text: str) -> Iterator[int]:
    """The rows of ``[FILE:]3,7-9``."""
    name, _, numbers = text.rpartition(":")
    sources = index.description.contents.sources
    if not name and len(sources) > 1:
        raise BabeliteError(
            f"--remove-lines {text} does not say which of the {len(sources)} files",
            code="option-invalid",
            path=index.folder,
            hint=f"give the file, for example {sources[0].name}:{text}",
        )
    if sum(source.name == name for source in sources) > 1:
        raise BabeliteError(
            f"contains several files with the name {name}",
            code="option-invalid",
            path=index.folder,
            hint="remove lines by their text, with --remove",
        )
    start = 0
    for source in sources:
        if not name or source.name == name:
            for first, last in _ranges(numbers):
                if last > source.lines:
                    raise BabeliteError(
                        f"has {source.lines:,} lines in the index, but no line {last}",
                        code="option-invalid",
                        path=source.name,
                        hint="check the numbers",
                    )
                yield from range(start + first - 1, start + last)
            return
        start += source.lines
    raise BabeliteError(
        f"contains no file {name}",
        code="option-invalid",
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
                f"--remove-lines: {part!r} is not a line number or a range (lines are counted "
                "from 1)",
                code="option-invalid",
                hint="write for example --remove-lines 3,7-9",
            )
        yield ends


def _facts(index: Index) -> dict[str, object]:
    """The contents of an index, for ``--json``."""
    description, contents = index.description, index.description.contents
    pending = description.pending
    return {
        "folder": str(index.folder),
        "lines": len(index),
        "removed": contents.rows - contents.blank - len(index),
        "blank": contents.blank,
        "pending": 0 if pending is None else pending.rows - contents.rows,
        "bytes": sum(path.stat().st_size for path in index.folder.iterdir() if path.is_file()),
        "kind": description.parts[-1].kind if description.parts else "exact",
        "precision": description.precision,
        "model": description.encoder.name,
        "dim": description.encoder.dim,
        "files": [{"file": source.name, "lines": source.lines} for source in contents.sources],
    }


def _show(index: Index) -> None:
    """Print the contents of an index."""
    from rich.filesize import decimal

    facts, description = _facts(index), index.description
    removed = f" ({facts['removed']:,} removed)" if facts["removed"] else ""
    size = decimal(int(str(facts["bytes"])))
    typer.echo(f"{index.folder}: {facts['lines']:,} lines{removed}, {size}, {facts['kind']}")
    encoder = description.encoder
    typer.echo(f"model: {encoder.name} ({encoder.dim} components, {description.precision})")
    for source in description.contents.sources:
        typer.echo(f"{source.lines:>12,} lines  {source.name}")
    if description.pending is not None:
        name = description.pending.sources[-1].name
        typer.echo(f"{facts['pending']:>12,} lines  {name}, interrupted: append it again to resume")
