"""``babelite mine``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.search import Column
from babelite.cli.shared.options import AllowDownload, FieldOption, ModelOption, RayOption, flowing
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.mining import Candidates, Mined, Progress, Steps

_HELP = """Find the translations in two piles of text.

SOURCE and TARGET hold one sentence a line, in any order and of any number. A pair scores high when
its sentences are much nearer to each other than to their neighbours: the margin of Artetxe &
Schwenk (2019). Pairs are written best first, with their scores, line numbers and text, separated by
tabs, under a line of column names. Blank lines are left out, equal lines count once.

Without --threshold all pairs are written, and a table tells which threshold gives which precision:
measured, if --calibrate names the known pairs of these texts, else estimated from sentences made to
have no translation.

A run that was stopped, by Ctrl-C or by force, goes on when the same command is given again.

Example: babelite mine news.en.txt news.fr.txt --out pairs.tsv --threshold 1.15
"""

COLUMNS = (
    "score", "cosine", "ratio", "distance", "source_line", "target_line", "source", "target",
)  # fmt: skip
_ROWS_A_REPORT = 10_000


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("mine", help=flowing(_HELP), no_args_is_help=True)(_mine)


def _mine(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="Text, .jsonl or .parquet; .gz, .xz, .zst; '-'; s3://…"
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Text in the other language.")],
    out: Annotated[
        str, typer.Option(help="The TSV file to write (.gz, .xz, .zst), or '-' for the screen.")
    ] = "-",
    column: Column = None,
    field: FieldOption = None,
    model: ModelOption = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Keep pairs that score at least this; all if not given."),
    ] = None,
    margin: Annotated[
        str,
        typer.Option(
            help="The score: ratio (1 for unrelated text), distance, or absolute (the cosine)."
        ),
    ] = "ratio",
    direction: Annotated[
        str,
        typer.Option(
            help="What to keep of the best partner of each sentence: max (the best first, each "
            "sentence once), intersection (both agree), forward (of each source) or backward."
        ),
    ] = "max",
    one_to_one: Annotated[
        bool, typer.Option("--one-to-one", help="Use each sentence once in forward and backward.")
    ] = False,
    k: Annotated[int, typer.Option("-k", min=1, help="Neighbours that make a margin.")] = 4,
    search: Annotated[
        str,
        typer.Option(
            help="How neighbours are found: exact, clusters (approximate, many times as fast on "
            "large text), or auto, by the number of lines."
        ),
    ] = "auto",
    work: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Keep vectors and neighbours here: other margins, thresholds and explanations of "
            "the same text then take no time. OUT.work, deleted at the end, if not given.",
        ),
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(
            metavar="GOLD",
            help="All true pairs of the two texts (TSV or another format of parallel text): "
            "measure precision, recall and F1, and find the best threshold.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw what each threshold gives (.png, .svg, .pdf)."),
    ] = None,
    explain: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Show the neighbours that made the margin of the Nth pair."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Work in so many processes of one core each, not in this one."),
    ] = None,
    ray: RayOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.mine_display import explain_pair, read_gold, show_estimate, show_measured
    from babelite.cli.shared.preflight import (
        choice,
        require_writable,
        warn_if_unreadable,
        work_folder,
    )
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import SentenceSource
    from babelite.encoding import open_encoder
    from babelite.mining import DIRECTIONS, MARGINS, mine
    from babelite.neighbors import SEARCH_KINDS
    from babelite.plots import picture_format

    chosen_margin = choice("--margin", margin, MARGINS)
    chosen_direction = choice("--direction", direction, DIRECTIONS)
    chosen_search = choice("--search", search, SEARCH_KINDS)
    if source == target == "-":
        raise BabeliteError("cannot be both sides", path="-", hint="save one to a file")
    if plot:
        picture_format(plot)
    gold = read_gold(calibrate) if calibrate else None
    require_writable(out, inputs=(source, target, *([calibrate] if calibrate else [])))
    encoder = open_encoder(model, allow_download=allow_download)
    first, second = (SentenceSource(place, column=column or field) for place in (source, target))
    with (
        work_folder(out, work) as folder,
        _steps(model, ray, workers) as steps,
        ProgressDisplay() as progress,
        mine(
            first.read_requiring_text(),
            second.read_requiring_text(),
            encoder,
            k=k,
            search=chosen_search,
            work=folder,
            progress=progress,
            steps=steps,
        ) as m,
    ):
        for side, path in ((m.sources, source), (m.targets, target)):
            warn_if_unreadable(encoder, side, path)
        found = m.pairs(chosen_margin, chosen_direction, one_to_one=one_to_one)
        kept = found if threshold is None else found.above(threshold)
        _write(m, kept, out, progress)
        sides = f"{len(m.sources):,} and {len(m.targets):,} different sentences"
        place = "" if out == "-" else f": {out}"
        typer.echo(f"{len(kept):,} pairs of {sides}{place}", err=True)
        if gold is not None:
            show_measured(m, found, gold, threshold, plot)
        elif threshold is None or plot:
            show_estimate(m, chosen_margin, chosen_direction, one_to_one, threshold, plot)
        if explain is not None:
            explain_pair(m, kept, explain, chosen_margin)


@contextmanager
def _steps(model: str | None, ray: str | None, workers: int | None) -> Iterator[Steps | None]:
    """Workers, if they were asked for."""
    if ray is None and workers is None:
        yield None
        return
    from babelite.cluster import PooledSteps, open_pool

    notice = lambda text: typer.echo(text, err=True)  # noqa: E731
    with open_pool(model, ray=ray, workers=workers, notice=notice) as pool:
        yield PooledSteps(pool)


def _write(mined: Mined, pairs: Candidates, out: str, progress: Progress) -> None:
    from babelite.storage import writing_text

    lines = mined.sources.line_numbers, mined.targets.line_numbers
    with writing_text(out) as stream:
        stream.write("\t".join(COLUMNS) + "\n")
        rows = zip(*(column.tolist() for column in vars(pairs).values()), strict=True)
        for number, (source, target, *scores) in enumerate(rows):
            if number % _ROWS_A_REPORT == 0:
                progress("writing", number, len(pairs))
            cells = [f"{score:.4f}" for score in scores]
            cells += str(lines[0][source]), str(lines[1][target])
            stream.write("\t".join((*cells, mined.sources[source], mined.targets[target])) + "\n")
