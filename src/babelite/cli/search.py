"""``babelite search``: semantic search in a file or an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    DimOption,
    JsonOption,
    ModelOption,
    unwrap,
)
from babelite.errors import BabeliteError
from babelite.storage import visible_text

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.index import Index, IndexHit

_FEW_QUERIES = 5  # each is named in a warning

_SEARCH_HELP = """Find the lines that are nearest in meaning to a query.

Search a text file, which is encoded first, or an index made with `babelite index`. File and QUERY
may be in different languages. Each hit is printed with its rank, cosine (1: same meaning; 0:
unrelated), line number and text.

Example: babelite search sentences.fr.txt "Where is the nearest station?" -k 3
"""

_Place = Annotated[
    str,
    typer.Argument(
        metavar="FILE|INDEX",
        help="File with one sentence per line (.txt), row (.tsv, .csv) or record (.jsonl, "
        ".parquet, .tmx), subtitles (.srt, .vtt), .html or .docx, also .gz, .xz or .zst; '-' is "
        "standard input. Or the folder of an index.",
    ),
]
_Queries = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERY", help="Queries; '-' reads them from standard input, one per line."
    ),
]


_WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD=VALUE",
        help="Search only lines with this value of a field of the index (FIELD= for none). "
        "Repeatable: values of one field are alternatives, different fields must all match.",
    ),
]
_MinScoreOption = Annotated[
    float | None,
    typer.Option("--min-score", metavar="X", help="Leave out lines with a lower cosine."),
]
_Line = TypeVar("_Line")


class NumberedLine(NamedTuple):
    """A sentence and its line number, from 1."""

    number: int
    text: str


class _Hit(NamedTuple):
    """A line that was found, its number and, in an index, its file, id and fields."""

    cosine: float
    line: int
    text: str
    file: str | None = None
    added: Mapping[str, Any] = {}  # "id" and "fields", if the index has them


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("search", help=unwrap(_SEARCH_HELP), no_args_is_help=True)(_search)


def _search(
    place: _Place,
    queries: _Queries,
    model: ModelOption = None,
    dim: DimOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Number of lines to find per query.")] = 5,
    where: _WhereOption = None,
    min_score: _MinScoreOption = None,
    column: ColumnOption = None,
    json_: JsonOption = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.encoding import open_encoder

    if place == "-" and "-" in queries:
        problem = "cannot be both the file and the queries"
        raise BabeliteError(problem, code="option-conflict", path="-", hint="save one to a file")
    several = False
    if Path(place).is_dir():
        from babelite.index import Index

        for option, value, has in (("--column", column, "no columns"), ("--dim", dim, "a size")):
            if value is not None:
                problem, hint = f"is an index, which has {has}", f"leave out {option}"
                raise BabeliteError(problem, code="option-conflict", path=place, hint=hint)
        index = Index.open(place, allow_download=allow_download)  # before a model is loaded
        if model is not None:
            index = Index.open(place, open_encoder(model, allow_download=allow_download))
        texts, found = _search_index(index, queries, k, _parse_where(where), min_score)
        several = len(index.description.contents.sources) > 1
    else:
        if where:
            problem = "--where needs the folder of an index with fields"
            hint = "build one with: babelite index FILE --keep COLUMN --out FOLDER"
            raise BabeliteError(problem, code="option-conflict", path=place, hint=hint)
        encoder = open_encoder(model, allow_download=allow_download, dim=dim)
        texts, found = _search_file(place, queries, encoder, k, column)
        least = -1.1 if min_score is None else min_score
        found = [[hit for hit in hits if hit.cosine >= least] for hits in found]
    for number, (text, hits) in enumerate(zip(texts, found, strict=True)):
        if json_:
            typer.echo(_as_json(text, hits))
        else:
            typer.echo("\n" * bool(number) + typer.style(visible_text(text), bold=True))
            _show(hits, with_files=several)


def _search_index(
    index: Index,
    queries: Sequence[str],
    k: int,
    where: dict[str, list[object]],
    min_score: float | None,
) -> tuple[list[str], list[list[_Hit]]]:
    """The texts of the queries, and the lines found for each."""
    texts = _read_queries(queries, index.encoder)
    results = index.search(texts, k, where=where or None, min_score=min_score)
    return texts, [[_as_hit(hit, index) for hit in hits] for hits in results]


def _as_hit(hit: IndexHit, index: Index) -> _Hit:
    added: dict[str, Any] = {"id": hit.id} if index.has_ids else {}
    if index.fields:
        added["fields"] = dict(hit.fields)
    return _Hit(hit.cosine, hit.line, hit.text, hit.source, added)


def _parse_where(filters: Sequence[str] | None) -> dict[str, list[object]]:
    """The accepted values by field; an empty value stands for lines without the field too."""
    where: dict[str, list[object]] = {}
    for text in filters or ():
        name, sign, value = text.partition("=")
        if not name or not sign:
            problem, hint = f"--where {text} is not FIELD=VALUE", "write for example lang=fr"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        where.setdefault(name, []).extend([value] if value else ["", None])
    return where


def _search_file(
    path: str, queries: Sequence[str], encoder: SentenceEncoder, k: int, column: str | None
) -> tuple[list[str], list[list[_Hit]]]:
    """The texts of the queries, and the lines found for each."""
    import numpy as np

    from babelite.cli.shared.text_check import TextCheck
    from babelite.encoding import encode_stream
    from babelite.neighbors import search_sentences
    from babelite.progress import ProgressDisplay

    # Equal lines are one hit, the first of them.
    numbers: dict[str, int] = {}
    for line in read_numbered_lines(path, column):
        if line.text.strip():
            numbers.setdefault(line.text, line.number)
    if not numbers:
        problem, hint = "contains only blank lines", "give a file with text"
        raise BabeliteError(problem, code="input-empty", path=path, hint=hint)
    query_texts = _read_queries(queries, encoder)
    texts = list(numbers)
    check = TextCheck(encoder)
    check.add(texts, path)
    with ProgressDisplay("lines") as show:
        blocks = encode_stream(encoder, texts)
        vectors = np.concatenate(list(show.count_rows("encoding", blocks, len(texts))))
    check.warn()
    results = search_sentences(encoder, query_texts, texts, k, vectors=vectors)
    found = [[_Hit(h.cosine, numbers[h.text], h.text) for h in result.hits] for result in results]
    return query_texts, found


def read_numbered_lines(path: str, column: str | None = None) -> Iterator[NumberedLine]:
    """The sentences of a file with their line numbers; an error if the file is empty."""
    from babelite.corpus import SentenceSource

    lines = map(NumberedLine._make, SentenceSource(path, column).read_numbered())
    return require_lines(lines, path)


def require_lines(lines: Iterable[_Line], path: str) -> Iterator[_Line]:
    """The lines of a file; an error if there are none."""
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty:
        hint = "give a file with one sentence per line"
        raise BabeliteError("is empty", code="input-empty", path=path, hint=hint)


def _read_queries(queries: Sequence[str], encoder: SentenceEncoder) -> list[str]:
    """The queries, for ``-`` from standard input; warns of queries that the model cannot read."""
    from babelite.cli.shared.text_check import TextCheck

    texts: list[str] = []
    for query in queries:
        if query == "-":
            lines = [line.text for line in read_numbered_lines("-") if line.text.strip()]
            if not lines:
                problem, hint = "contains no query", "write one query per line"
                raise BabeliteError(problem, code="input-empty", path="-", hint=hint)
            texts += lines
        elif query.strip():
            texts.append(query)
        else:
            raise BabeliteError("a query is blank", code="input-empty", hint="give some words")
    check = TextCheck(encoder)
    if len(texts) <= _FEW_QUERIES:
        for text in texts:
            check.add([text], f"the query {text!r}")
    else:
        check.add(texts, "the queries")
    check.warn()
    return texts


def _as_json(query: str, hits: Sequence[_Hit]) -> str:
    rows = []
    for rank, hit in enumerate(hits, start=1):
        place = {"line": hit.line} if hit.file is None else {"file": hit.file, "line": hit.line}
        found = {"rank": rank, "cosine": round(hit.cosine, 6), **place, "text": hit.text}
        rows.append({**found, **hit.added})
    return json.dumps({"query": query, "hits": rows}, ensure_ascii=False)


def _show(hits: Sequence[_Hit], *, with_files: bool) -> None:
    from babelite.corpus import one_line

    places = [f"{hit.file}:{hit.line}" if with_files else f"{hit.line}" for hit in hits]
    width = max(map(len, places), default=0)
    for rank, (place, hit) in enumerate(zip(places, hits, strict=True), start=1):
        at = f"{place:<{width}}" if with_files else f"line {place:>{width}}"
        text = visible_text(one_line(hit.text))
        typer.echo(f"{rank:>3}  {hit.cosine:6.3f}  {visible_text(at)}  {text}")
        if added := _added_text(hit.added):
            typer.echo(f"{'':13}{visible_text(one_line(added))}")


def _added_text(added: Mapping[str, Any]) -> str:
    """The id and the fields of a hit on one line."""
    values = {name: value for name, value in added.items() if name == "id" and value is not None}
    values |= added.get("fields", {})
    shown = (
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
    )
    return "  ".join(shown)
