"""`babelite corpus`: clean, convert, measure, split and gather sentence pairs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from babelite import corpus
from babelite.cli.shared.options import (
    ColumnsOption,
    ExcludeOption,
    JsonOption,
    LanguagesOption,
    OutFolderOption,
    OutOption,
    SeedOption,
    parse_pairs,
    unwrap,
)
from babelite.cli.shared.preflight import require_writable
from babelite.errors import BabeliteError, quantity
from babelite.storage import is_read_once, new_folder

_Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Sentence pairs: [LANG-LANG=]PATH, '-' for standard input, or PATH,PATH for two "
        "aligned files. TSV, CSV, JSONL, Parquet, TMX, PO, MO or XLIFF; plain, .gz, .xz or .zst.",
        metavar="INPUT",
    ),
]
_Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="Input format: tsv, csv, jsonl, parquet, tmx or catalog. Default: by the file ending.",
    ),
]
_Raw = Annotated[
    bool,
    typer.Option("--no-unicode", help="Do not normalize Unicode, spaces and invisible characters."),
]
_KeepEmpty = Annotated[bool, typer.Option("--keep-empty", help="Keep pairs with an empty side.")]
_EQUAL = "differ only in case, punctuation and spaces"
_KeepIdentical = Annotated[
    bool, typer.Option("--keep-identical", help=f"Keep pairs whose sides {_EQUAL}.")
]
_KeepDuplicates = Annotated[
    bool, typer.Option("--keep-duplicates", help=f"Keep pairs that {_EQUAL} from an earlier one.")
]
_MinWords = Annotated[
    int, typer.Option(help="Minimum number of words per side (0: no limit).", min=0)
]
_MaxWords = Annotated[
    int, typer.Option(help="Maximum number of words per side (0: no limit).", min=0)
]
_LengthRatio = Annotated[
    float,
    typer.Option(
        help="Drop pairs if the longer side has more than so many times the words of the other, "
        "after adding two words to both (0: no limit).",
        min=0.0,
    ),
]

# Help texts are not docstrings, which `python -OO` removes.
_CLEAN_HELP = """Clean sentence pairs. A table shows how many pairs each step dropped.

Example: babelite corpus clean en-fr.tsv.gz --out clean.tsv.gz --exclude tatoeba.en-fr.tsv"""
_CONVERT_HELP = """Convert sentence pairs to another format.

What is left out is counted: units without a translation, markup inside a text, and what the new
format cannot hold.

Example: babelite corpus convert memory.tmx --languages en-fr --out memory.parquet"""
_STATS_HELP = """Count pairs, distinct sentences and words, and show the lengths of sentences.

Example: babelite corpus stats en-fr.tsv.gz"""
_SPLIT_HELP = """Hold out random pairs that share no sentence with the training pairs.

Writes NAME.train.tsv and NAME.held-out.tsv to the output folder. Other pairs that share a
sentence with a held-out pair are dropped.

Example: babelite corpus split en-fr.tsv.gz --held-out 1000 --out parts"""
_CATALOGS_HELP = """Gather clean sentence pairs from message catalogs (.po, .mo, XLIFF).

Writes a file for each language, such as en-fr.tsv, to the output folder.

