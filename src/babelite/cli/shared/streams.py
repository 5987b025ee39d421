"""Standard output and standard error of a command: their encoding, and readers that go away."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, NoReturn

_CLOSED_PIPE = 141  # 128 + SIGPIPE, as shells report it


def prepare_streams() -> None:
    """Let redirected output be UTF-8, and ignore messages that cannot be written."""
    errors = sys.stderr
    if errors is sys.__stderr__ and isinstance(errors, io.TextIOWrapper):
        # Work must not end because its log is full or closed.
        raw = io.BufferedWriter(_Forgiving(errors.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, encoding=errors.encoding, line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Redirected output is UTF-8 like every other file. A terminal keeps its encoding, and
            # characters that it lacks must not end a command.
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")


def flush_output() -> None:
    """Write what is left of standard output, so that an error is not lost at the exit."""
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()


def is_closed_pipe(error: BaseException | None) -> bool:
    """Whether the reader of the output has gone; libraries then exit with code 1."""
    if isinstance(error, SystemExit):
        return error.code == 1 and isinstance(error.__context__, BrokenPipeError)
    return isinstance(error, BrokenPipeError)


def exit_for_closed_pipe() -> NoReturn:
    """Exit as other commands do whose reader has seen enough: without a word, with code 141."""
    # Else Python reports what it cannot flush.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if sys.__stdout__ is not None:
        os.dup2(nowhere, sys.__stdout__.fileno())
    sys.exit(_CLOSED_PIPE)


class _Forgiving(io.FileIO):
    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)
