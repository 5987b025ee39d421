"""``babelite filter``."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, ModelOption, flowing, parse_columns
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.corpus import PairTable
    from babelite.filtering import Filtered, LanguageIdentifier

_HELP = """Throw the bad pairs out of a parallel corpus.

PAIRS holds tab-separated columns. A pair is dropped if a side is blank (empty), if its sentences
are not much nearer to each other than to their neighbours in the corpus (margin), if a side is in
another language (language), if both sides are the same text (copied), if one holds much less than
the other (truncated), or if they name different numbers (numbers).

Rows are written as they stand, all columns; those of --dropped get two more: the margin and the
reasons. With --margins the kept ones get the margin, too. Languages are checked if the extra is
installed: pip install 'babelite\\[filter]'.

A run that was stopped, by Ctrl-C or by force, goes on when the same command is given again.

Example: babelite filter crawl.en-fr.tsv.gz --out kept.tsv.gz --dropped dropped.tsv
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("filter", help=flowing(_HELP), no_args_is_help=True)(_filter)


def _filter(
    pairs: Annotated[
        str, typer.Argument(metavar="PAIRS", help="TSV, or '-'; plain, .gz, .xz or .zst.")
    ],
    out: Annotated[str, typer.Option(help="Where the kept rows go, or '-' for the screen.")],
    dropped: Annotated[
        str | None, typer.Option(help="Where the dropped rows go, with margin and reasons.")
    ] = None,
    margins: Annotated[
        bool, typer.Option("--margins", help="Add a last column to the kept rows: the margin.")
    ] = False,
    model: ModelOption = None,
    threshold: Annotated[
        float,
        typer.Option(
            help="The lowest margin to keep: unrelated sentences have about 0, most translations "
            "1.1 to 1.6."
        ),
    ] = 0.7,
    languages: Annotated[
        str | None,
        typer.Option(
            help="The languages of the two sides, such as en-fr. Those most rows are in if not "
            "given."
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="The two columns, by number from 1, or by name if the first line holds names. "
            "'source' and 'target' if there are such names, else 1,2."
        ),
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep vectors and neighbours here: another threshold then takes no time. "
            "OUT.work, deleted at the end, if not given.",
        ),
    ] = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.options import parse_languages
    from babelite.cli.shared.preflight import require_writable, work_folder
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import PairTable
    from babelite.encoding import open_encoder
    from babelite.filtering import filter_pairs

    wanted = parse_languages(languages)
    require_writable(out, *([dropped] if dropped else []), inputs=[pairs])
    if dropped and Path(dropped).resolve() == Path(out).resolve():
        raise BabeliteError("--out and --dropped are the same file", hint="name two")
    identifier = _identifier(wanted)
    encoder = open_encoder(model, allow_download=allow_download)
    with _as_file(pairs) as path, work_folder(out, work) as folder, ProgressDisplay() as progress:
        table = PairTable(path, parse_columns(columns), name=pairs)
        with filter_pairs(
            table.side(0),
            table.side(1),
            encoder,
            threshold=threshold,
            identifier=identifier,
            languages=wanted or (None, None),
            work=folder,
            progress=progress,
        ) as filtered:
            _write(table, filtered, out, dropped, margins)
    _report(filtered)


def _identifier(languages: tuple[str, str] | None) -> LanguageIdentifier | None:
    from babelite.filtering import LanguageIdentifier, is_available

    if languages is None and not is_available():
        typer.echo(
            "Languages are not checked; to have them checked, run: pip install 'babelite[filter]'",
            err=True,
        )
        return None
    identifier = LanguageIdentifier()
    for language in languages or ():
        identifier.require(language)
    return identifier


@contextlib.contextmanager
def _as_file(path: str) -> Iterator[str]:
    """The path, or a temporary file that holds standard input or a pipe: it is read repeatedly."""
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
                except OSError as error:  # else it would seem to be standard input's
                    raise write_error(Path(copy.name), error) from error
        yield copy.name


def _write(
    table: PairTable, filtered: Filtered, out: str, dropped: str | None, margins: bool
) -> None:
    from babelite.storage import writing_text

    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(writing_text(out))
        rest = stack.enter_context(writing_text(dropped)) if dropped else None
        if table.header is not None:
            kept.write(f"{table.header}\tmargin\n" if margins else f"{table.header}\n")
            if rest:
                rest.write(f"{table.header}\tmargin\treasons\n")
        for row, verdict in zip(table.lines(), filtered, strict=True):
            if not verdict.reasons:
                kept.write(f"{row}\t{verdict.margin:.4f}\n" if margins else f"{row}\n")
            elif rest:
                rest.write(f"{row}\t{verdict.margin:.4f}\t{','.join(verdict.reasons)}\n")


def _report(filtered: Filtered) -> None:
    from rich.console import Console
    from rich.table import Table as Grid

    grid = Grid(title=f"{len(filtered):,} pairs", title_justify="left")
    grid.add_column("dropped for")
    grid.add_column("pairs", justify="right")
    checked = " and ".join(filtered.languages) if filtered.languages else None
    for reason, count in filtered.counts.items():
        if reason == "kept":
            grid.add_section()
            grid.add_row("kept", f"{count:,}", style="bold")
        elif reason == "language":
            grid.add_row(f"language: not {checked}" if checked else "language: not checked",
                         f"{count:,}" if checked else "")  # fmt: skip
        else:
            grid.add_row(reason, f"{count:,}")
    Console(stderr=True, highlight=False).print(grid)
