"""``babelite filter``: remove bad pairs from a parallel corpus."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ModelOption,
    OutOption,
    WorkOption,
    parse_columns,
    parse_languages,
    unwrap,
)
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.corpus import PairTable
    from babelite.filtering import Filtered, LanguageIdentifier

_HELP = """Remove bad pairs from a parallel corpus.

PAIRS is a TSV file. A pair is dropped for one or more reasons: a side is blank (empty); the model
cannot read a side (unreadable); its score, the margin to its neighbours in the corpus, is below
--threshold (low-score); a side is in another language (language); both sides are the same text
(copied); one side lacks a part of the other (truncated); the sides contain different numbers
(numbers).

Kept rows are written unchanged, with all columns; --scores adds a column with the score. --dropped
writes the dropped rows with two more columns, the score and the reasons. The language check needs
an extra: pip install 'babelite\\[filter]'.

An interrupted run resumes when the same command is run again.

Example: babelite filter crawl.en-fr.tsv.gz --out kept.tsv.gz --dropped dropped.tsv
"""

_Pairs = Annotated[str, typer.Argument(metavar="PAIRS", help="TSV file (.gz, .xz, .zst), or '-'.")]
_Dropped = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="File for the dropped rows, with score and reasons."),
]
_Scores = Annotated[
    bool, typer.Option("--scores", help="Add a last column to the kept rows: the score.")
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
    scores: _Scores = False,
    threshold: _Threshold = 0.7,
    languages: _Languages = None,
    columns: _Columns = None,
    model: ModelOption = None,
    work: WorkOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.preflight import require_writable, work_folder
    from babelite.corpus import PairTable
    from babelite.encoding import open_encoder
    from babelite.filtering import filter_pairs
    from babelite.progress import ProgressDisplay

    language_pair = parse_languages(languages)
    require_writable(out, *([dropped] if dropped else []), inputs=[pairs])
    if dropped and Path(dropped).resolve() == Path(out).resolve():
        problem, hint = "--out and --dropped are the same file", "give two different files"
        raise BabeliteError(problem, code="option-conflict", path=dropped, hint=hint)
    identifier = _identifier(language_pair)
    encoder = open_encoder(model, allow_download=allow_download)
    with _as_file(pairs) as path, work_folder(out, work) as folder, ProgressDisplay() as progress:
        table = PairTable(path, parse_columns(columns), name=pairs)
        with filter_pairs(
            table.side(0),
            table.side(1),
            encoder,
            threshold=threshold,
            identifier=identifier,
            languages=language_pair or (None, None),
            work=folder,
            progress=progress,
        ) as filtered:
            _write(table, filtered, out, dropped, scores)
    _report(filtered)


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


def _write(
    table: PairTable, filtered: Filtered, out: str, dropped: str | None, scores: bool
) -> None:
    """Write kept and dropped rows."""
    from babelite.storage import writing_text

    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(writing_text(out))
        rest = stack.enter_context(writing_text(dropped)) if dropped else None
        if table.header is not None:
            kept.write(f"{table.header}\tscore\n" if scores else f"{table.header}\n")
            if rest:
                rest.write(f"{table.header}\tscore\treasons\n")
        for row, verdict in zip(table.lines(), filtered, strict=True):
            if not verdict.reasons:
                kept.write(f"{row}\t{verdict.score:.4f}\n" if scores else f"{row}\n")
            elif rest:
                rest.write(f"{row}\t{verdict.score:.4f}\t{','.join(verdict.reasons)}\n")


def _report(filtered: Filtered) -> None:
    """Print the number of pairs for each reason to standard error."""
    from babelite.cli.shared.tables import print_table, result_table

    table = result_table(f"{len(filtered):,} pairs", texts=["dropped for"], numbers=["pairs"])
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
