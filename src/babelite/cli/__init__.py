"""The command line: one module for each command, imports inside the functions."""

from __future__ import annotations

import json
import signal
import sys
from typing import Annotated, Any

import typer

from babelite._version import __version__
from babelite.cli.shared.streams import (
    exit_for_closed_pipe,
    flush_output,
    is_closed_pipe,
    prepare_streams,
)
from babelite.errors import BabeliteError

# The base class of typer's errors about arguments, which it does not export.
_UsageError: Any = typer.BadParameter.__bases__[0]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"babelite {__version__}")
        raise typer.Exit


# Not a docstring, which `python -OO` removes.
HELP = "Search, mine, align, filter and classify text with small cross-lingual sentence encoders."

_VERSION = typer.Option(
    "--version", callback=_print_version, is_eager=True, help="Print the version."
)


def root(
    version: Annotated[bool, _VERSION] = False,
) -> None:
    """The command line."""


def main() -> None:
    """Run the command line; an error that the user can fix exits with code 2."""
    # On SIGTERM (from `timeout` or a scheduler) a command cleans up as it does after an error.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    prepare_streams()
    try:
        try:
            _run_and_report()
        finally:
            flush_output()
    except (BrokenPipeError, SystemExit) as end:
        if is_closed_pipe(end):
            exit_for_closed_pipe()
        raise


def _run_and_report() -> None:
    """Run the command line, and report errors."""
    options = sys.argv[1 : sys.argv.index("--") if "--" in sys.argv else None]
    as_json = "--json" in options
    try:
        _run(as_json)
    except BabeliteError as error:
        _fail(str(error), error.code, as_json)
    except KeyboardInterrupt:
        typer.echo("babelite: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        raise
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        hint = "free the disk or check the path, then run the same command again"
        _fail(f"{place}{error.strerror or error}; {hint}.", "not-writable", as_json)


def _run(as_json: bool) -> None:
    from babelite.cli.commands import make_command

    command = make_command()
    if not as_json:
        command()
        return
    try:
        code = command(standalone_mode=False)
    except _UsageError as error:
        _fail(error.format_message(), "option-invalid", as_json)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: str, as_json: bool) -> None:
    """Report an error and exit with code 2."""
    from babelite.storage import visible_text

    typer.echo(f"babelite: {visible_text(message)}", err=True)
    if as_json:
        error = {"code": code, "message": message}
        typer.echo(json.dumps({"error": error}, ensure_ascii=False))
    sys.exit(2)
