"""``babelite evaluate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, ModelOption, flowing
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.corpus import PairSource
    from babelite.evaluation import BootstrapInterval, RetrievalResult

_HELP = """Measure how often a sentence finds its translation.

Every sentence of each FILE is compared with all sentences of the other language: P@1 is the share
(in percent) whose nearest by cosine is its own translation, with its 95 % bootstrap interval, in
both directions. The xSIM error is the share that fails by margin search (ratio, k = 4).

With --distractors or --queries the protocol of MUSE is followed: duplicates are dropped, so many
pairs are drawn, and they are looked for among all the others.

Example: babelite evaluate tatoeba.en-fr.tsv.gz --plot scores.png
"""

# A table that nobody looks at on a terminal should not be squeezed into 80 columns.
_WIDTH_IN_FILES = 120


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("evaluate", help=flowing(_HELP), no_args_is_help=True)(_evaluate)


def _evaluate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] FILE...",
            help="Sentence pairs: TSV, JSONL, Parquet, TMX or message catalogs, plain or packed, "
            "or two aligned files joined by a comma. A model may stand before them.",
        ),
    ],
    model: ModelOption = None,
    columns: Annotated[
        str | None,
        typer.Option(help="The two columns or keys, by number or name: 1,2 or en,fr."),
    ] = None,
    languages: Annotated[
        str | None,
        typer.Option(help="The two languages, such as en-fr, where file names do not tell them."),
    ] = None,
    distractors: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Further pairs that are searched but not looked for (MUSE's protocol).",
        ),
    ] = None,
    queries: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Pairs to draw and look for (MUSE's protocol); 2000 with --distractors, "
            "otherwise all.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of drawing queries and of the intervals.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table; shares are 0 to 1.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.png",
            help="Also draw the similarity matrix, the cosines and the margins (.png, .svg, .pdf).",
        ),
    ] = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.options import parse_pairs
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.encoding import is_encoder_spec, open_encoder
    from babelite.evaluation import evaluate
    from babelite.plots import picture_format

    if plot:
        picture_format(plot)
    if model is None and is_encoder_spec(files[0]):
        model, *files = files
    elif model is None and not _may_be_pairs(files[0]):
        raise BabeliteError(
            "there is no such file or model folder", path=files[0], hint="check the name"
        )
    if not files:
        raise BabeliteError(
            "there is nothing to evaluate on", hint="name files of sentence pairs after the model"
        )
    sources = [parse_pairs(text, columns, languages) for text in files]
    others = parse_pairs(distractors, columns, languages) if distractors else None
    if others:
        _require_same_languages(sources, others)
    texts = [_read(source) for source in sources]  # before the model: it may take long to load
    more = _read(others) if others else None
    encoder = open_encoder(model, allow_download=allow_download)
    results = []
    for source, pairs in zip(sources, texts, strict=True):
        with ProgressDisplay() as show:
            show(f"evaluating on {_name(source)}", 0)
            result = evaluate(
                encoder,
                pairs,
                name=_name(source),
                languages=source.languages,
                distractors=more,
                queries=queries,
                seed=seed,
            )
        results.append(result)
    if as_json:
        records = [result.as_dict() for result in results]
        typer.echo(
            json.dumps(
                {"model": model or "default", "results": records}, ensure_ascii=False, indent=2
            )
        )
    else:
        _show(results)
    if plot:
        from babelite.evaluation import retrieval_figure
        from babelite.plots import save_figure

        save_figure(retrieval_figure(results), plot)
        typer.echo(f"Pictures: {plot}", err=True)


def _may_be_pairs(text: str) -> bool:
    """Whether a word is no model that is missing: a part of it is a file, or has an ending."""
    from babelite.corpus import split_language_prefix

    _, rest = split_language_prefix(text)
    parts = (rest, *rest.split(","))
    return any(part == "-" or Path(part).exists() or Path(part).suffix for part in parts)


def _read(source: PairSource) -> list[tuple[str, str]]:
    """The pairs of a file without those that have a blank side: nothing can find them."""
    pairs = list(source.read())
    whole = [pair for pair in pairs if pair.source.strip() and pair.target.strip()]
    if not whole:
        raise BabeliteError(
            "holds no pair with text on both sides",
            path=source.paths[0],
            hint="name a file that does, or choose --columns",
        )
    if len(whole) < len(pairs):
        left_out = len(pairs) - len(whole)
        typer.echo(f"{_name(source)}: left out {left_out:,} pairs with a blank side", err=True)
    return [(pair.source, pair.target) for pair in whole]


def _name(source: PairSource) -> str:
    return ",".join(Path(path).name for path in source.paths)


def _require_same_languages(sources: Sequence[PairSource], others: PairSource) -> None:
    for source in sources:
        if "source" not in (*source.languages, *others.languages) and source.name != others.name:
            raise BabeliteError(
                f"the distractors are {others.name} and {_name(source)} is {source.name}",
                path=others.paths[0],
                hint="evaluate each language pair with distractors of its own",
            )


def _show(results: Sequence[RetrievalResult]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
        caption="P@1 in % with its 95 % interval, xSIM error in %, sentences/s",
    )
    table.add_column("file", overflow="fold", min_width=12)
    for heading in ("pairs", "P@1 →", "P@1 ←", "mean", "xSIM → ←", "sent/s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        ways = (result.forward, result.backward)
        searched = max(way.candidates for way in ways)
        table.add_row(
            f"{escape(result.name)}\n[dim]{' → '.join(result.languages)}",
            f"{result.pairs:,}" + (f"\n[dim]in {searched:,}" if searched > result.pairs else ""),
            *(_percent(way.precision_at_1) for way in ways),
            _percent(result.mean),
            "  ".join(f"{100 * way.xsim_error:.1f}" for way in ways),
            f"{result.sentences_per_second:,.0f}",
        )
    if len(results) > 1:
        mean = sum(result.mean.value for result in results) / len(results)
        table.add_section()
        table.add_row("mean of the files", "", "", "", f"[bold]{100 * mean:.1f}")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_IN_FILES
    console.print(table)


def _percent(estimate: BootstrapInterval) -> str:
    value, low, high = (100 * share for share in estimate)
    return f"[bold]{value:.1f}[/]\n[dim]{low:.1f}-{high:.1f}"
