"""PoolBackend: distributed mining, with blocks of candidates and of queries as tasks.

Results are stored in the work folder as in mining on one machine, so a run can be resumed with or
without workers. Candidates are divided into blocks; a task searches all of them, one after the
other, for a block of queries, and merges the neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.encode_files import encode_task
from babelite.cluster.pool import Reference, ReportLines, Task, WorkerPool
from babelite.cluster.worker import Worker
from babelite.encoding import unit_rows
from babelite.mining import NeighbourSearch, SentenceStore, WorkFolder
from babelite.neighbors import (
    Clusters,
    ClusterSearch,
    ExactSearch,
    Neighbours,
    StoredVectors,
    merge_neighbours,
)

# Rows in a block of candidates. Exact search works with any size. Larger blocks need fewer
# comparisons with clusters, but the neighbours of one must fit into the memory of a worker.
EXACT_ROWS_PER_BLOCK = 1 << 18
CLUSTERED_ROWS_PER_BLOCK = 1 << 22


@dataclass(frozen=True)
class CandidateBlock:
    """A block of candidates: its first row, the vectors, and the clusters of `ClusterSearch`."""

    start: int
    rows: Reference[StoredVectors]
    clusters: Reference[Clusters] | None = None

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The k nearest of this block to each query (n, dim), by row among all candidates."""
        rows = self.rows.get()
        k = min(k, len(rows))
        if self.clusters is None:
            found = ExactSearch(rows).nearest(queries, k)
        else:
            found = ClusterSearch(rows, self.clusters.get(), threads=1).nearest(queries, k)
        return Neighbours(found.scores, found.indices + self.start)


class PoolBackend:
    """A `babelite.mining.MiningBackend` that uses the workers of a pool.

    Args:
        pool: The workers, from `open_pool`, with the encoder given to `babelite.mine`.
    """

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def encode(
        self, sentences: SentenceStore, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """See `babelite.mining.MiningBackend`."""
        yield from self._pool.in_order(
            encode_task([sentences[row] for row in range(block.start, block.stop)], "float16")
            for block in blocks
        )

    def search(
        self, work: WorkFolder, search: NeighbourSearch, blocks: Sequence[slice]
    ) -> Iterator[Neighbours]:
        """See `babelite.mining.MiningBackend`."""
        put_rows, count = self._pool.backend.put_rows, len(search.candidates)
        size = EXACT_ROWS_PER_BLOCK if search.kind == "exact" else CLUSTERED_ROWS_PER_BLOCK
        starts = range(0, count, size)
        rows = [put_rows(search.candidates, start, min(start + size, count)) for start in starts]
        if search.kind == "exact":
            candidates = tuple(map(CandidateBlock, starts, rows))
        else:
            clusters = map(self._pool.backend.put, self._clusters(work, search.name, rows))
            candidates = tuple(map(CandidateBlock, starts, rows, clusters))
        yield from self._pool.in_order(
            Task(
                "the search for neighbours",
                find_neighbours,
                (put_rows(search.queries, block.start, block.stop), candidates, search.k),
            )
            for block in blocks
        )

    def _clusters(
        self, work: WorkFolder, name: str, rows: Sequence[Reference[StoredVectors]]
    ) -> Iterator[Clusters]:
        """The clusters of each block of candidates, read from the work folder or computed."""
        # A single block has the clusters of a search in one process, under the same name.
        names = [f"{name}.clusters" + (f".{block}" if block else "") for block in range(len(rows))]
        if len(rows) > 1:
            names[0] += ".0"
        stored = {block: work.arrays(names[block]) for block in range(len(rows))}
        missing = [block for block, arrays in stored.items() if arrays is None]
        tasks = (Task("clustering", _make_clusters, (rows[block],)) for block in missing)
        for number, clusters in self._pool.run(tasks):
            work.store_arrays(names[missing[number]], vars(clusters))
            stored[missing[number]] = vars(clusters)
        for block in range(len(rows)):
            yield Clusters(**(stored[block] or {}))


def _make_clusters(worker: Worker, report: ReportLines, rows: Reference[StoredVectors]) -> Clusters:
    return Clusters.of(rows.get())


def find_neighbours(
    worker: Worker,
    report: ReportLines,
    queries: Reference[StoredVectors],
    blocks: tuple[CandidateBlock, ...],
    k: int,
) -> Neighbours:
    """Search all candidates for a block of queries."""
    rows = unit_rows(queries.get())
    best = blocks[0].nearest(rows, k)
    for block in blocks[1:]:
        best = merge_neighbours([best, block.nearest(rows, k)], k)
    report(len(rows))
    return best
