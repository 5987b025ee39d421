"""The errors a user can mend: what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class BabeliteError(Exception):
    """Something the user can mend; the command line prints it and exits with 2.

    The text is one sentence that names the place (file and line, where there is one), the problem
    and the remedy.

    Args:
        problem: What is wrong, without a full stop.
        path: The file or folder concerned, or ``-`` for standard input.
        line: The line concerned, counted from 1.
        remedy: What to do about it, without a full stop.

    Attributes:
        tell: Whether this process, of several that failed together, is the one to tell the user; if
            None the first one is.

    Example:
        >>> print(BabeliteError("holds no tab", path="a.tsv", line=3, remedy="choose --columns"))
        a.tsv, line 3: holds no tab; choose --columns.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.tell: bool | None = None
        self.problem, self.line, self.remedy = problem, line, remedy
        self.path = None if path is None else str(path)
        place = "" if path is None else ("standard input" if str(path) == "-" else str(path))
        if line is not None:
            place = f"{place}, line {line}" if place else f"line {line}"
        text = f"{place}: {problem}" if place else problem
        super().__init__(f"{text}; {remedy}." if remedy else f"{text}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """How it travels from another process: with its text as it is, not made anew from it."""
        return _as_it_was, (type(self), self.args, vars(self))


class MissingExtraError(BabeliteError, ImportError):
    """A part of babelite was asked for whose libraries are not installed.

    Args:
        feature: What was asked for.
        extra: The extra of this package that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs libraries that are not installed",
            remedy=f"run: pip install 'babelite[{extra}]'",
        )


def _as_it_was(
    kind: type[BabeliteError], arguments: tuple[object, ...], attributes: dict[str, object]
) -> BabeliteError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error
