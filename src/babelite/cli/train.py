"""Command ``babelite train``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Optional, get_args, get_origin

import typer

from babelite.cli.shared.options import (
    ColumnsOption,
    ExcludeOption,
    OutFolderOption,
    unwrap,
)
from babelite.errors import BabeliteError

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
    pairs: list[str],
    out: Path,
    preset: str,
    config: Path | None,
    columns: str | None,
    exclude: list[str] | None,
    **options: Any,  # noqa: ANN401 - one for each setting
) -> None:
    from babelite.cli.shared.options import parse_columns
    from babelite.corpus import Cleaning, parse_source
    from babelite.training import (
        TrainingProgress,
        is_first_process,
        is_reported_here,
        make_config,
        train,
    )

    progress = TrainingProgress(quiet=not is_first_process())
    try:
        settings = make_config(preset, config, options)
        chosen = parse_columns(columns)
        sources = [parse_source(text, chosen) for text in pairs]
        cleaning = Cleaning(exclude=tuple(exclude or ()))
        result = train(sources, out, settings, cleaning=cleaning, progress=progress)
    except KeyboardInterrupt:
        progress.say("Stopped and saved; run the same command again to resume.")
        raise typer.Exit(130) from None
    except BabeliteError as error:
        if is_reported_here(error):
            raise
        raise typer.Exit(2) from None  # another process prints it
    for name, value in result.precision_at_1.items():
        progress.say(f"P@1 on held-out pairs, {name}: {100 * value:.1f} %")
    progress.say(f"{result.pairs:,} pairs in {result.seconds:,.0f} s. The model is in {out}")
    progress.say(f"Next: babelite evaluate FILE -m {out}, or: babelite search FILE QUERY -m {out}")


def _with_options(
    function: Callable[..., None], options: dict[str, tuple[object, object]]
) -> Callable[..., None]:
    """Give a function the arguments of the command and some options."""
    required = inspect.Parameter.empty
    argument = typer.Argument(metavar="PAIRS...", help="Files of sentence pairs.")
    preset = typer.Option(metavar="NAME", help="Preset: default, paper or tiny.")
    config = typer.Option(metavar="FILE", help="TOML file of options.")
    arguments: dict[str, tuple[object, object]] = {
        "pairs": (Annotated[list[str], argument], required),
        "out": (OutFolderOption, required),
        "preset": (Annotated[str, preset], "default"),
        "config": (Annotated[Optional[Path], config], None),  # noqa: UP045
        "columns": (ColumnsOption, None),
        "exclude": (ExcludeOption, None),
    }
    arguments |= options
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default
            )
            for name, (kind, default) in arguments.items()
        ]
    )
    function.__annotations__ = {name: kind for name, (kind, _) in arguments.items()}
    return function


def _config_options() -> dict[str, tuple[object, object]]:
    """An option for each field of `TrainingConfig`; none without the extra."""
    from babelite.errors import MissingExtraError

    try:
        from babelite.training import TrainingConfig
    except MissingExtraError:
        return {}
    options: dict[str, tuple[object, object]] = {}
    for name, field in TrainingConfig.model_fields.items():
        kind: Any = field.annotation
        parts = [part for part in get_args(kind) if part is not type(None)]
        if get_origin(kind) is not None and str(get_origin(kind)).endswith("Literal"):
            text, kind = f" One of {', '.join(parts)}.", str
        else:
            text, kind = "", parts[0] if parts else kind
        text += f" (default: {field.default})" if field.default is not None else ""
        flag = f"--{name.replace('_', '-')}"
        option = typer.Option(flag, help=f"{field.description}{text}", show_default=False)
        if kind is bool:
            option = typer.Option(
                f"{flag}/--no-{flag[2:]}", help=f"{field.description}{text}", show_default=False
            )
        options[name] = (Annotated[Optional[kind], option], None)  # noqa: UP045
    return options
