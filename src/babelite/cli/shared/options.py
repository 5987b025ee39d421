"""Options that several commands share, and the parsing of their values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.errors import BabeliteError
from babelite.machine import MAX_THREADS

if TYPE_CHECKING:
    from babelite.corpus import OutputFormat, PairSource

# --- the encoder ----------------------------------------------------------------------------------

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="SPEC",
        help="Encoder: a model folder, sentence-transformers:NAME, fastembed:NAME, or "
        "MODULE:FUNCTION (a list of strings in, an array out). Default: the packaged model.",
    ),
]
DimOption = Annotated[
    int | None,
    typer.Option(
        "--dim",
        metavar="N",
        min=1,
        help="Components of a vector, if fewer than the encoder has. A model folder has the sizes "
        "that it was trained for: see babelite info.",
    ),
]
AllowDownload = Annotated[
    bool,
    typer.Option(
        "--allow-download",
        help="Allow sentence-transformers and fastembed to download the model.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=MAX_THREADS,
        help="Worker processes, with one core each.",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Ray cluster to work on: auto (the cluster of this machine), local (started here, "
        "stopped at the end), HOST:PORT or ray://HOST:PORT.",
    ),
]

# --- inputs ---------------------------------------------------------------------------------------

ColumnOption = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME",
        help="Column of the text: a name or number (from 1) in CSV and TSV, a field in JSONL and "
        "Parquet (a.b for a nested one), a language in TMX. Default: text or sentence, or the only "
        "column; the whole line of other files.",
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="A,B",
        help="The two columns: names or numbers (from 1) in CSV and TSV, fields in JSONL and "
        "Parquet. "
        "Default: columns with the usual names, else the first two.",
    ),
]
LanguagesOption = Annotated[
    str | None,
    typer.Option(
        "--languages",
        metavar="A-B",
        help="The two languages, such as en-fr or en-US,fr-FR. Default: from the file name.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="FILE",
        help="Drop pairs if either side occurs in this file (any format, every column; case, "
        "punctuation and spaces are ignored). Repeatable.",
    ),
]

# --- outputs --------------------------------------------------------------------------------------

OutOption = Annotated[
    str,
    typer.Option("--out", metavar="FILE", help="Output file; '-' is standard output."),
]
OutFolderOption = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="Output folder, created if missing.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON to standard output, errors included.")
]
PlotOption = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Also draw a figure (.png, .svg or .pdf)."),
]
WorkOption = Annotated[
    Path | None,
    typer.Option(
        "--work",
        metavar="FOLDER",
        help="Keep vectors and neighbours in this folder, so that another run with other "
        "thresholds takes seconds. Default: OUT.work, deleted at the end.",
    ),
]
Float16Option = Annotated[bool, typer.Option("--float16", help="Store vectors as float16.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Random seed.")]


# --- values ---------------------------------------------------------------------------------------


def unwrap(text: str) -> str:
    r"""Join the lines of each paragraph of a help text, so that the terminal wraps them.

    Example:
        >>> unwrap("One\nparagraph.\n\nAnother.")
        'One paragraph.\n\nAnother.'
    """
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def parse_columns(text: str | None) -> tuple[str, str] | None:
    """The two columns of ``--columns A,B``."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise BabeliteError(
            f"--columns {text} does not name two columns",
            code="option-invalid",
            hint="write for example --columns 1,2",
        )
    return parts[0], parts[1]


def parse_languages(text: str | None) -> tuple[str, str] | None:
    """The two languages of ``--languages en-fr`` or ``--languages en-US,fr-FR``.

    Example:
        >>> parse_languages("en-fr"), parse_languages("en-US,fr_FR")
        (('en', 'fr'), ('en-US', 'fr_FR'))
    """
    if text is None:
        return None
    from babelite.corpus import parse_language_pair

    languages = parse_language_pair(text)
    if languages is None:
        raise BabeliteError(
            f"--languages {text} does not name two languages",
            code="option-invalid",
            hint="write for example en-fr or en-US,fr-FR",
        )
    return languages


def output_languages(
    out: str, format_: OutputFormat, languages: tuple[str, str] | None, inputs: Sequence[str]
) -> tuple[str, str]:
    """The languages of an output of pairs: the given ones, else those in the names of the inputs.

    Unknown ones become source and target; TMX and XLIFF need codes.
    """
    from babelite.corpus import TRANSLATION_FORMATS, languages_in_names, require_language_codes

    source, target = languages or languages_in_names(inputs)
    if format_ in TRANSLATION_FORMATS:
        require_language_codes(out, (source, target))
    return source or "source", target or "target"


def parse_pairs(
    text: str, columns: str | None, languages: str | None, format_: str | None = None
) -> PairSource:
    """The source of pairs that an argument names; unknown languages become source and target."""
    from babelite.corpus import parse_source

    return parse_source(
        text,
        parse_columns(columns),
        parse_languages(languages),
        format_,
        default_languages=("source", "target"),
    )
