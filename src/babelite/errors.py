"""Errors: what is wrong, where, and how to fix it; and numbers in messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class BabeliteError(Exception):
    """An error that the user can fix; the command line prints it and exits with code 2.

    The text is one sentence: the place (file and line, if there is one), the problem and a hint.

    Args:
        problem: What is wrong, without a full stop.
        code: Stable kebab-case name of this kind of error, listed in ``docs/error-codes.md``.
        path: The file or folder, or ``-`` for standard input.
        line: The line, counted from 1.
        hint: How to fix it (imperative), without a full stop.

    Example:
        >>> error = BabeliteError(
        ...     "has no tab", code="format-invalid", path="a.tsv", line=3, hint="choose --columns"
        ... )
        >>> print(error)
        a.tsv, line 3: has no tab; choose --columns.
        >>> error.code
        'format-invalid'
    """

    def __init__(
        self,
        problem: str,
        *,
        code: str,
        path: str | Path | None = None,
        line: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem, self.code, self.line, self.hint = problem, code, line, hint
        self.path = None if path is None else str(path)
        place = "" if path is None else ("standard input" if str(path) == "-" else str(path))
        if line is not None:
            place = f"{place}, line {line}" if place else f"line {line}"
        text = f"{place}: {problem}" if place else problem
        super().__init__(f"{text}; {hint}." if hint else f"{text}.")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the text and the attributes, because subclasses have other arguments."""
        return _unpickled, (type(self), self.args, vars(self))


class MissingExtraError(BabeliteError, ImportError):
    """A feature needs libraries of an extra, such as ``babelite[train]``, that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs libraries that are not installed",
            code="extra-missing",
            hint=f"run: pip install 'babelite[{extra}]'",
        )


@contextmanager
def requires_extra(feature: str, extra: str) -> Iterator[None]:
    """Raise `MissingExtraError` if an import inside the ``with`` block fails."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error


def _unpickled(
    kind: type[BabeliteError], arguments: tuple[object, ...], attributes: dict[str, object]
) -> BabeliteError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


def quantity(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one; the plural adds an "s".

    Example:
        >>> quantity(1, "line"), quantity(2000, "distinct line")
        ('1 line', '2,000 distinct lines')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
