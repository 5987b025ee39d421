"""``babelite index``: build, show and change an index."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from babelite.cli.index_display import show_index
from babelite.cli.search import read_numbered_lines, require_lines
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
    from babelite.encoding import SentenceEncoder
    from babelite.index import Index, IndexColumns, IndexRow

_HELP = """Build an index of millions of lines for semantic search, or change one.

With --out the lines of the files are encoded and stored with their text. The files are not needed
for searching, and memory does not grow with them. After an interruption the same command resumes.
Without --out the argument is the folder of an index: the command shows it, after changing it with
--append, --remove, --remove-id and --remove-lines.

With --id and --keep the lines of a table have ids and fields, which hits show. A line that is
appended replaces the line with the same id, and `babelite search --where` filters by fields.

Example: babelite index articles.en.txt articles.fr.txt --out articles.index;
babelite search articles.index "Where is the nearest station?"
"""

_Places = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...|INDEX",
        help="Files with one sentence per line (.txt), row (.tsv, .csv) or record (.jsonl, "
        ".parquet, .tmx), subtitles (.srt, .vtt), .html or .docx, also .gz, .xz or .zst; '-' is "
        "standard input. Without --out: the folder of an index.",
    ),
]
_OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="Output folder, created if missing.")
]
_IdOption = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="COLUMN",
        help="Column of the ids in a table: a name or number (from 1) in CSV and TSV, a field in "
        "JSONL and Parquet. Default with --append: that of the index; '' for none.",
    ),
]
_KeepOption = Annotated[
    str | None,
    typer.Option(
        "--keep",
        metavar="COLUMN,...",
        help="Columns to keep as fields of the lines, such as lang,url. Default with --append: "
        "those of the index; '' for none.",
    ),
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
_RemoveIdOption = Annotated[
    list[str] | None,
    typer.Option(metavar="ID", help="Remove the line with this id. Repeatable."),
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
    id_: _IdOption = None,
    keep: _KeepOption = None,
    kind: _KindOption = None,
    float16: Float16Option = False,
    append: _AppendOption = None,
    remove: _RemoveOption = None,
    remove_id: _RemoveIdOption = None,
    remove_lines: _RemoveLinesOption = None,
    json_: JsonOption = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.encoding import open_encoder
    from babelite.index import Index

    given = _GivenColumns(column, id_, None if keep is None else _names(keep))
    changes = bool(append or remove or remove_id or remove_lines)
    if out is not None:
        if changes:
            problem = "--out builds an index, but --append and --remove change one"
            hint = "give the folder of the index without --out"
            raise BabeliteError(problem, code="option-conflict", hint=hint)
        encoder = open_encoder(model, allow_download=allow_download, dim=dim)
        columns = given.resolve(None)
        index = _build(places, out, encoder, columns, kind=kind, float16=float16, spec=model)
    else:
        index = _open(places, changes=changes)
        unused: dict[str, object] = {"--kind": kind, "--float16": float16, "--dim": dim}
        if not append:
            unused |= {"--id": id_, "--keep": keep}
        if not append and not remove:
            unused |= {"--model": model, "--column": column}
        _require_unused(index, unused)
        # Rows and texts to remove are read before any change: an error leaves the index unchanged.
        rows = [row for text in remove_lines or () for row in _rows(index, text)]
        texts = {line.text for path in remove or () for line in read_numbered_lines(path, column)}
        _require_ids(index, remove_id)
        if append:
            encoder_ = open_encoder(model, allow_download=allow_download) if model else None
            index = Index.open(index.folder, encoder_, allow_download=allow_download)
            _append(index, append, given.resolve(index.description.columns))
        if remove or remove_id or remove_lines:
            rows += index.find(texts) if remove else []
            rows += index.find(ids=remove_id) if remove_id else []
            typer.echo(f"{quantity(index.remove(rows), 'line')} removed", err=True)
    show_index(index, as_json=json_)
    if out is not None:
        typer.echo(f"Next: babelite search {shlex.quote(str(out))} QUERY", err=True)


def _build(
    places: Sequence[str],
    out: Path,
    encoder: SentenceEncoder,
    columns: IndexColumns,
    *,
    kind: Literal["exact", "ivf", "pq"] | None,
    float16: bool,
    spec: str | None,
) -> Index:
    from babelite.cli.shared.text_check import TextCheck
    from babelite.index import Index
    from babelite.progress import ProgressDisplay

    check = TextCheck(encoder)
    lines, total = _lines(places, columns, check)
    precision: Literal["float16", "int8"] = "float16" if float16 else "int8"
    with ProgressDisplay("lines", totals={"encoding": total}) as show:
        index = Index.build(
            lines,
            encoder,
            out,
            kind=kind,
            precision=precision,
            spec=spec,
            columns=columns if _is_table(columns) else None,
            progress=show,
        )
    check.warn()
    return index


def _append(index: Index, places: Sequence[str], columns: IndexColumns) -> None:
    from babelite.cli.shared.text_check import TextCheck
    from babelite.progress import ProgressDisplay

    check = TextCheck(index.encoder)
    lines, total = _lines(places, columns, check)
    with ProgressDisplay("lines", totals={"encoding": total}) as show:
        present = index.add(lines, progress=show)
    check.warn()
    for name in present:
        typer.echo(f"{name}: not added again, the index has all its lines", err=True)


class _GivenColumns(NamedTuple):
    """The options --column, --id and --keep; None if they were not given."""

    text: str | None
    id: str | None
    fields: tuple[str, ...] | None

    def resolve(self, recorded: IndexColumns | None) -> IndexColumns:
        """The columns to read; those that were not given are those of the index."""
        from babelite.index import IndexColumns

        default = recorded or IndexColumns()
        id_ = default.id if self.id is None else self.id
        fields = default.fields if self.fields is None else self.fields
        text = self.text or (default.text if id_ or fields else None)
        return IndexColumns(text=text, id=id_ or None, fields=fields)


def _is_table(columns: IndexColumns) -> bool:
    return bool(columns.id or columns.fields)


def _names(text: str) -> tuple[str, ...]:
    """The names of ``lang,url``; none of an empty text."""
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    if not all(names) or len(set(names)) < len(names):
        problem = f"--keep {text} names a column twice, or has a comma without a name"
        hint = "write for example --keep lang,url"
        raise BabeliteError(problem, code="option-invalid", hint=hint)
    return names


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
    places: Sequence[str], columns: IndexColumns, check: TextCheck
) -> tuple[dict[str, Iterable[str | IndexRow]], int | None]:
    """The lines by file name, read and checked when they are needed, and their number if known.

    All files are read once before anything is encoded, which takes a thousandth of the time, so
    that an error in the last line is reported first.
    """
    from babelite.corpus import require_distinct_names
    from babelite.storage import is_read_once

    require_distinct_names(places)
    files = [place for place in places if not is_read_once(place)]
    lines = (_text_of(line) for place in files for line in _read(place, columns))
    filled = Counter(bool(text.strip()) for text in lines)
    if len(files) == len(places) and not filled[True]:
        problem, hint = "contains only blank lines", "give a file with text"
        raise BabeliteError(problem, code="input-empty", path=", ".join(places), hint=hint)
    rows: dict[str, Iterable[str | IndexRow]] = {
        place: check.watch(_read(place, columns), place, text_of=_text_of) for place in places
    }
    return rows, filled.total() if len(files) == len(places) else None


def _read(place: str, columns: IndexColumns) -> Iterator[str | IndexRow]:
    """The lines of a file, with ids and fields if columns of them are given."""
    if not _is_table(columns):
        yield from (line.text for line in read_numbered_lines(place, columns.text))
        return
    from babelite.corpus import TableSource
    from babelite.index import IndexRow

    source = TableSource(place, columns.text, columns.id, columns.fields)
    for row in require_lines(source.read(), place):
        yield IndexRow(row.text, row.id, row.fields)


def _text_of(line: str | IndexRow) -> str:
    return line if isinstance(line, str) else line.text


def _require_ids(index: Index, ids: Sequence[str] | None) -> None:
    """Raise unless lines have these ids."""
    for id_ in ids or ():
        if index.get(id_) is None:
            problem, hint = f"has no line with the id {id_!r}", "leave out this --remove-id"
            raise BabeliteError(problem, code="option-invalid", path=index.folder, hint=hint)


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
