"""``babelite filter``: remove bad pairs from a parallel corpus."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ModelOption,
    OutOption,
    WorkOption,
    parse_languages,
    parse_pairs,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    from babelite.corpus import PairRow, PairTable
    from babelite.filtering import Filtered, LanguageIdentifier, Verdict

_HELP = """Remove bad pairs from a parallel corpus.

PAIRS is a file of pairs. A pair is dropped for one or more reasons: a side is blank (empty); the
model cannot read a side (unreadable); its score, the margin to its neighbours in the corpus, is
below --threshold (low-score); a side is in another language (language); both sides are the same
text (copied); one side lacks a part of the other (truncated); the sides contain different numbers
(numbers); a side was decoded with a wrong encoding, as in "cafÃ©" (mojibake), or contains tags or
entities of HTML (markup). --ignore leaves reasons out.

Kept rows are written with all columns, unchanged. The ending of --out selects the format: .tsv,
.csv, .jsonl, .parquet, or .tmx and .xliff for the pairs alone. --score-column adds a column
with the score. --scores writes the score of every row, also of dropped ones, one a line, as
Bicleaner and OpusFilter do. --dropped writes the dropped rows with two more columns, the score and
the reasons. The language check needs an extra: pip install 'babelite\\[filter]'.

An interrupted run resumes when the same command is run again.

