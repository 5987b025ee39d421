"""Rank and world size of this process, and whether it prints an error of all processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from babelite.errors import BabeliteError

_E = TypeVar("_E", bound=Exception)
# Attribute of an error: whether this process prints it, so that it is printed once.
_ATTRIBUTE = "is_reported_here"


@dataclass(frozen=True)
class Launch:
    """Rank and number of the processes that were started together."""

    launcher: Literal["torchrun", "slurm"] | None = None  # None for a process on its own
    rank: int = 0
    world_size: int = 1
    local_world_size: int = 1  # on each machine

    @property
    def nodes(self) -> int:
        """The number of machines."""
        return self.world_size // self.local_world_size


def read_launch(environment: Mapping[str, str] | None = None) -> Launch:
    """Read rank and world size from the environment, by default that of this process.

    ``torchrun`` takes precedence over Slurm, which may have started it. A batch script of Slurm is
    a process on its own until it calls ``srun``.

    Example:
        >>> read_launch({"RANK": "3", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}).nodes
        2
    """
    given = os.environ if environment is None else environment
    if "RANK" in given and "WORLD_SIZE" in given:
        names = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
        rank, size, local = (_number(given, name, given["WORLD_SIZE"]) for name in names)
        return _checked("torchrun", rank, size, local)
    if _number(given, "SLURM_STEP_NUM_TASKS", "1") > 1:
        rank = _number(given, "SLURM_PROCID", "0")
        size = _number(given, "SLURM_STEP_NUM_TASKS", "1")
        nodes = _number(given, "SLURM_STEP_NUM_NODES", given.get("SLURM_NNODES", "1"))
        local = _number(given, "SLURM_NTASKS_PER_NODE", str(size // max(1, nodes)))
        return _checked("slurm", rank, size, local)
    return Launch()


def is_first_process() -> bool:
    """Whether this is process 0, which reports to the user, or a process on its own."""
    try:
        return read_launch().rank == 0
    except BabeliteError:
        return True


def _number(given: Mapping[str, str], name: str, default: str) -> int:
    text = given.get(name, default)
    if not text.isdecimal():
        raise BabeliteError(
            f"the environment variable {name} is {text!r}, not a number",
            code="option-invalid",
            hint="unset it, or start the processes with torchrun or srun",
        )
    return int(text)


def _checked(launcher: Literal["torchrun", "slurm"], rank: int, size: int, local: int) -> Launch:
    if size == 1:
        return Launch()
    if not (rank < size and 0 < local <= size and size % local == 0):
        raise BabeliteError(
            f"{launcher} sets contradictory numbers: process {rank} of {size}, {local} on each "
            "machine",
            code="option-invalid",
            hint="start the same number of processes on every machine",
        )
    return Launch(launcher, rank, size, local)


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
