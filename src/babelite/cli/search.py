"""``babelite search``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from babelite.cli.shared.options import AllowDownload, FieldOption, ModelOption, flowing
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.index import Index

_SEARCH_HELP = """Find the lines that are nearest in meaning to a query.

PLACE is a text file, encoded on the fly, or the folder of an index that `babelite index` has made.
It and QUERY may be in any two languages of the model. For each hit its rank, its cosine (1 is the
same meaning), its line number and its text are printed.

Example: babelite search sentences.fr.txt "Where is the nearest station?" -k 3
"""

Column = Annotated[
    int | None,
    typer.Option(min=1, help="Take this tab-separated column, from 1, instead of whole lines."),
]


class Line(NamedTuple):
    """A sentence and the number of its line, from 1."""

    number: int
    text: str


class Found(NamedTuple):
    """A line that was found, its number and, in an index, the file it came from."""

    cosine: float
    line: int
    text: str
    file: str | None = None


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("search", help=flowing(_SEARCH_HELP), no_args_is_help=True)(_search)


def _search(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE",
            help="What is searched: the folder of an index; or a file of sentences, one a line, or "
            ".jsonl or .parquet with one a record. .gz, .xz and .zst are unpacked; '-' reads "
            "standard input.",
        ),
    ],
    queries: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help="The sentences looked for; '-' reads them from standard input, one a line.",
        ),
    ],
    model: ModelOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many lines to find for a query.")] = 5,
    column: Column = None,
    field: FieldOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a query.")] = False,
    allow_download: AllowDownload = False,
) -> None:
    if place == "-" and "-" in queries:
        raise BabeliteError(
            "cannot be both the file and the queries", path="-", hint="save one to a file"
        )
    if Path(place).is_dir():
        _require_no_part(place, column, field)
        index = _open_index(place, model, allow_download)
        texts = [text for query in queries for text in _query_texts(query)]
        _warn_if_unreadable(index.encoder, texts)
        hits = index.search(texts, k)
        several = len(index.description.contents.sources) > 1
        found = [[Found(h.cosine, h.line, h.text, h.source) for h in some] for some in hits]
    else:
        several = False
        texts, found = _search_file(place, queries, model, k, column, field, allow_download)
    for number, (text, some) in enumerate(zip(texts, found, strict=True)):
        if as_json:
            typer.echo(_as_json(text, some))
        else:
            typer.echo("\n" * bool(number) + typer.style(text, bold=True))
            _show(some, with_files=several)


def _require_no_part(index: str, column: int | None, field: str | None) -> None:
    for given, option in ((column, "column"), (field, "field")):
        if given is not None:
            raise BabeliteError(
                f"is an index, which has no {option}s", path=index, hint=f"leave out --{option}"
            )


def _open_index(place: str, model: str | None, allow_download: bool) -> Index:
    from babelite.encoding import open_encoder
    from babelite.index import Index

    index = Index.open(place, allow_download=allow_download)  # before a model is loaded
    if model is None:
        return index
    return Index.open(place, open_encoder(model, allow_download=allow_download))


def _search_file(
    path: str,
    queries: Sequence[str],
    model: str | None,
    k: int,
    column: int | None,
    field: str | None,
    allow_download: bool,
) -> tuple[list[str], list[list[Found]]]:
    import numpy as np

    from babelite.encoding import encode_stream, open_encoder
    from babelite.neighbors import search_sentences
    from babelite.progress import ProgressDisplay

    encoder = open_encoder(model, allow_download=allow_download)
    lines = [line for line in read_sentences(path, column, field) if line.text.strip()]
    if not lines:
        raise BabeliteError("holds only blank lines", path=path, hint="name a file with text")
    wanted = [text for query in queries for text in _query_texts(query)]
    _warn_if_unreadable(encoder, wanted)
    texts = [line.text for line in lines]
    with ProgressDisplay("lines") as show:
        blocks = encode_stream(encoder, texts)
        vectors = np.concatenate(list(show.count_rows("encoding", blocks, len(texts))))
    results = search_sentences(encoder, wanted, texts, k, vectors=vectors)
    return wanted, [
        [Found(hit.cosine, lines[hit.row].number, hit.text) for hit in result.hits]
        for result in results
    ]


def read_sentences(
    path: str, column: int | None = None, field: str | None = None
) -> Iterator[Line]:
    """The lines of a file, one of their tab-separated columns, or a field of its records.

    Raises:
        BabeliteError: The file is empty or cannot be read, or a line lacks the column or the field.
    """
    from babelite.corpus import SentenceSource

    number = 0
    for number, text in enumerate(SentenceSource(path, column=column or field).read(), start=1):
        yield Line(number, text)
    if not number:
        raise BabeliteError("is empty", path=path, hint="name a file with one sentence a line")


def _query_texts(query: str) -> Sequence[str]:
    if query != "-":
        return [query]
    texts = [line.text for line in read_sentences("-") if line.text.strip()]
    if not texts:
        raise BabeliteError("holds no query", path="-", hint="write one a line")
    return texts


def _warn_if_unreadable(encoder: SentenceEncoder, queries: Sequence[str]) -> None:
    from babelite.cli.shared.preflight import warn_if_unreadable

    for query in queries:
        warn_if_unreadable(encoder, [query], f"the query {query!r}")


def _as_json(query: str, found: Sequence[Found]) -> str:
    hits = [
        {
            "rank": rank,
            "cosine": round(hit.cosine, 6),
            **({} if hit.file is None else {"file": hit.file}),
            "line": hit.line,
            "text": hit.text,
        }
        for rank, hit in enumerate(found, start=1)
    ]
    return json.dumps({"query": query, "hits": hits}, ensure_ascii=False)


def _show(found: Sequence[Found], *, with_files: bool) -> None:
    places = [f"{hit.file}:{hit.line}" if with_files else f"{hit.line}" for hit in found]
    width = max(map(len, places))
    for rank, (place, hit) in enumerate(zip(places, found, strict=True), start=1):
        at = f"{place:<{width}}" if with_files else f"line {place:>{width}}"
        typer.echo(f"{rank:>3}  {hit.cosine:6.3f}  {at}  {hit.text}")
