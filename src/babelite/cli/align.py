"""``babelite align``: align the sentences of two versions of a document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    JsonOption,
    ModelOption,
    output_languages,
    parse_languages,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from babelite.alignment import SegmentPair
    from babelite.corpus import Document
    from babelite.encoding import SentenceEncoder
    from babelite.evaluation import AlignmentScores

_HELP = """Align the sentences of two versions of a document.

SOURCE and TARGET contain one sentence a line, or running text with --split. The result is a list of
segment pairs in order, with up to four sentences on a side; sentences without a translation stay
unmatched. Each pair has a score (1: same meaning; 0: unrelated) and a cosine.

The ending of --out selects the format: .tsv (line numbers, score, cosine, text), .csv, .jsonl,
.parquet, .json, .html (a page with the two documents side by side), or .tmx and .xliff for
translation tools (pairs with two sides). Two folders: files of the same name are aligned; --out is
a folder, or 'FOLDER/*.tmx' for another format than .tsv. With --json the result is JSON on standard
output.

Example: babelite align book.en.txt book.fr.txt --out book.html
"""

_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="First document, or folder: text, subtitles (.srt, .vtt), .html, .docx or a table "
        "(.tsv, .csv, .jsonl, .parquet, .tmx), also .gz, .xz or .zst; or '-'.",
    ),
]
_Target = Annotated[str, typer.Argument(metavar="TARGET", help="Second document, or folder.")]
_Out = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Output file: .tsv, .csv, .jsonl, .parquet, .json, .tmx, .xliff or .html. Default: "
        "TSV on standard output.",
    ),
]
_Languages = Annotated[
    str | None,
    typer.Option(
        metavar="A-B",
        help="The languages, such as en-fr, for --split, .tmx and .xliff. Default for the last "
        "two: from the file names.",
    ),
]
_Split = Annotated[
    bool, typer.Option("--split", help="Split running text into sentences; needs --languages.")
]
_MaxSize = Annotated[
    int, typer.Option(min=1, max=8, help="Maximum number of sentences on a side of a segment pair.")
]
_MinScore = Annotated[
    float, typer.Option(min=-1.0, max=1.0, help="Minimum score; other sentences stay unmatched.")
]
_Gold = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Print precision, recall and F1 against this gold alignment (TSV or Vecalign format). "
        "The alignment itself is written only with --out.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("align", help=unwrap(_HELP), no_args_is_help=True)(_align)


def _align(
    source: _Source,
    target: _Target,
    *,
    out: _Out = None,
    languages: _Languages = None,
    split: _Split = False,
    column: ColumnOption = None,
    max_size: _MaxSize = 4,
    min_score: _MinScore = 0.1,
    gold: _Gold = None,
    model: ModelOption = None,
    json_: JsonOption = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.alignment import alignment_format, read_alignment, write_alignment
    from babelite.cli.shared.preflight import require_writable
    from babelite.encoding import open_encoder

    _require_one_output(out, gold, as_json=json_)
    settings = _Settings(
        _split_languages(languages, split), parse_languages(languages), column, max_size, min_score
    )
    if Path(source).is_dir() and Path(target).is_dir():
        if out is None or out == "-" or gold is not None:
            problem = "--out FOLDER is missing" if gold is None else "--gold is for two files"
            hint = "two folders need --out FOLDER, or --out 'FOLDER/*.tmx' for another format"
            raise BabeliteError(problem, code="option-conflict", hint=hint)
        encoder = partial(open_encoder, model, allow_download=allow_download)
        _align_folders(Path(source), Path(target), out, settings, encoder)
        return
    format_ = alignment_format(out or "-")
    codes = output_languages(out or "-", format_, settings.languages, (source, target))
    if [source, target, gold].count("-") > 1:
        problem, hint = "can be read only once", "save it to a file"
        raise BabeliteError(problem, code="option-conflict", path="-", hint=hint)
    if out is not None:
        require_writable(out, inputs=[source, target, *([gold] if gold else [])])
    documents = settings.read(source, target)
    gold_pairs = read_alignment(gold, *documents) if gold else None
    pairs = settings.align(documents, open_encoder(model, allow_download=allow_download))
    if out is not None or gold_pairs is None:
        as_json = json_ and out is None
        write_alignment(
            out or "-", pairs, *documents, languages=codes, gold=gold_pairs, as_json=as_json
        )
    _summarize(pairs, documents, out)
    if gold_pairs is not None:
        from babelite.evaluation import score_alignment

        scores = score_alignment(((pair.source, pair.target) for pair in pairs), gold_pairs)
        _print_scores(scores, as_json=json_)


@dataclass(frozen=True)
class _Settings:
    """How documents are read and aligned."""

    split: tuple[str | None, str | None]  # the languages to split text in
    languages: tuple[str, str] | None
    column: str | None
    max_size: int
    min_score: float

    def read(self, source: str, target: str) -> tuple[Document, Document]:
        return _read(source, self.split[0], self.column), _read(target, self.split[1], self.column)

    def align(
        self, documents: tuple[Document, Document], encoder: SentenceEncoder
    ) -> list[SegmentPair]:
        from babelite.alignment import align_vectors, text_lengths
        from babelite.cli.shared.text_check import TextCheck

        check = TextCheck(encoder)
        sides = [document.sentences for document in documents]
        places = documents[0].path, documents[1].path
        check.add_sides(sides, places, self.languages or (None, None))
        vectors = _encoded(encoder, documents)
        check.warn()
        lengths = text_lengths(*sides)
        return align_vectors(
            *vectors, lengths=lengths, max_size=self.max_size, min_score=self.min_score
        )


def _align_folders(
    source: Path, target: Path, out: str, settings: _Settings, open_: Callable[[], SentenceEncoder]
) -> None:
    """Align the files of two folders that have the same name, each pair to a file of its own."""
    from babelite.alignment import alignment_format, write_alignment
    from babelite.cli.shared.preflight import require_writable
    from babelite.corpus import paired_files
    from babelite.storage import make_folder

    found, alone = paired_files(source, target)
    pattern = out if "*" in out else f"{out}/*.tsv"
    format_ = alignment_format(pattern)
    jobs = []
    for name, *files in found:
        places = str(files[0]), str(files[1])
        codes = output_languages(pattern, format_, settings.languages, places)
        jobs.append((pattern.replace("*", name), places, codes))
    encoder = open_()
    for path, places, codes in jobs:
        make_folder(Path(path).parent)
        require_writable(path, inputs=places)
        documents = settings.read(*places)
        pairs = settings.align(documents, encoder)
        write_alignment(path, pairs, *documents, languages=codes)
        _summarize(pairs, documents, path)
    if alone:
        names = ", ".join(map(str, alone[:3])) + (", …" if len(alone) > 3 else "")
        typer.echo(f"Without a partner: {quantity(len(alone), 'file')} ({names})", err=True)


def _require_one_output(out: str | None, gold: str | None, *, as_json: bool) -> None:
    if as_json and out is not None and gold is None:
        raise BabeliteError(
            "--json and --out exclude each other without --gold",
            code="option-conflict",
            hint="give one of the two; --out FILE.json writes JSON to a file",
        )


def _split_languages(languages: str | None, split: bool) -> tuple[str | None, str | None]:
    """The languages to split text in; two times None if lines are sentences."""
    if not split:
        return None, None
    parsed = parse_languages(languages)
    if parsed is None:
        problem, hint = "--split needs two languages", "add for example --languages en-fr"
        raise BabeliteError(problem, code="option-missing", hint=hint)
    return parsed


def _read(path: str, language: str | None, column: str | None) -> Document:
    from babelite.corpus import read_document

    document = read_document(path, language, column)
    if language is None and document.looks_unsplit:
        hint = "split them with --split --languages en-fr (or other languages)"
        typer.echo(f"{path}: many lines contain several sentences; {hint}", err=True)
    return document


def _encoded(encoder: SentenceEncoder, documents: Iterable[Document]) -> list[NDArray[np.float32]]:
    """The vectors of both documents, with their progress on standard error."""
    import numpy as np

    from babelite.encoding import encode_stream
    from babelite.progress import ProgressDisplay

    sides = [document.sentences for document in documents]
    sentences = list(chain.from_iterable(sides))
    with ProgressDisplay("sentences") as show:
        blocks = encode_stream(encoder, sentences)
        rows = list(show.count_rows("encoding", blocks, len(sentences)))
    return np.split(np.concatenate(rows), [len(sides[0])])


def _summarize(
    pairs: Sequence[SegmentPair], documents: tuple[Document, Document], out: str | None
) -> None:
    """Print the counts of the sizes and of unmatched sentences to standard error."""
    sizes = Counter(pair.size for pair in pairs if all(pair.size))
    counts = ", ".join(f"{count:,} of {n}-{m}" for (n, m), count in sizes.most_common())
    unmatched = [
        sum(len(pair.source) for pair in pairs if not pair.target),
        sum(len(pair.target) for pair in pairs if not pair.source),
    ]
    lengths = [len(document.sentences) for document in documents]
    total, left = (f"{first:,} and {second:,}" for first, second in (lengths, unmatched))
    summary = f"{total} sentences: {counts or 'no match'}; {left} unmatched"
    typer.echo(summary if out in (None, "-") else f"{summary}: {out}", err=True)
    if sum(unmatched) > sum(lengths) / 2:
        hint = "Check that the documents are versions of one text, in languages of the model."
        typer.echo(f"Fewer than half of the sentences are matched. {hint}", err=True)


def _print_scores(scores: AlignmentScores, *, as_json: bool) -> None:
    kinds = {"strict": scores.strict, "lax": scores.lax}
    if as_json:
        typer.echo(json.dumps({kind: found.as_dict() for kind, found in kinds.items()}))
        return
    typer.echo(f"{'':8}precision  recall      F1")
    for kind, found in kinds.items():
        typer.echo(f"{kind:8}{found.precision:9.4f}{found.recall:8.4f}{found.f1:8.4f}")
