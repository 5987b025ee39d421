"""Which process of a ``torchrun`` or ``srun`` job prints an error, so that it is printed once."""

from __future__ import annotations

from typing import TypeVar

from babelite.training.distributed.environment import is_first_process

_E = TypeVar("_E", bound=Exception)

_ATTRIBUTE = "is_reported_here"


def set_reporter(error: _E, here: bool) -> _E:
    """Decide whether this process prints an error; the error itself is returned."""
    setattr(error, _ATTRIBUTE, here)
    return error


def has_reporter(error: BaseException) -> bool:
    """Whether it has been decided which process prints the error."""
    return hasattr(error, _ATTRIBUTE)


def is_reported_here(error: BaseException) -> bool:
    """Whether this process prints an error of training; if undecided, the first process does."""
    return bool(getattr(error, _ATTRIBUTE, is_first_process()))
