"""The CPU cores that this process may use."""

from __future__ import annotations

import os


def own_cores() -> set[int]:
    """The numbers of the cores."""
    if hasattr(os, "sched_getaffinity"):  # absent from macOS and Windows
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """How many cores there are.

    Example:
        >>> usable_cores() >= 1
        True
    """
    return len(own_cores())