Example: pip download --no-deps -d wheels gramps pretix; babelite corpus catalogs wheels
--languages fr,de --out text"""

app = typer.Typer(
    help="Clean, convert, measure, split and gather sentence pairs.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    """Add the group to the command line."""
    root.add_typer(app, name="corpus")


@app.command("clean", help=unwrap(_CLEAN_HELP))
def _clean(
    inputs: _Inputs,
    out: OutOption = "-",
    columns: ColumnsOption = None,
    languages: LanguagesOption = None,
    format_: _Format = None,
    no_unicode: _Raw = False,
    keep_empty: _KeepEmpty = False,
    min_words: _MinWords = 1,
    max_words: _MaxWords = 200,
    length_ratio: _LengthRatio = 3.0,
    keep_identical: _KeepIdentical = False,
    keep_duplicates: _KeepDuplicates = False,
    exclude: ExcludeOption = None,
    json_: JsonOption = False,
) -> None:
    from babelite.cli.corpus_display import show_cleaning

    if json_ and out == "-":
        problem = "--json and the pairs cannot both go to standard output"
        raise BabeliteError(problem, code="option-conflict", hint="add --out FILE")
    sources = _sources(inputs, columns, languages, format_)
    cleaning = corpus.Cleaning(
        unicode=not no_unicode,
        empty=not keep_empty,
        min_words=min_words or None,
        max_words=max_words or None,
        length_ratio=length_ratio or None,
        identical=not keep_identical,
        exclude=tuple(exclude or ()),
        duplicates=not keep_duplicates,
    )
    cleaner = corpus.Cleaner(cleaning)
    try:
        with _counted("cleaning", corpus.read_sources(sources), out) as pairs:
            hint = "see the table for the step that dropped them, and loosen it"
            kept = corpus.require_pairs(cleaner.clean(pairs), "no pair is left", hint)
            corpus.write_pairs(kept, out, _common_languages(sources))
    except BabeliteError:
        if cleaner.read and not cleaner.kept:
            show_cleaning({"pairs": cleaner}, as_json=False)
        raise
    show_cleaning({"pairs": cleaner}, json_)


@app.command("convert", help=unwrap(_CONVERT_HELP))
def _convert(
    inputs: _Inputs,
    out: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Output file: .tsv, .csv, .jsonl, .parquet, .tmx or .xliff, or A,B for two "
            "aligned files; add .gz, .xz or .zst to compress.",
        ),
    ],
    columns: ColumnsOption = None,
    languages: LanguagesOption = None,
    format_: _Format = None,
) -> None:
    sources = _sources(inputs, columns, languages, format_)
    losses = corpus.Losses()
    with _counted("converting", corpus.read_sources(sources, losses), out) as pairs:
        count = corpus.write_pairs(pairs, out, _common_languages(sources), losses)
    place = "standard output" if out == "-" else out
    typer.echo(f"{quantity(count, 'pair')} written to {place}", err=True)
    for kind, number in losses.items():
        if number:
            typer.echo(f"Left out, {kind}: {number:,}", err=True)


@app.command("stats", help=unwrap(_STATS_HELP))
def _stats(
    inputs: _Inputs,
    columns: ColumnsOption = None,
    languages: LanguagesOption = None,
    format_: _Format = None,
    json_: JsonOption = False,
) -> None:
    from babelite.cli.corpus_display import show_statistics

    sources = _sources(inputs, columns, languages, format_)
    with _counted("measuring", corpus.read_sources(sources)) as pairs:
        measured = corpus.measure_corpus(pairs)
    show_statistics(measured, _common_languages(sources), json_)


@app.command("split", help=unwrap(_SPLIT_HELP))
def _split(
    inputs: _Inputs,
    held_out: Annotated[int, typer.Option(help="Number of pairs to hold out.", min=1)],
    out: OutFolderOption,
    seed: SeedOption = 0,
    columns: ColumnsOption = None,
    languages: LanguagesOption = None,
    format_: _Format = None,
) -> None:
    sources = _sources(inputs, columns, languages, format_)
    paths = [path for source in sources for path in source.paths]
    for path in filter(is_read_once, paths):
        problem = "cannot be split, because a split reads its input twice"
        hint = "save it to a file first"
        raise BabeliteError(problem, code="input-invalid", path=path, hint=hint)
    codes = _common_languages(sources)
    text = corpus.RepeatedSources(sources)
    with _counted("sampling", text.read()) as pairs:
        held = corpus.sample_pairs(pairs, held_out, seed)
    parts = [str(out / f"{sources[0].name}.{part}.tsv") for part in ("train", "held-out")]
    with new_folder(out):
        require_writable(*parts, inputs=paths)
        with _counted("splitting", text.read()) as pairs:
            rest = corpus.without_held_out(pairs, held)
            rest = corpus.require_pairs(rest, "no training pair is left", "hold out fewer")
            kept = corpus.write_pairs(rest, parts[0], codes)
        corpus.write_pairs(held, parts[1], codes)
    sizes = f"{quantity(kept, 'training pair')} and {quantity(len(held), 'held-out pair')}"
    typer.echo(f"{sizes} in {out}", err=True)


@app.command("catalogs", help=unwrap(_CATALOGS_HELP))
def _catalogs(
    places: Annotated[
        list[str],
        typer.Argument(
            help="Folders, wheels, zip or tar archives, single catalogs, or installed packages.",
            metavar="PLACE",
        ),
    ],
    languages: Annotated[
        str, typer.Option(metavar="A,B", help="Languages to pair with the source, such as fr,de.")
    ],
    out: OutFolderOption,
    source_language: Annotated[
        str, typer.Option(metavar="CODE", help="Language of the first side.")
    ] = "en",
    min_words: Annotated[
        int, typer.Option(help="Minimum number of words of the source side.", min=1)
    ] = 4,
    exclude: ExcludeOption = None,
    json_: JsonOption = False,
) -> None:
    from babelite.cli.corpus_display import show_cleaning

    wanted = dict.fromkeys(code.strip() for code in languages.split(",") if code.strip())
    if not wanted:
        hint = "write for example --languages fr,de"
        raise BabeliteError("--languages names no language", code="option-invalid", hint=hint)
    cleaning = corpus.Cleaning(exclude=tuple(exclude or ()))
    cleaners = {}
    # Nothing is written unless every language has pairs.
    with new_folder(out), TemporaryDirectory(prefix=".", suffix=".tmp", dir=out) as parts:
        for language in wanted:
            name = f"{source_language}-{language}"
            cleaners[name] = cleaner = corpus.Cleaner(cleaning)
            gathered = corpus.gather_catalog_pairs(places, source_language, [language], min_words)
            with _warnings_printed(), _counted(name, (pair for _, pair in gathered)) as pairs:
                problem = f"no pair in {name} was found"
                found = corpus.require_pairs(cleaner.clean(pairs), problem, "give other places")
                part = str(Path(parts, f"{name}.tsv"))
                corpus.write_pairs(found, part, (source_language, language))
        for name in cleaners:
            Path(parts, f"{name}.tsv").replace(out / f"{name}.tsv")
    show_cleaning(cleaners, json_)


@contextmanager
def _warnings_printed() -> Iterator[None]:
    """Print the warnings about skipped catalogs at the end, also before an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for warning in caught:
                typer.echo(f"babelite: {warning.message}", err=True)


@contextmanager
def _counted(
    step: str, pairs: Iterable[corpus.Pair], out: str = ""
) -> Iterator[Iterator[corpus.Pair]]:
    """Show how many pairs were read; not while they are written to standard output."""
    from babelite.progress import ProgressDisplay

    with ProgressDisplay("pairs", live=out != "-") as show:
        yield show.count(step, pairs)


def _sources(
    inputs: Sequence[str], columns: str | None, languages: str | None, format_: str | None
) -> list[corpus.PairSource]:
    return [parse_pairs(text, columns, languages, format_) for text in inputs]


def _common_languages(sources: Sequence[corpus.PairSource]) -> tuple[str, str]:
    """The languages of all sources, or "source" and "target" if they differ."""
    pairs = {source.languages for source in sources}
    return pairs.pop() if len(pairs) == 1 else ("source", "target")
