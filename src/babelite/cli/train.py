"""Command ``babelite train``."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from babelite.cli.shared.options import (
    ColumnOption,
    ColumnsOption,
    ExcludeOption,
    OutFolderOption,
    parse_columns,
    unwrap,
)
from babelite.errors import BabeliteError, MissingExtraError, quantity

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_HELP = """Train an encoder on parallel text.

PAIRS are files of sentence pairs: TSV, JSONL, Parquet, TMX or message catalogs, plain or packed
(.gz, .xz, .zst), or two aligned files joined by a comma. The languages are taken from the name
("en-fr.tsv.gz") or written before it ("en-fr=FILE"). Several language pairs train one encoder.

A number before a file weights its pairs relative to those of other files:
"0.3*en-fr=manual.tsv" "2*en-fr=talks.tsv".

To resume a stopped run, run the same command again.

On several GPUs or machines: torchrun --nproc-per-node 8 -m babelite train ..., or start the same
command with Slurm's srun. Batch sizes count the pairs of all processes.

Example: babelite train en-fr.tsv.gz --out model --minutes 10
"""

_WITHOUT_EXTRA = r"""
Training and its other options need: pip install 'babelite\[train]'
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    options = _config_options()
    # Without the extra any option is accepted, and the command says what to install.
    lenient = {} if options else {"ignore_unknown_options": True, "allow_extra_args": True}
    text = _HELP if options else f"{_HELP}{_WITHOUT_EXTRA}"
    command = app.command(
        "train", help=unwrap(text), no_args_is_help=True, context_settings=lenient
    )
    command(_with_options(_train, options))


def _train(
    pairs: Annotated[
        list[str], typer.Argument(metavar="PAIRS...", help="Files of sentence pairs.")
    ],
    out: OutFolderOption,
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="Preset: default, paper, tiny or distill.")
    ] = "default",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file of options.")
    ] = None,
    mono: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LANG=FILE",
            help="File of sentences without translations, for the objectives teach and smlm: one "
            "sentence per line, or a --column of TSV, JSONL or Parquet. Repeatable; a number "
            "before it is a weight: 0.5*en=FILE.",
        ),
    ] = None,
    column: ColumnOption = None,
    columns: ColumnsOption = None,
    exclude: ExcludeOption = None,
    **options: Any,  # noqa: ANN401 - one for each setting
) -> None:
    from babelite.training import make_config

    text = TrainingFiles(pairs, mono or (), columns, column, exclude or ())
    train_and_report(text, out, lambda: make_config(preset, config, options))


@dataclass(frozen=True)
class TrainingFiles:
    """The files of a training run, as the command line names them."""

    pairs: Sequence[str]
    mono: Sequence[str]
    columns: str | None = None
    column: str | None = None
    exclude: Sequence[str] = ()


def train_and_report(
    text: TrainingFiles, out: Path, make_settings: Callable[[], TrainingConfig]
) -> None:
    """Train an encoder with progress on the terminal; errors are reported by one process."""
    from babelite.corpus import Cleaning, parse_monolingual_source, parse_source
    from babelite.training import TrainingProgress, is_first_process, is_reported_here, train

    progress = TrainingProgress(quiet=not is_first_process())
    try:
        result = train(
            [parse_source(pairs, parse_columns(text.columns)) for pairs in text.pairs],
            out,
            make_settings(),
            cleaning=Cleaning(exclude=tuple(text.exclude)),
            progress=progress,
            monolingual=[parse_monolingual_source(mono, text.column) for mono in text.mono],
        )
    except KeyboardInterrupt:
        progress.say("Stopped and saved; run the same command again to resume.")
        raise typer.Exit(130) from None
    except BabeliteError as error:
        if is_reported_here(error):
            raise
        raise typer.Exit(2) from None  # another process prints it
    for name, value in result.precision_at_1.items():
        progress.say(f"P@1 on held-out pairs, {name}: {100 * value:.1f} %")
    progress.say(
        f"{quantity(result.pairs, 'pair')} in {result.seconds:,.0f} s. The model is in {out}"
    )
    model = shlex.quote(str(out))
    progress.say(
        f"Next: babelite evaluate FILE -m {model}, or: babelite search FILE QUERY -m {model}"
    )


def _with_options(function: Callable[..., None], options: dict[str, object]) -> Callable[..., None]:
    """Replace the parameter ``**options`` of a function with options of the command line."""
    signature = inspect.signature(function, eval_str=True)
    *parameters, _ = signature.parameters.values()
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=None)
        for name, kind in options.items()
    ]

    def call(**arguments: Any) -> None:  # noqa: ANN401 - one for each parameter
        function(**arguments)

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _config_options() -> dict[str, object]:
    """An option for each field of `TrainingConfig`; none without the extra."""
    try:
        from babelite.training import TrainingConfig
    except MissingExtraError:
        return {}
    options: dict[str, object] = {}
    for name, field in TrainingConfig.model_fields.items():
        kind: Any = field.annotation
        parts = [part for part in get_args(kind) if part is not type(None)]
        text = str(field.description)
        if get_origin(kind) is Literal:
            kind, text = str, f"{text} One of {', '.join(parts)}."
        elif parts == [int]:
            kind = int if get_origin(kind) is not list else str  # numbers with commas between
        elif parts and get_origin(kind) is not list:
            kind = parts[0]
        text += f" (default: {field.default})" if field.default not in (None, []) else ""
        flag = name.replace("_", "-")
        flags = f"--{flag}/--no-{flag}" if kind is bool else f"--{flag}"
        option = typer.Option(flags, help=text, show_default=False)
        options[name] = Annotated[kind | None, option]
    return options
