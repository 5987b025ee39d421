"""``babelite mine``: find translations in two collections of text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    DimOption,
    LanguagesOption,
    ModelOption,
    OutOption,
    PlotOption,
    RayOption,
    WorkersOption,
    WorkOption,
    output_languages,
    parse_languages,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    from babelite.cli.mine_display import MiningReport
    from babelite.cluster import WorkerPool
    from babelite.encoding import SentenceEncoder
    from babelite.mining import MiningOptions

_HELP = """Find translations in two collections of text (bitext mining).

SOURCE and TARGET contain one sentence a line, in any order and number. The score of a pair is its
margin: its cosine compared with those of the nearest neighbours (Artetxe & Schwenk 2019). The
output has the best pairs first: scores, line numbers and text. The ending of --out selects the
format: .tsv, .csv, .jsonl, .parquet, or .tmx and .xliff for the text alone. Blank lines are
ignored, and equal lines count once.

Without --threshold all pairs are written, and a table shows the precision for several thresholds:
measured if --calibrate gives the gold pairs, else estimated.

An interrupted run resumes when the same command is run again.

Example: babelite mine news.en.txt news.fr.txt --out pairs.tsv --threshold 1.15
"""

_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="First text: a file (.txt, .tsv, .csv, .jsonl, .parquet, .tmx, .srt, .vtt, .html, "
        ".docx; .gz, .xz, .zst), URL or '-'.",
    ),
]
_Target = Annotated[str, typer.Argument(metavar="TARGET", help="Text in the other language.")]
_Threshold = Annotated[
    float | None, typer.Option(help="Minimum score of a pair. Default: all pairs are written.")
]
_Margin = Annotated[
    str,
    typer.Option(metavar="NAME", help="Score: ratio (unrelated: 1), distance, absolute (cosine)."),
]
_Direction = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Pairs to keep: max (best first, each sentence once), intersection (each is the best "
        "partner of the other), forward (the best target of each source) or backward.",
    ),
]
_OneToOne = Annotated[
    bool, typer.Option("--one-to-one", help="Use each sentence once with forward and backward too.")
]
_K = Annotated[int, typer.Option("-k", min=1, help="Number of neighbours that make a margin.")]
_Search = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Search for neighbours: exact, clusters (approximate, much faster on large texts), or "
        "auto (by the number of lines).",
    ),
]
_Calibrate = Annotated[
    str | None,
    typer.Option(
        metavar="GOLD",
        help="File of all true pairs (any format of pairs): measure precision, recall and F1, and "
        "find the best threshold.",
    ),
]
_Explain = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Show the neighbours and the margin of pair N."),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("mine", help=unwrap(_HELP), no_args_is_help=True)(_mine)


def _mine(
    source: _Source,
    target: _Target,
    *,
    out: OutOption = "-",
    column: ColumnOption = None,
    languages: LanguagesOption = None,
    model: ModelOption = None,
    dim: DimOption = None,
    threshold: _Threshold = None,
    margin: _Margin = "ratio",
    direction: _Direction = "max",
    one_to_one: _OneToOne = False,
    k: _K = 4,
    search: _Search = "auto",
    work: WorkOption = None,
    calibrate: _Calibrate = None,
    plot: PlotOption = None,
    explain: _Explain = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.mine_display import MiningReport
    from babelite.cli.shared.preflight import open_workers, require_writable
    from babelite.corpus import output_format
    from babelite.encoding import open_encoder
    from babelite.mining import MiningOptions, read_gold_pairs
    from babelite.plots import picture_format

    names: dict[str, Any] = {"search": search, "margin": margin, "direction": direction}
    options = MiningOptions(k=k, one_to_one=one_to_one, threshold=threshold, work=work, **names)
    if source == target == "-":
        problem, hint = "cannot be both texts", "save one to a file"
        raise BabeliteError(problem, code="option-conflict", path="-", hint=hint)
    if plot:
        picture_format(plot)
    gold = read_gold_pairs(calibrate) if calibrate else None
    format_ = output_format(out)
    codes = output_languages(out, format_, parse_languages(languages), (source, target))
    require_writable(out, inputs=(source, target, *([calibrate] if calibrate else [])))
    encoder = open_encoder(model, allow_download=allow_download, dim=dim)
    report = MiningReport(options, gold, plot, explain)
    with open_workers(model, dim, ray, workers) as pool:
        _run((source, target), column, out, codes, encoder, options, pool, report)


def _run(
    places: tuple[str, str],
    column: str | None,
    out: str,
    languages: tuple[str, str],
    encoder: SentenceEncoder,
    options: MiningOptions,
    pool: WorkerPool | None,
    report: MiningReport,
) -> None:
    """Mine, write the pairs, and print the report."""
    from babelite.cli.shared.preflight import work_folder
    from babelite.cli.shared.text_check import TextCheck
    from babelite.corpus import SentenceSource
    from babelite.mining import mine, write_mined_pairs
    from babelite.progress import ProgressDisplay

    backend = None
    if pool is not None:
        from babelite.cluster import PoolBackend

        backend = PoolBackend(pool)
    first, second = (SentenceSource(place, column).read_requiring_text() for place in places)
    work = Path(options.work) if options.work else None
    with work_folder(out, work) as folder, ProgressDisplay() as progress:
        options = replace(options, work=folder)
        with mine(first, second, encoder, options, progress=progress, backend=backend) as mined:
            check = TextCheck(encoder)
            check.add_sides((mined.sources, mined.targets), places)
            check.warn(sum(int(side.sum()) for side in mined.unreadable))
            pairs = mined.pairs()
            report.require_explained(pairs)
            write_mined_pairs(mined, pairs, out, progress, languages)
            distinct = f"{len(mined.sources):,} and {len(mined.targets):,} distinct sentences"
            summary = f"{quantity(len(pairs), 'pair')} of {distinct}"
            typer.echo(summary if out == "-" else f"{summary}: {out}", err=True)
            report.show(mined, pairs)
