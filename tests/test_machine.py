"""The number of usable cores follows the affinity and the CPU quota of containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from babelite import machine
from babelite.machine import cpu_quota, usable_cores

V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
V1 = "32 31 0:29 {inside} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"


def make(root: Path, groups: str, mounts: str, **files: str) -> Path:
    """Write the files that describe the cgroups of a system."""
    contents = {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts}
    contents |= {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("groups", "mounts", "files", "quota"),
    [
        ("0::/\n", V2, {"cpu.max": "50000 100000\n"}, 0.5),
        ("0::/\n", V2, {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", V2, {}, None),
        # The smallest quota of the group and its parents counts.
        ("0::/a/b\n", V2, {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1.5),
        ("0::/a/b\n", V2, {"a/cpu.max": "400000 100000", "a/b/cpu.max": "300000 100000"}, 3),
        # Version 1; in a container the mount may show the container's group as the top.
        (
            "4:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n",
            V1.format(inside="/docker/1"),
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        (
            "4:cpu,cpuacct:/user\n",
            V1.format(inside="/"),
            {
                "cpu,cpuacct/user/cpu.cfs_quota_us": "250000\n",
                "cpu,cpuacct/user/cpu.cfs_period_us": "100000\n",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            2.5,
        ),
        # Both versions, with the CPU controller in version 1.
        (
            "4:cpu:/\n0::/\n",
            V1.format(inside="/") + V2.replace("cgroup rw,nosuid", "cgroup/unified rw"),
            {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            None,
        ),
        ("0::/\n", V2, {"cpu.max": "nonsense"}, None),
        ("nonsense\n", V2, {}, None),
    ],
)
def test_cpu_quota_of_a_cgroup(
    tmp_path: Path, groups: str, mounts: str, files: dict[str, str], quota: float | None
) -> None:
    assert cpu_quota(make(tmp_path, groups, mounts, **files)) == quota


def test_a_system_without_cgroups_has_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("quota", "cores"), [(None, 4), (0.5, 1), (1.0, 1), (1.5, 2), (2.0, 2), (9.0, 4)]
)
def test_a_quota_bounds_the_usable_cores(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, cores: int
) -> None:
    monkeypatch.setattr(machine, "own_cores", lambda: {0, 1, 2, 3})
    monkeypatch.setattr(machine, "cpu_quota", lambda: quota)
    assert usable_cores() == cores
