"""Mining by many workers: the two steps of `babelite.mining.mine` that take the time.

What is done is kept where mining on one machine keeps it, in the work folder of the process that
gives the tasks: so the two may take turns at one folder. Candidates are cut into parts; a task
searches all of them, one after the other, for a block of queries, and merges what it finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.encode_files import EncodeTexts
from babelite.cluster.pool import Pool, Shared, Tell
from babelite.cluster.worker import Worker
from babelite.encoding import unit_rows
from babelite.mining import Sentences, Work
from babelite.neighbors import (
    Clusters,
    ClusterSearch,
    ExactSearch,
    Neighbours,
    SearchKind,
    Vectors,
    merged,
)

# Candidates in a part. Exact search takes any size; the larger the parts in clusters, the less
# there is to compare, but a worker has to hold what it finds in one.
EXACT_ROWS_A_PART = 1 << 18
CLUSTERED_ROWS_A_PART = 1 << 22


@dataclass(frozen=True)
class Part:
    """Some of the candidates.

    Attributes:
        start: The row of the first.
        rows: Their vectors.
        clusters: Their partition, for search by clusters.
    """

    start: int
    rows: Shared[Vectors]
    clusters: Shared[Clusters] | None = None

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The k nearest in this part to each query of (n, dim), by their rows among all."""
        rows = self.rows.get()
        k = min(k, len(rows))
        if self.clusters is None:
            found = ExactSearch(rows).nearest(queries, k)
        else:
            found = ClusterSearch(rows, self.clusters.get(), threads=1).nearest(queries, k)
        return Neighbours(found.scores, found.indices + self.start)


@dataclass(frozen=True)
class MakeClusters:
    """The task of partitioning a part."""

    rows: Shared[Vectors]

    def run(self, worker: Worker, tell: Tell) -> Clusters:
        """See `babelite.cluster.pool.Task`."""
        return Clusters.of(self.rows.get())

    def __str__(self) -> str:
        return "making clusters"


@dataclass(frozen=True)
class FindNeighbours:
    """The task of searching all candidates for a block of queries."""

    queries: Shared[Vectors]
    parts: tuple[Part, ...]
    k: int

    def run(self, worker: Worker, tell: Tell) -> Neighbours:
        """See `babelite.cluster.pool.Task`."""
        queries = unit_rows(self.queries.get())
        best = self.parts[0].nearest(queries, self.k)
        for part in self.parts[1:]:
            best = merged([best, part.nearest(queries, self.k)], self.k)
        tell(len(queries))
        return best

    def __str__(self) -> str:
        return "searching for neighbours"


class PooledSteps:
    """The steps of mining, done by the workers of a pool; see `babelite.mining.Steps`.

    Args:
        pool: The workers.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def encode(
        self, sentences: Sentences, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """See `babelite.mining.Steps`."""
        yield from self._pool.in_order(
            EncodeTexts([sentences[row] for row in range(block.start, block.stop)], "float16")
            for block in blocks
        )

    def search(
        self,
        work: Work,
        name: str,
        queries: Vectors,
        candidates: Vectors,
        blocks: Sequence[slice],
        k: int,
        kind: SearchKind,
    ) -> Iterator[Neighbours]:
        """See `babelite.mining.Steps`."""
        share = self._pool.crew.share_rows
        size = EXACT_ROWS_A_PART if kind == "exact" else CLUSTERED_ROWS_A_PART
        starts = range(0, len(candidates), size)
        rows = [share(candidates, s, min(s + size, len(candidates))) for s in starts]
        if kind == "exact":
            parts = tuple(Part(start, shared) for start, shared in zip(starts, rows, strict=True))
        else:
            clusters = map(self._pool.crew.share, self._clusters(work, name, rows))
            parts = tuple(map(Part, starts, rows, clusters))
        yield from self._pool.in_order(
            FindNeighbours(share(queries, block.start, block.stop), parts, k) for block in blocks
        )

    def _clusters(
        self, work: Work, name: str, rows: Sequence[Shared[Vectors]]
    ) -> Iterator[Clusters]:
        """The clusters of each part, those that are not there yet being made."""
        # Where there is one part, its clusters are those of a search in one process.
        names = [f"{name}.clusters" + (f".{part}" if part else "") for part in range(len(rows))]
        if len(rows) > 1:
            names[0] += ".0"
        stored = {part: work.arrays(names[part]) for part in range(len(rows))}
        missing = [part for part, arrays in stored.items() if arrays is None]
        tasks = (MakeClusters(rows[part]) for part in missing)
        for number, clusters in self._pool.run(tasks):
            work.store_arrays(names[missing[number]], vars(clusters))
            stored[missing[number]] = vars(clusters)
        for part in range(len(rows)):
            yield Clusters(**(stored[part] or {}))
