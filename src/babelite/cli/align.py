"""``babelite align``."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, ModelOption, flowing, parse_languages
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from babelite.alignment import Bead
    from babelite.corpus import Document
    from babelite.encoding import SentenceEncoder
    from babelite.evaluation import AlignmentScores

_HELP = """Align the sentences of two versions of a document.

Each line of SOURCE and TARGET is a sentence, unless --split tells their languages: then they are
running text, to be split. Beads of up to four sentences on a side are found, in order; sentences
without a counterpart stay alone. Each bead has a score: 1 is the same meaning, 0 is no nearer than
unrelated sentences of these documents.

The formats: tsv (line numbers, score, cosine and text, under a line of names), json, and html, a
page to read the two documents side by side.

Example: babelite align book.en.txt book.fr.txt --out book.html
"""

_SUFFIXES = {".tsv": "tsv", ".txt": "tsv", ".json": "json", ".html": "html", ".htm": "html"}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("align", help=flowing(_HELP), no_args_is_help=True)(_align)


def _align(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="One version; .gz, .xz and .zst are unpacked; '-' reads standard input.",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The other version.")],
    *,
    model: ModelOption = None,
    out: Annotated[
        str | None, typer.Option(help="The file to write; standard output if not given.")
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="tsv, json or html; what the ending of --out says if not given."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="LANGUAGES",
            help="Split running text into sentences; the two languages, such as en-fr.",
        ),
    ] = None,
    max_size: Annotated[
        int, typer.Option(min=1, max=8, help="The most sentences on a side of a bead.")
    ] = 4,
    min_score: Annotated[
        float,
        typer.Option(min=-1.0, max=1.0, help="Leave sentences unmatched rather than score lower."),
    ] = 0.25,
    gold: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Print precision, recall and F1 against this alignment, in the format tsv or "
            "that of Vecalign; the beads are only written with --out.",
        ),
    ] = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.alignment import align_vectors, read_beads
    from babelite.cli.shared.preflight import require_writable
    from babelite.encoding import open_encoder
    from babelite.storage import writing_text

    chosen = _format(format_, out)
    languages = parse_languages(split, "--split") or (None, None)
    if [source, target, gold].count("-") > 1:
        raise BabeliteError("can be read only once", path="-", hint="save it to a file")
    if out is not None:
        require_writable(out, apart_from=[source, target, *([gold] if gold else [])])
    documents = _read(source, languages[0]), _read(target, languages[1])
    right = read_beads(gold, *documents) if gold else None
    encoder = open_encoder(model, allow_download=allow_download)
    with ExitStack() as stack:
        stream = None
        if out is not None or right is None:
            stream = stack.enter_context(writing_text(out or "-"))  # it fails now or never
        vectors = _encoded(encoder, documents)
        beads = align_vectors(*vectors, max_size=max_size, min_score=min_score)
        if stream:
            stream.writelines(f"{line}\n" for line in _written(chosen, beads, documents, right))
    _summarise(beads, documents, out)
    if right is not None:
        from babelite.evaluation import score_alignment

        scores = score_alignment(((bead.source, bead.target) for bead in beads), right)
        _show(scores, as_json=format_ == "json")


def _format(name: str | None, out: str | None) -> str:
    from babelite.alignment import page_template
    from babelite.storage import suffix_of

    if name is None and out is not None and out != "-" and suffix_of(out) not in _SUFFIXES:
        raise BabeliteError(
            "has an ending that tells no format",
            path=out,
            hint=f"use one of {', '.join(_SUFFIXES)}, or give --format",
        )
    chosen = name or _SUFFIXES.get(suffix_of(out or "-"), "tsv")
    if chosen not in _SUFFIXES.values():
        raise BabeliteError(f"there is no format {chosen!r}", hint="choose tsv, json or html")
    if chosen == "html":
        page_template()  # says at once what is not installed
    return chosen


def _read(path: str, language: str | None) -> Document:
    from babelite.corpus import read_document

    document = read_document(path, language)
    if language is None and document.looks_unsplit:
        typer.echo(
            f"{path}: many lines hold several sentences; --split en-fr (or other languages) "
            "would split them",
            err=True,
        )
    return document


def _encoded(encoder: SentenceEncoder, documents: Iterable[Document]) -> list[NDArray[np.float32]]:
    """The vectors of both documents, with a bar on standard error meanwhile."""
    import numpy as np
    from rich.console import Console

    from babelite.cli.shared.bars import rate_bars
    from babelite.encoding import encode_stream

    console = Console(stderr=True, highlight=False)
    documents = list(documents)
    vectors = []
    started = time.perf_counter()
    with rate_bars(console) as progress:
        total = sum(len(document.sentences) for document in documents)
        task = progress.add_task("encoding", total=total, rate="")
        done = 0
        for document in documents:
            blocks = []
            for block in encode_stream(encoder, document.sentences):
                blocks.append(block)
                done += len(block)
                rate = done / (time.perf_counter() - started)
                progress.update(task, completed=done, rate=f"{rate:,.0f} sentences a second")
            vectors.append(np.concatenate(blocks))
    return vectors


def _written(
    format_: str,
    beads: Sequence[Bead],
    documents: tuple[Document, Document],
    gold: Collection[tuple[frozenset[int], frozenset[int]]] | None,
) -> Iterable[str]:
    from babelite.alignment import WRITERS, alignment_page

    if format_ == "html":
        return [alignment_page(beads, *documents, gold)]
    return WRITERS[format_](beads, *documents)


def _summarise(
    beads: Sequence[Bead], documents: tuple[Document, Document], out: str | None
) -> None:
    sizes = Counter(bead.size for bead in beads if all(bead.size))
    counts = ", ".join(f"{count:,} of {n}-{m}" for (n, m), count in sizes.most_common())
    alone = [
        sum(len(bead.source) for bead in beads if not bead.target),
        sum(len(bead.target) for bead in beads if not bead.source),
    ]
    lengths = [len(document.sentences) for document in documents]
    typer.echo(
        f"{lengths[0]:,} and {lengths[1]:,} sentences: {counts or 'no match'}; "
        f"{alone[0]:,} and {alone[1]:,} unmatched" + ("" if out in (None, "-") else f": {out}"),
        err=True,
    )
    if sum(alone) > sum(lengths) / 2:
        typer.echo(
            "Less than half is matched: are these two versions of one text, in languages that the "
            "model knows?",
            err=True,
        )


def _show(scores: AlignmentScores, *, as_json: bool) -> None:
    kinds = {"strict": scores.strict, "lax": scores.lax}
    if as_json:
        typer.echo(json.dumps({kind: found.as_dict() for kind, found in kinds.items()}))
        return
    typer.echo(f"{'':8}precision  recall      F1")
    for kind, found in kinds.items():
        typer.echo(f"{kind:8}{found.precision:9.4f}{found.recall:8.4f}{found.f1:8.4f}")
