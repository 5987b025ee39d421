"""``babelite index``: build, show and change an index."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from babelite.cli.search import read_numbered_lines
from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    DimOption,
    Float16Option,
    JsonOption,
    ModelOption,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    from babelite.cli.shared.text_check import TextCheck
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
        help="Files with one sentence per line (.txt), row (.tsv, .csv) or record (.jsonl, "
        ".parquet, .tmx), also .gz, .xz or .zst; '-' is standard input. Without --out: the folder "
        "of an index.",
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
        "exact up to 250,000 lines, else pq."
    ),
]
_AppendOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="Add the lines of this file, unless the index has them already. Repeatable.",
    ),
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
    dim: DimOption = None,
    column: ColumnOption = None,
    kind: _KindOption = None,
    float16: Float16Option = False,
    append: _AppendOption = None,
    remove: _RemoveOption = None,
    remove_lines: _RemoveLinesOption = None,
    json_: JsonOption = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.text_check import TextCheck
    from babelite.encoding import open_encoder
    from babelite.index import Index
    from babelite.progress import ProgressDisplay

    changes = bool(append or remove or remove_lines)
    if out is not None:
        if changes:
            problem = "--out builds an index, but --append and --remove change one"
            hint = "give the folder of the index without --out"
            raise BabeliteError(problem, code="option-conflict", hint=hint)
        encoder = open_encoder(model, allow_download=allow_download, dim=dim)
        check = TextCheck(encoder)
        lines, total = _lines(places, column, check)
        precision: Literal["float16", "int8"] = "float16" if float16 else "int8"
        with ProgressDisplay("lines", totals={"encoding": total}) as show:
            index = Index.build(
                lines, encoder, out, kind=kind, precision=precision, spec=model, progress=show
            )
        check.warn()
    else:
        index = _open(places, changes=changes)
        unused: dict[str, object] = {"--kind": kind, "--float16": float16, "--dim": dim}
        if not append and not remove:
            unused |= {"--model": model, "--column": column}
        _require_unused(index, unused)
        # Rows and texts to remove are read before any change: an error leaves the index unchanged.
        rows = [row for text in remove_lines or () for row in _rows(index, text)]
        texts = {line.text for path in remove or () for line in read_numbered_lines(path, column)}
        if append:
            given = open_encoder(model, allow_download=allow_download) if model else None
            index = Index.open(index.folder, given, allow_download=allow_download)
            check = TextCheck(index.encoder)
            lines, total = _lines(append, column, check)
            with ProgressDisplay("lines", totals={"encoding": total}) as show:
                present = index.add(lines, progress=show)
            check.warn()
            for name in present:
                typer.echo(f"{name}: not added again, the index has all its lines", err=True)
        if remove or remove_lines:
            count = index.remove([*rows, *index.find(texts)])
            typer.echo(f"{count:,} {'line' if count == 1 else 'lines'} removed", err=True)
    _show(index, as_json=json_)
    if out is not None:
        typer.echo(f"Next: babelite search {shlex.quote(str(out))} QUERY", err=True)


def _open(places: Sequence[str], *, changes: bool) -> Index:
    from babelite.index import Index

    if len(places) == 1 and Path(places[0]).is_dir():
        return Index.open(places[0])
    if changes:
        problem, hint = "--append and --remove change one index", "give the folder of the index"
        raise BabeliteError(problem, code="folder-not-found", hint=hint)
    hint = "give an output folder, such as --out my.index"
    raise BabeliteError("--out is missing", code="option-missing", hint=hint)


def _require_unused(index: Index, options: Mapping[str, object]) -> None:
    for option, value in options.items():
        if value:
            problem = f"{option} has no effect on an existing index here"
            hint = f"leave out {option}, or add --out to build an index"
            raise BabeliteError(problem, code="option-conflict", path=index.folder, hint=hint)


def _lines(
    places: Sequence[str], column: str | None, check: TextCheck
) -> tuple[dict[str, Iterable[str]], int | None]:
    """The lines by file name, read and checked when they are needed, and their number if known.

    All files are read once before anything is encoded, which takes a thousandth of the time, so
    that an error in the last line is reported first.
    """
    from babelite.corpus import require_distinct_names
    from babelite.storage import is_read_once

    require_distinct_names(places)
    files = [place for place in places if not is_read_once(place)]
    lines = (line for place in files for line in read_numbered_lines(place, column))
    filled = Counter(bool(line.text.strip()) for line in lines)
    if len(files) == len(places) and not filled[True]:
        problem, hint = "contains only blank lines", "give a file with text"
        raise BabeliteError(problem, code="input-empty", path=", ".join(places), hint=hint)
    texts: dict[str, Iterable[str]] = {
        place: check.watch((line.text for line in read_numbered_lines(place, column)), place)
        for place in places
    }
    return texts, filled.total() if len(files) == len(places) else None


def _rows(index: Index, text: str) -> Iterator[int]:
    """The rows of ``[FILE:]3,7-9``."""
    name, _, numbers = text.rpartition(":")
    sources = index.description.contents.sources
    chosen = [row for row, source in enumerate(sources) if name in ("", source.name)]
    if not chosen:
        hint = f"its files are {', '.join(source.name for source in sources)}"
        raise _wrong_lines(f"contains no file {name}", hint, index.folder)
    if len(chosen) > 1 and name:
        problem = f"contains several files with the name {name}"
        raise _wrong_lines(problem, "remove lines by their text, with --remove", index.folder)
    if len(chosen) > 1:
        problem = f"--remove-lines {text} does not say which of the {len(sources)} files"
        hint = f"give the file, for example {sources[0].name}:{text}"
        raise _wrong_lines(problem, hint, index.folder)
    source, start = sources[chosen[0]], sum(source.lines for source in sources[: chosen[0]])
    for first, last in _ranges(numbers):
        if last > source.lines:
            problem = f"has {quantity(source.lines, 'line')} in the index, but no line {last}"
            raise _wrong_lines(problem, "check the numbers", source.name)
        yield from range(start + first - 1, start + last)


def _ranges(numbers: str) -> Iterator[tuple[int, int]]:
    """The first and last line of each part of ``3,7-9``."""
    for part in numbers.split(","):
        first, dash, last = part.partition("-")
        try:
            ends = int(first), int(last if dash else first)
        except ValueError:
            ends = 0, 0
        if not 1 <= ends[0] <= ends[1]:
            problem = f"{part!r} is not a line number or a range (lines are counted from 1)"
            raise _wrong_lines(
                f"--remove-lines: {problem}", "write for example --remove-lines 3,7-9"
            )
        yield ends


def _wrong_lines(problem: str, hint: str, path: str | Path | None = None) -> BabeliteError:
    return BabeliteError(problem, code="option-invalid", path=path, hint=hint)


def _facts(index: Index) -> dict[str, Any]:
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


def _show(index: Index, *, as_json: bool) -> None:
    """Print the contents of an index."""
    from rich.filesize import decimal

    facts, pending = _facts(index), index.description.pending
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    removed = f" ({facts['removed']:,} removed)" if facts["removed"] else ""
    size = decimal(facts["bytes"])
    typer.echo(
        f"{index.folder}: {quantity(facts['lines'], 'line')}{removed}, {size}, {facts['kind']}"
    )
    typer.echo(f"model: {facts['model']} ({facts['dim']} components, {facts['precision']})")
    for source in facts["files"]:
        typer.echo(_row(source["lines"], source["file"]))
    if pending is not None:
        name = f"{pending.sources[-1].name}, interrupted: append it again to resume"
        typer.echo(_row(facts["pending"], name))


def _row(lines: int, name: str) -> str:
    """A number of lines, right-aligned, and the name of a file."""
    number, noun = quantity(lines, "line").split()
    return f"{number:>12} {noun:<5}  {name}"
