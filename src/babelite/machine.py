"""CPU cores and memory of this process."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def own_cores() -> set[int]:
    """Numbers of the CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """Number of CPU cores that this process may use.

    Example:
        >>> usable_cores() >= 1
        True
    """
    return len(own_cores())


def peak_memory() -> int:
    """Peak resident memory of this process in bytes; 0 if unknown."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    # getrusage may report the memory of the parent process instead.
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
