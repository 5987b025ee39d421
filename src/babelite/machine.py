"""CPU cores and memory of this process."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

# The largest number of threads or processes that may be asked for.
MAX_THREADS = 1024


def own_cores() -> set[int]:
    """Numbers of the CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def usable_cores() -> int:
    """Number of CPU cores that this process may use: its affinity and its cgroup's CPU quota.

    A quota of a part of a core counts as the whole core.

    Example:
        >>> usable_cores() >= 1
        True
    """
    cores, quota = len(own_cores()), cpu_quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


@cache
def cpu_quota(root: Path = Path("/")) -> float | None:
    """The CPU quota of this process's cgroup (v1 or v2) in cores; None if there is none.

    Containers limit CPU time with it. ``root`` is the folder of ``proc`` and ``sys``.
    """
    try:
        quota = min(map(_group_quota, _cpu_groups(root)), default=math.inf)
    except (OSError, ValueError, IndexError, ZeroDivisionError):  # not Linux, or not readable
        return None
    return None if quota == math.inf else quota


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


def _cpu_groups(root: Path) -> Iterator[Path]:
    """The folders of this process's CPU cgroups and of their parents."""
    own = {}  # the group of this process by controller; "" is version 2
    for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, group = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), group))
    for line in (root / "proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mount, _, system = line.partition(" - ")
        kind, options = system.split()[0], system.split()[-1].split(",")
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller not in own or (controller and controller not in options):
            continue
        inside, place = mount.split()[3:5]
        own_group = PurePosixPath(own[controller])
        # In a container, the mount may show the group of the container as the top.
        seen_there = own_group.is_relative_to(inside)
        below = own_group.relative_to(inside) if seen_there else own_group
        top = root / place.lstrip("/")
        folder = top / str(below).lstrip("/")
        yield from (f for f in (folder, *folder.parents) if f.is_relative_to(top))


def _group_quota(group: Path) -> float:
    """The CPU quota of one cgroup in cores; infinite if it has none."""
    if (file := group / "cpu.max").exists():  # version 2
        quota, period = file.read_text(encoding="utf-8").split()
        return math.inf if quota == "max" else int(quota) / int(period)
    if (file := group / "cpu.cfs_quota_us").exists():
        quota = file.read_text(encoding="utf-8")
        period = (group / "cpu.cfs_period_us").read_text(encoding="utf-8")
        return math.inf if int(quota) < 0 else int(quota) / int(period)
    return math.inf
