"""What several commands read in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.corpus import PairSource

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A model folder; or sentence-transformers:NAME_OR_FOLDER, fastembed:NAME, or "
        "module:callable, which takes a list of strings and gives an array. The model that "
        "babelite carries if not given.",
    ),
]
AllowDownload = Annotated[
    bool,
    typer.Option(
        "--allow-download", help="Let sentence-transformers or fastembed fetch the model."
    ),
]
FieldOption = Annotated[
    str | None,
    typer.Option(
        "--field",
        metavar="NAME",
        help="The field of JSON or Parquet records to take (default: text or sentence).",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Work on a Ray cluster: auto is the one this machine belongs to, local one that is "
        "started here and ends with the command; or HOST:PORT, or ray://HOST:PORT.",
    ),
]


def flowing(text: str) -> str:
    r"""A help text whose paragraphs are one line each, to be wrapped by the width of the screen.

    Example:
        >>> flowing("One\nparagraph.\n\nAnother.")
        'One paragraph.\n\nAnother.'
    """
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def parse_columns(text: str | None) -> tuple[str, str] | None:
    """Read ``--columns``: two numbers or names with a comma between them.

    Raises:
        BabeliteError: There are not exactly two.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise BabeliteError(
            f"--columns {text} does not name two columns", hint="write for example --columns 1,2"
        )
    return parts[0], parts[1]


def parse_languages(text: str | None, option: str = "--languages") -> tuple[str, str] | None:
    """Read ``--languages`` or the like: two codes with a hyphen between them.

    Raises:
        BabeliteError: There are not exactly two.
    """
    if text is None:
        return None
    parts = text.split("-")
    if len(parts) != 2 or not all(parts):
        raise BabeliteError(
            f"{option} {text} does not name two languages", hint="write for example en-fr"
        )
    return parts[0], parts[1]


def parse_pairs(
    text: str, columns: str | None, languages: str | None, format_: str | None = None
) -> PairSource:
    """Understand a file of pairs whose languages need not be known.

    They are called ``source`` and ``target`` if neither the options nor the name tell them.

    Raises:
        BabeliteError: As `babelite.corpus.parse_source`.
    """
    from babelite.corpus import parse_source

    return parse_source(
        text,
        parse_columns(columns),
        parse_languages(languages),
        format_,
        default_languages=("source", "target"),
    )
