"""``babelite evaluate``: measure translation retrieval on files of sentence pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnsOption,
    DimOption,
    JsonOption,
    LanguagesOption,
    ModelOption,
    PlotOption,
    SeedOption,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    from babelite.corpus import PairSource
    from babelite.evaluation import BootstrapInterval, RetrievalResult

_HELP = """Measure how often sentences find their translations.

Every sentence of each FILE is compared with all sentences of the other language, in both
directions. P@1 is the percentage of sentences whose nearest sentence by cosine is their
translation, with its 95 % bootstrap interval. The xSIM error is the percentage of errors of margin
search (ratio, k = 4).

With --distractors or --queries the protocol of MUSE is used: duplicates are dropped, --queries
pairs are drawn, and they are searched among all other sentences.

Example: babelite evaluate tatoeba.en-fr.tsv.gz --plot scores.png
"""

_FILES = (
    "Sentence pairs: TSV, JSONL, Parquet, TMX or message catalogs (.gz, .xz, .zst), or two aligned "
    "files joined by a comma."
)
_DISTRACTORS = "Further pairs that are searched but are no queries (MUSE's protocol)."
_QUERIES = (
    "Number of pairs to draw as queries (MUSE's protocol). Default: 2000 with --distractors, else "
    "all pairs."
)

_Files = Annotated[list[str], typer.Argument(metavar="FILE...", help=_FILES)]
_Distractors = Annotated[str | None, typer.Option(metavar="FILE", help=_DISTRACTORS)]
_Queries = Annotated[int | None, typer.Option(min=1, metavar="N", help=_QUERIES)]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("evaluate", help=unwrap(_HELP), no_args_is_help=True)(_evaluate)


def _evaluate(
    files: _Files,
    model: ModelOption = None,
    dim: DimOption = None,
    columns: ColumnsOption = None,
    languages: LanguagesOption = None,
    distractors: _Distractors = None,
    queries: _Queries = None,
    seed: SeedOption = 0,
    json_: JsonOption = False,
    plot: PlotOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.options import parse_pairs
    from babelite.cli.shared.tables import print_json, save_plot
    from babelite.cli.shared.text_check import TextCheck
    from babelite.encoding import fingerprint_of, open_encoder
    from babelite.evaluation import evaluate, retrieval_figure
    from babelite.plots import picture_format
    from babelite.progress import ProgressDisplay

    if plot:
        picture_format(plot)
    model, files = _split_model(model, files)
    sources = [parse_pairs(file, columns, languages) for file in files]
    others = parse_pairs(distractors, columns, languages) if distractors else None
    if others:
        _require_same_languages(sources, others)
    texts = [_read(source) for source in sources]  # before the model, which may load slowly
    more = _read(others) if others else None
    encoder = open_encoder(model, allow_download=allow_download, dim=dim)
    results = []
    for source, pairs in zip(sources, texts, strict=True):
        name = _name(source)
        check = TextCheck(encoder)
        named = source.languages if "source" not in source.languages else (None, None)
        both = [f"the {side} side of {name}" for side in source.languages]
        check.add_sides(tuple(zip(*pairs, strict=True)), both, named)
        with ProgressDisplay() as progress:
            progress(f"evaluating on {name}", 0)
            result = evaluate(
                encoder,
                pairs,
                name=name,
                languages=source.languages,
                distractors=more,
                queries=queries,
                seed=seed,
            )
        check.warn()
        results.append(result)
    if json_:
        name = fingerprint_of(encoder).name
        print_json({"model": name, "results": [result.as_dict() for result in results]})
    else:
        _show(results)
    if plot:
        save_plot(retrieval_figure(results), plot)


def _split_model(model: str | None, files: list[str]) -> tuple[str | None, list[str]]:
    """The model and the files; without --model the first argument may be a model."""
    from babelite.encoding import is_encoder_spec

    if model is None and is_encoder_spec(files[0]):
        model, *files = files
    elif model is None and not _may_be_pairs(files[0]):
        problem = "there is no such file or model folder"
        raise BabeliteError(problem, code="file-not-found", path=files[0], hint="check the name")
    if not files:
        raise BabeliteError(
            "no file is given", code="option-missing", hint="give files of sentence pairs"
        )
    return model, files


def _may_be_pairs(text: str) -> bool:
    """Whether an argument may be a source of pairs: a part of it is a file or has a file ending."""
    from babelite.corpus import split_language_prefix

    _, rest = split_language_prefix(text)
    parts = (rest, *rest.split(","))
    return any(part == "-" or Path(part).exists() or Path(part).suffix for part in parts)


def _read(source: PairSource) -> list[tuple[str, str]]:
    """The pairs of a file without those with a blank side, which are reported."""
    pairs = [(pair.source, pair.target) for pair in source.read()]
    whole = [pair for pair in pairs if all(side.strip() for side in pair)]
    if not whole:
        problem, hint = "has no pair with text on both sides", "give another file or --columns"
        raise BabeliteError(problem, code="input-empty", path=source.paths[0], hint=hint)
    if len(whole) < len(pairs):
        left_out = len(pairs) - len(whole)
        typer.echo(
            f"{_name(source)}: left out {quantity(left_out, 'pair')} with a blank side", err=True
        )
    _report_equal_texts(_name(source), whole)
    return whole


def _report_equal_texts(name: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Say how many pairs share a text with another pair: only one of the equal texts is right."""
    counts = [Counter(side) for side in zip(*pairs, strict=True)]
    shared = sum(any(c[text] > 1 for c, text in zip(counts, pair, strict=True)) for pair in pairs)
    if shared:
        typer.echo(
            f"{name}: {quantity(shared, 'pair')} with a text that also occurs in another pair; "
            "P@1 counts the equal text of another pair as an error",
            err=True,
        )


def _name(source: PairSource) -> str:
    return ",".join(Path(path).name for path in source.paths)


def _require_same_languages(sources: Sequence[PairSource], others: PairSource) -> None:
    for source in sources:
        if "source" not in (*source.languages, *others.languages) and source.name != others.name:
            problem = f"the distractors are {others.name}, but {_name(source)} is {source.name}"
            hint = "evaluate each language pair with distractors in the same languages"
            raise BabeliteError(problem, code="option-conflict", path=others.paths[0], hint=hint)


def _show(results: Sequence[RetrievalResult]) -> None:
    from rich.markup import escape

    from babelite.cli.shared.tables import print_table, result_table

    caption = "P@1 in % with its 95 % interval, xSIM error in %, sentences/s"
    numbers = ("pairs", "P@1 →", "P@1 ←", "mean", "xSIM → ←", "sent/s")
    table = result_table(caption=caption, texts=["file"], numbers=numbers)
    table.columns[0].min_width = 12
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
    print_table(table)


def _percent(interval: BootstrapInterval) -> str:
    value, low, high = (100 * share for share in interval)
    return f"[bold]{value:.1f}[/]\n[dim]{low:.1f}-{high:.1f}"