Example: babelite filter crawl.en-fr.tsv.gz --out kept.tsv.gz --dropped dropped.tsv
"""

_Pairs = Annotated[
    str,
    typer.Argument(
        metavar="PAIRS",
        help="[LANG-LANG=]PATH: .tsv, .csv, .jsonl, .parquet, .tmx or a catalog (.gz, .xz, .zst); "
        "PATH,PATH for two aligned files; or '-' for TSV.",
    ),
]
_Dropped = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="File for the dropped rows, with score and reasons."),
]
_ScoreColumn = Annotated[
    bool, typer.Option("--score-column", help="Add a last column to the kept rows: the score.")
]
_Scores = Annotated[
    str | None,
    typer.Option(
        "--scores",
        metavar="FILE",
        help="File for the scores of all rows, one a line in the order of the input; 0 for a row "
        "without one (empty, unreadable).",
    ),
]
_Ignore = Annotated[
    str | None,
    typer.Option(metavar="REASONS", help="Reasons that drop no pair, such as markup,numbers."),
]
_Threshold = Annotated[
    float,
    typer.Option(help="Minimum score. Unrelated sentences: about 0; translations: 1.1 to 1.6."),
]
_Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="Two names or numbers. Default: source,target, else 1,2."),
]
_Languages = Annotated[
    str | None,
    typer.Option(metavar="A-B", help="The languages, such as en-fr. Default: the most frequent."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("filter", help=unwrap(_HELP), no_args_is_help=True)(_filter)


def _filter(
    pairs: _Pairs,
    *,
    out: OutOption = "-",
    dropped: _Dropped = None,
    score_column: _ScoreColumn = False,
    scores: _Scores = None,
    ignore: _Ignore = None,
    threshold: _Threshold = 0.7,
    languages: _Languages = None,
    columns: _Columns = None,
    model: ModelOption = None,
    work: WorkOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.preflight import require_writable, work_folder
    from babelite.cli.shared.text_check import TextCheck
    from babelite.corpus import PairTable, split_language_prefix
    from babelite.encoding import open_encoder
    from babelite.filtering import filter_pairs
    from babelite.progress import ProgressDisplay

    language_pair = parse_languages(languages)
    _require_formats(out, dropped, scores=score_column)
    inputs = split_language_prefix(pairs)[1].split(",")
    outputs = [name for name in (out, dropped, scores) if name]
    require_writable(*outputs, inputs=[pairs, *inputs])
    if len({str(Path(name).resolve()) for name in outputs}) < len(outputs):
        problem = "two of --out, --dropped and --scores are the same file"
        hint = "give different files"
        raise BabeliteError(problem, code="option-conflict", hint=hint)
    identifier = _identifier(language_pair)
    encoder = open_encoder(model, allow_download=allow_download)
    with _as_file(pairs) as path, work_folder(out, work) as folder, ProgressDisplay() as progress:
        table = PairTable(parse_pairs(path, columns, languages), name=pairs)
        with filter_pairs(
            table.side(0),
            table.side(1),
            encoder,
            threshold=threshold,
            identifier=identifier,
            ignore=[reason.strip() for reason in ignore.split(",")] if ignore else (),
            languages=language_pair or (None, None),
            work=folder,
            progress=progress,
        ) as filtered:
            _write(table, filtered, out, dropped, scores=score_column)
            if scores:
                _write_scores(filtered, scores)
    _report(filtered)
    check = TextCheck(encoder)
    for side, language in zip(("source", "target"), filtered.languages or (), strict=False):
        check.add([], f"the {side} side", language)
    check.warn(0)  # the report has the number of unreadable pairs


def _identifier(languages: tuple[str, str] | None) -> LanguageIdentifier | None:
    """The language identifier; None if its library is missing and no languages are given."""
    from babelite.filtering import LanguageIdentifier, can_identify_languages

    if languages is None and not can_identify_languages():
        hint = "for the check run: pip install 'babelite[filter]'"
        typer.echo(f"Languages are not checked; {hint}", err=True)
        return None
    identifier = LanguageIdentifier()
    for language in languages or ():
        identifier.require(language)
    return identifier


@contextlib.contextmanager
def _as_file(path: str) -> Iterator[str]:
    """The path, or a temporary copy of standard input or a pipe, which is read several times."""
    from babelite.storage import is_read_once, reading_bytes, write_error

    if not is_read_once(path):
        yield path
        return
    with tempfile.NamedTemporaryFile(suffix=".tsv") as copy:
        with reading_bytes(path) as stream:
            while block := stream.read(1 << 20):
                try:
                    copy.write(block)
                    copy.flush()
                except OSError as error:  # must not look like an error of standard input
                    raise write_error(Path(copy.name), error) from error
        yield copy.name


def _require_formats(out: str, dropped: str | None, *, scores: bool) -> None:
    """Raise unless the endings of the outputs stand for formats that can hold the rows."""
    from babelite.corpus import TABLE_FORMATS, TRANSLATION_FORMATS, output_format

    if output_format(out) in TRANSLATION_FORMATS and scores:
        problem, hint = (
            "cannot hold the scores of --score-column",
            "use .tsv, .csv, .jsonl or .parquet",
        )
        raise BabeliteError(problem, code="option-conflict", path=out, hint=hint)
    if dropped:
        output_format(dropped, TABLE_FORMATS)


def _write(
    table: PairTable, filtered: Filtered, out: str, dropped: str | None, *, scores: bool
) -> None:
    """Write kept and dropped rows."""
    from babelite.corpus import TRANSLATION_FORMATS, output_format, write_pairs

    def chosen(*, kept: bool) -> Iterator[tuple[PairRow, Verdict]]:
        for row, verdict in zip(table.rows(), filtered, strict=True):
            if kept is not bool(verdict.reasons):
                yield row, verdict

    if output_format(out) in TRANSLATION_FORMATS:
        write_pairs((row.pair for row, _ in chosen(kept=True)), out, table.languages)
    else:
        added = {"score": lambda verdict: verdict.score} if scores else {}
        _write_rows(table, chosen(kept=True), out, added)
    if dropped:
        reasons = {"score": lambda verdict: verdict.score, "reasons": lambda v: ",".join(v.reasons)}
        _write_rows(table, chosen(kept=False), dropped, reasons)


def _write_scores(filtered: Filtered, path: str) -> None:
    """Write the score of every row; 0 for a row that has none."""
    from babelite.storage import writing_text

    with writing_text(path) as out:
        for verdict in filtered:
            out.write(f"{0.0 if math.isnan(verdict.score) else verdict.score:.4f}\n")


def _write_rows(
    table: PairTable,
    rows: Iterator[tuple[PairRow, Verdict]],
    out: str,
    added: Mapping[str, Callable[[Verdict], object]],
) -> None:
    """Write rows with further columns."""
    from babelite.corpus import Record, write_records

    write_records(
        out,
        (
            Record(row.record.values, {name: value(verdict) for name, value in added.items()})
            for row, verdict in rows
        ),
        table.names,
        list(added),
        header=table.has_header,
        schema=table.schema,
    )


def _report(filtered: Filtered) -> None:
    """Print the number of pairs for each reason to standard error."""
    from babelite.cli.shared.tables import print_table, result_table

    table = result_table(quantity(len(filtered), "pair"), texts=["dropped for"], numbers=["pairs"])
    for reason, count in filtered.counts.items():
        label, number = reason, f"{count:,}"
        if reason == "kept":
            table.add_section()
        elif reason == "language" and filtered.languages is None:
            label, number = "language: not checked", ""
        elif reason == "language" and filtered.languages is not None:
            label = f"language: not {' and '.join(filtered.languages)}"
        table.add_row(label, number, style="bold" if reason == "kept" else "")
    print_table(table, stderr=True)
