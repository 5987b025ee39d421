"""Predicted time of encoding and mining on many machines, from rates measured on few.

Every number comes from a measured rate, a constant of the code that will run, or a stated property
of the machines. Machine failures, network use by others and prices are not modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from babelite.cluster import CLUSTERED_ROWS_PER_BLOCK, SHARD_ROWS
from babelite.mining import QUERIES_PER_BLOCK
from babelite.neighbors import clustering_comparisons, probed_comparisons

_FLOAT16 = 2
_NEIGHBOUR = 8  # bytes of a cosine and a row number on disk
_BYTES_A_LINE_OF_MINING = 350  # memory of the driver process, see docs/mining.md


@dataclass(frozen=True)
class Rates:
    """Measured rates.

    Attributes:
        lines: Lines per second that one core encodes while all cores of its machine encode.
        comparisons: Pairs of vectors that one core compares per second.
        text_bytes: Bytes of a line of input.
        shard_bytes: Bytes of a line in a Parquet shard, text and float16 vector included.
        dim: Dimension of the vectors.
    """

    lines: float
    comparisons: float
    text_bytes: float
    shard_bytes: float
    dim: int


@dataclass(frozen=True)
class Machines:
    """Machines of the cluster.

    Attributes:
        count: Number of machines.
        cores: Cores of each machine, one worker on each core.
        network: Bytes per second that each machine can receive.
    """

    count: int = 100
    cores: int = 16
    network: float = 3.1e9

    @property
    def workers(self) -> int:
        """Number of workers on all machines."""
        return self.count * self.cores


@dataclass(frozen=True)
class Step:
    """A step of a plan.

    Attributes:
        name: Name of the step.
        computing: Seconds of computing with all workers.
        moving: Seconds of network transfer with all machines; overlaps with computing.
        moved: Bytes transferred over the network.
        kept: Bytes on disk or in object storage afterwards.
        note: Explanation of the numbers.
    """

    name: str
    computing: float
    moving: float
    moved: float
    kept: float
    note: str

    @property
    def seconds(self) -> float:
        """Duration: the longer of computing and moving."""
        return max(self.computing, self.moving)


def plan(lines: int, rates: Rates, machines: Machines | None = None) -> list[Step]:
    """Plan to encode lines and then to mine one half of them against the other half.

    Args:
        lines: Number of lines, both languages together.
        rates: Measured rates.
        machines: Machines of the cluster; default: 100 with 16 cores and 25 Gbit/s.

    Returns:
        The steps in order.

    Example:
        >>> rates = Rates(lines=2000, comparisons=1e8, text_bytes=60, shard_bytes=600, dim=256)
        >>> steps = plan(10**9, rates)
        >>> [(step.name, round(step.seconds)) for step in steps][:2]
        [('read once and check', 3), ('encode', 312)]
    """
    machines = machines or Machines()
    return [*_encoding_steps(lines, rates, machines), *_mining_steps(lines, rates, machines)]


def _encoding_steps(lines: int, rates: Rates, machines: Machines) -> list[Step]:
    workers, network = machines.workers, machines.count * machines.network
    text = lines * rates.text_bytes
    read_and_written = text + lines * rates.shard_bytes
    return [
        Step(
            "read once and check",
            # Reading takes at most a hundredth of the CPU time of encoding.
            lines / (100 * rates.lines * workers),
            text / network,
            text,
            0,
            "one worker reads a file: use at least as many files as workers",
        ),
        Step(
            "encode",
            lines / (rates.lines * workers),
            read_and_written / network,
            read_and_written,
            lines * rates.shard_bytes,
            f"{-(-lines // SHARD_ROWS):,} shards, written in place; no shuffle",
        ),
    ]


def _mining_steps(lines: int, rates: Rates, machines: Machines) -> list[Step]:
    workers, network = machines.workers, machines.count * machines.network
    side = lines // 2
    vectors = side * rates.dim * _FLOAT16
    parts = -(-side // CLUSTERED_ROWS_PER_BLOCK)
    rows = -(-side // parts)
    blocks = -(-side // QUERIES_PER_BLOCK)
    clustering = clustering_comparisons(rows) / rates.comparisons
    searching = 2 * side * parts * probed_comparisons(rows) / rates.comparisons / workers
    read_by_searches = 2.0 * blocks * vectors
    return [
        Step(
            "encode for mining",
            lines / (rates.lines * workers),
            2 * vectors / machines.network,
            2.0 * vectors,
            2.0 * vectors,
            "mining encodes separately, into a folder of one machine: "
            f"{lines * _BYTES_A_LINE_OF_MINING / 1e9:,.0f} GB of memory there",
        ),
        Step(
            "make clusters",
            clustering * -(-2 * parts // workers),
            2 * vectors / machines.network,
            2.0 * vectors,
            2 * vectors * 0.01,
            f"{2 * parts:,} parts of {rows:,} vectors, k-means of {rows // 250:,} clusters each",
        ),
        Step(
            "search both ways",
            searching,
            read_by_searches / network,
            read_by_searches,
            2.0 * side * 5 * _NEIGHBOUR,
            f"each of {2 * blocks:,} blocks of queries reads all {parts:,} parts of the other side",
        ),
    ]


def as_table(steps: Sequence[Step]) -> str:
    """A plan as a table in Markdown.

    Example:
        >>> print(as_table([Step("encode", 7200, 60, 2e12, 1e12, "no shuffle")]))
        | step | time | computing | network | moved | kept | why |
        |---|---:|---:|---:|---:|---:|---|
        | encode | 2.0 h | 2.0 h | 60 s | 2.0 TB | 1.0 TB | no shuffle |
        | **all** | **2.0 h** | | | 2.0 TB | 1.0 TB | |
    """
    lines = ["| step | time | computing | network | moved | kept | why |"]
    lines.append("|---|---:|---:|---:|---:|---:|---|")
    lines += [
        f"| {s.name} | {_time(s.seconds)} | {_time(s.computing)} | {_time(s.moving)} "
        f"| {_size(s.moved)} | {_size(s.kept)} | {s.note} |"
        for s in steps
    ]
    total = sum(step.seconds for step in steps)
    moved, kept = sum(step.moved for step in steps), sum(step.kept for step in steps)
    lines.append(f"| **all** | **{_time(total)}** | | | {_size(moved)} | {_size(kept)} | |")
    return "\n".join(lines)


def _time(seconds: float) -> str:
    for unit, name in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


def _size(count: float) -> str:
    for unit, name in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1e6:.0f} MB"
