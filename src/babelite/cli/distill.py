"""Command ``babelite distill``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    ColumnOption,
    ColumnsOption,
    ExcludeOption,
    OutFolderOption,
    unwrap,
)
from babelite.cli.train import TrainingFiles, train_and_report
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_HELP = """Train a small encoder that learns from a larger one.

TEACHER is an encoder: sentence-transformers:NAME, fastembed:NAME, MODULE:FUNCTION or a model
folder. Write en=TEACHER if it reads only English.

TEXT are files of sentence pairs, as for babelite train, and files of sentences without
translations, en=FILE. At least one file of pairs is needed: a teacher alone does not teach
the encoder to find translations.

This is babelite train --preset distill --teacher TEACHER, which has more options. To resume a
stopped run, run the same command again.

Example: babelite distill sentence-transformers:NAME en-fr.tsv.gz en=news.txt --out model
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("distill", help=unwrap(_HELP), no_args_is_help=True)(_distill)


def _distill(
    teacher: Annotated[
        str, typer.Argument(metavar="TEACHER", help="The encoder whose vectors are learned.")
    ],
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="Files of pairs, and LANG=FILE of sentences."),
    ],
    out: OutFolderOption,
    minutes: Annotated[
        float,
        typer.Option(
            metavar="N", min=0.05, help="Time of the whole run; the teacher encodes for a third."
        ),
    ] = 30,
    teacher_license: Annotated[
        str | None,
        typer.Option(metavar="LICENCE", help="Licence of the teacher, for the model card."),
    ] = None,
    teacher_processes: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes that encode with the teacher."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file of options of babelite train.")
    ] = None,
    columns: ColumnsOption = None,
    column: ColumnOption = None,
    exclude: ExcludeOption = None,
) -> None:
    from babelite.corpus import names_one_language
    from babelite.training import make_config

    mono = [name for name in text if names_one_language(name)]
    pairs = [name for name in text if name not in mono]
    if not pairs:
        raise BabeliteError(
            "no file of sentence pairs is given",
            code="input-empty",
            hint="add one, such as en-fr.tsv: a teacher alone does not teach to find translations",
        )

    def make_settings() -> TrainingConfig:
        options = {
            "teacher": [teacher],
            "minutes": minutes,
            "teacher_minutes": minutes / 3,
            "teacher_license": None if teacher_license is None else [teacher_license],
            "teacher_processes": teacher_processes,
        }
        return make_config("distill", config, options)

    train_and_report(TrainingFiles(pairs, mono, columns, column, exclude or ()), out, make_settings)
