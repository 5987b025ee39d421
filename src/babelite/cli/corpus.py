"""`babelite corpus`: gather, clean, convert, measure and split parallel text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.errors import BabeliteError
from babelite.storage import is_read_once, make_folder

if TYPE_CHECKING:
    from babelite.corpus import Cleaner, PairSource

_INPUT_HELP = (
    "Parallel text: [LANG-LANG=]PATH, '-' for standard input, or PATH,PATH for two aligned files. "
    "TSV, JSONL, Parquet, TMX, PO, MO, XLIFF; plain, .gz, .xz or .zst."
)

Inputs = Annotated[list[str], typer.Argument(help=_INPUT_HELP, metavar="INPUT")]
Columns = Annotated[
    str | None,
    typer.Option(
        help="The two columns, by number from 1 or by name: '1,3' or 'english,french'. "
        "Default: the first two of TSV; else those named by the languages, or source and target."
    ),
]
Languages = Annotated[
    str | None,
    typer.Option(help="The two languages of inputs that do not name theirs, such as en-fr."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="tsv, jsonl, parquet, tmx or catalog, if the ending of the inputs does not tell.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        help="Drop pairs either side of which occurs in this file (any format, every column; case, "
        "punctuation and spacing do not count). May be given several times.",
        metavar="FILE",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the counts as JSON on standard output.")]

app = typer.Typer(
    help="Gather, clean, convert, measure and split parallel text.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    """Add the group to the command line."""
    root.add_typer(app, name="corpus")


@app.command()
def clean(
    inputs: Inputs,
    out: Annotated[
        str, typer.Option(help="The file to write, by its ending, or '-' for TSV on the screen.")
    ] = "-",
    columns: Columns = None,
    languages: Languages = None,
    format_: Format = None,
    unicode: Annotated[
        bool, typer.Option(help="Bring text to Unicode NFC, plain spaces, visible characters.")
    ] = True,
    empty: Annotated[bool, typer.Option(help="Drop pairs with an empty side.")] = True,
    min_words: Annotated[
        int, typer.Option(help="Drop pairs with fewer words on a side (0: keep all).", min=0)
    ] = 1,
    max_words: Annotated[
        int, typer.Option(help="Drop pairs with more words on a side (0: keep all).", min=0)
    ] = 200,
    length_ratio: Annotated[
        float,
        typer.Option(
            help="Drop pairs one of whose sides is more than so many times as long, after adding "
            "two words to both (0: keep all).",
            min=0.0,
        ),
    ] = 3.0,
    identical: Annotated[
        bool,
        typer.Option(
            "--identical/--no-identical", help="Drop pairs whose sides hold the same letters."
        ),
    ] = True,
    duplicates: Annotated[
        bool,
        typer.Option(help="Keep only the first of pairs that hold the same letters."),
    ] = True,
    exclude: Exclude = None,
    as_json: Json = False,
) -> None:
    """Clean parallel text; every step can be switched off, and a table says what each one did.

    Example: babelite corpus clean en-fr.tsv.gz --out clean.tsv.gz --exclude tatoeba.en-fr.tsv
    """
    from babelite.cli.corpus_display import show_cleaning
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import Cleaner, Cleaning, read_sources, require_pairs, write_pairs

    if as_json and out == "-":
        raise BabeliteError(
            "--json and the pairs cannot both go to standard output", hint="add --out FILE"
        )
    sources = _sources(inputs, columns, languages, format_)
    cleaner = Cleaner(
        Cleaning(
            unicode=unicode,
            empty=empty,
            min_words=min_words or None,
            max_words=max_words or None,
            length_ratio=length_ratio or None,
            identical=identical,
            exclude=tuple(exclude or ()),
            duplicates=duplicates,
        )
    )
    try:
        with ProgressDisplay("pairs", live=out != "-") as show:
            pairs = show.count("cleaning", read_sources(sources))
            remedy = "the table says which step dropped them: loosen it"
            cleaned = require_pairs(cleaner.clean(pairs), "no pair is left", remedy)
            write_pairs(cleaned, out, _common_languages(sources))
    except BabeliteError:
        if cleaner.read and not cleaner.kept:
            show_cleaning({"pairs": cleaner}, as_json=False)
        raise
    show_cleaning({"pairs": cleaner}, as_json)


@app.command()
def catalogs(
    places: Annotated[
        list[str],
        typer.Argument(
            help="Folders, wheels, zip or tar archives, single catalogs, or installed packages.",
            metavar="PLACE",
        ),
    ],
    languages: Annotated[
        str, typer.Option(help="The languages to pair with the source language, such as fr,de.")
    ],
    out_dir: Annotated[
        Path, typer.Option(help="The folder to write en-fr.tsv and so on to; made if need be.")
    ],
    source_language: Annotated[str, typer.Option(help="The language of the first side.")] = "en",
    min_words: Annotated[
        int, typer.Option(help="Words that the source side has at least.", min=1)
    ] = 4,
    exclude: Exclude = None,
    as_json: Json = False,
) -> None:
    """Gather clean sentence pairs from the message catalogs (.po, .mo, .xliff) of applications.

    Most larger applications carry their interface in many languages: text at hand for anyone.

    Example: pip download --no-deps -d wheels gramps pretix; babelite corpus catalogs wheels
    --languages fr,de --out-dir text
    """
    import warnings

    from babelite.cli.corpus_display import show_cleaning
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import Cleaner, Cleaning, gather_catalog_pairs, require_pairs, write_pairs

    wanted = [code.strip() for code in languages.split(",") if code.strip()]
    if not wanted:
        raise BabeliteError("no language is named", hint="write for example --languages fr,de")
    make_folder(out_dir)
    cleaners: dict[str, Cleaner] = {}
    for language in wanted:
        name = f"{source_language}-{language}"
        cleaner = cleaners[name] = Cleaner(Cleaning(exclude=tuple(exclude or ())))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            gathered = gather_catalog_pairs(places, source_language, [language], min_words)
            try:
                with ProgressDisplay("pairs") as show:
                    pairs = show.count(name, (pair for _, pair in gathered))
                    some = require_pairs(
                        cleaner.clean(pairs), f"no pair in {name} was found", "name other places"
                    )
                    write_pairs(some, str(out_dir / f"{name}.tsv"), (source_language, language))
            finally:  # where nothing is found, it may be for what was left out
                for warning in caught:
                    typer.echo(f"babelite: {warning.message}", err=True)
    show_cleaning(cleaners, as_json)


@app.command()
def convert(
    inputs: Inputs,
    out: Annotated[
        str,
        typer.Option(
            help="The file to write: .tsv, .jsonl, .parquet or .tmx, or A,B for two aligned files; "
            "add .gz, .xz or .zst to compress."
        ),
    ],
    columns: Columns = None,
    languages: Languages = None,
    format_: Format = None,
) -> None:
    """Convert parallel text to another format, pair by pair, nothing else changed.

    Example: babelite corpus convert memory.tmx --languages en-fr --out memory.parquet
    """
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import read_sources, write_pairs

    sources = _sources(inputs, columns, languages, format_)
    with ProgressDisplay("pairs", live=out != "-") as show:
        pairs = show.count("converting", read_sources(sources))
        count = write_pairs(pairs, out, _common_languages(sources))
    typer.echo(f"{count:,} pairs written to {out}", err=True)


@app.command()
def stats(
    inputs: Inputs,
    columns: Columns = None,
    languages: Languages = None,
    format_: Format = None,
    as_json: Json = False,
) -> None:
    """Count pairs, different sentences and words, and tell how long the sentences are.

    Example: babelite corpus stats en-fr.tsv.gz
    """
    from babelite.cli.corpus_display import show_statistics
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import measure_corpus, read_sources

    sources = _sources(inputs, columns, languages, format_)
    with ProgressDisplay("pairs") as show:
        pairs = show.count("measuring", read_sources(sources))
        measured = measure_corpus(pairs)
    show_statistics(measured, _common_languages(sources), as_json)


@app.command()
def split(
    inputs: Inputs,
    held_out: Annotated[int, typer.Option(help="How many pairs to hold out.", min=1)],
    out_dir: Annotated[
        Path,
        typer.Option(help="The folder to write NAME.train.tsv and NAME.held-out.tsv to."),
    ],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same split.")] = 0,
    columns: Columns = None,
    languages: Languages = None,
    format_: Format = None,
) -> None:
    """Hold out pairs at random so that the training part shares no sentence with them.

    Pairs that share a sentence with a held-out pair, on either side, are in neither file.

    Example: babelite corpus split en-fr.tsv.gz --held-out 1000 --out-dir parts
    """
    from babelite.cli.shared.preflight import require_writable
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import (
        draw_pairs,
        read_sources,
        require_pairs,
        without_held_out,
        write_pairs,
    )

    sources = _sources(inputs, columns, languages, format_)
    for path in (path for source in sources for path in source.paths if is_read_once(path)):
        raise BabeliteError(
            "a split reads its input twice", path=path, hint="save it to a file first"
        )
    codes = _common_languages(sources)
    with ProgressDisplay("pairs") as show:
        pairs = show.count("drawing", read_sources(sources))
        held = draw_pairs(pairs, held_out, seed)
    make_folder(out_dir)
    parts = [str(out_dir / f"{sources[0].name}.{part}.tsv") for part in ("train", "held-out")]
    require_writable(*parts, apart_from=[path for source in sources for path in source.paths])
    with ProgressDisplay("pairs") as show:
        pairs = show.count("splitting", read_sources(sources))
        rest = require_pairs(
            without_held_out(pairs, held), "no training pair is left", "hold out fewer"
        )
        kept = write_pairs(rest, parts[0], codes)
    write_pairs(held, parts[1], codes)
    typer.echo(f"{kept:,} pairs to train on and {len(held):,} held out in {out_dir}", err=True)


# --- shared by the commands -----------------------------------------------------------------------


def _sources(
    inputs: Sequence[str], columns: str | None, languages: str | None, format_: str | None
) -> list[PairSource]:
    from babelite.cli.shared.options import parse_pairs

    return [parse_pairs(text, columns, languages, format_) for text in inputs]


def _common_languages(sources: Sequence[PairSource]) -> tuple[str, str]:
    pairs = {source.languages for source in sources}
    return pairs.pop() if len(pairs) == 1 else ("source", "target")
