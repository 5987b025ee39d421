"""The command line: one module a group of commands, imports inside the commands."""

from __future__ import annotations

import os
import sys

import typer

from babelite import __version__
from babelite.errors import BabeliteError

app = typer.Typer(
    name="babelite",
    help="Small cross-lingual sentence encoders: train them, and search and compare with them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"babelite {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Small cross-lingual sentence encoders: train them, and search and compare with them."""


def main() -> None:
    """Run the command line; errors a user can mend end with one sentence and exit code 2."""
    from babelite.cli import commands

    commands.register(app)
    try:
        app()
    except BabeliteError as error:
        typer.echo(f"babelite: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        typer.echo("babelite: stopped", err=True)
        sys.exit(130)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        typer.echo(
            f"babelite: {place}{error.strerror or error}; free the disk or check the path, "
            "then run the same command again.",
            err=True,
        )
        sys.exit(2)
