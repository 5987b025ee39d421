"""The command line: one module a group of commands, imports inside the commands."""

from __future__ import annotations

import io
import signal
import sys
from typing import Annotated

import typer

from babelite._version import __version__
from babelite.errors import BabeliteError


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"babelite {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Small cross-lingual sentence encoders: train them, and search and compare with them."""


def make_app() -> typer.Typer:
    """The command line with all its commands."""
    from babelite.cli import commands

    app = typer.Typer(
        name="babelite",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_root)
    commands.register(app)
    return app


def main() -> None:
    """Run the command line; errors a user can mend end with one sentence and exit code 2."""
    # Asked to end (by `timeout`, by a scheduler), a command tidies up as it does after an error.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Files are UTF-8, as those that are written under a name are; a screen shows what it
            # can, and whatever it cannot must not end a command.
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")
    try:
        make_app()()
    except BabeliteError as error:
        if error.tell is not False:
            typer.echo(f"babelite: {error}", err=True)
        sys.exit(2)
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
