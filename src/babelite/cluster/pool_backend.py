"""PoolBackend: distributed mining, with blocks of queries as tasks.

Candidates are divided into blocks; a task searches them one after the other and merges the
neighbours. Results are stored in the work folder as in mining on one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.encode_files import encode_blocks
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
    """A `babelite.mining.MiningBackend` that uses the workers of a pool (see `open_pool`)."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def encode(
        self, sentences: SentenceStore, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """See `babelite.mining.MiningBackend`."""
        texts = ([sentences[row] for row in range(block.start, block.stop)] for block in blocks)
        yield from encode_blocks(self._pool, texts, "float16")

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
        arguments = (
            (put_rows(search.queries, block.start, block.stop), candidates, search.k)
            for block in blocks
        )
        description = "the search for neighbours"
        yield from self._pool.in_order(Task(description, find_neighbours, a) for a in arguments)

    def _clusters(
        self, work: WorkFolder, name: str, rows: Sequence[Reference[StoredVectors]]
    ) -> list[Clusters]:
        """The clusters of each block of candidates, read from the work folder or computed."""
        # A single block has the clusters of a search in one process, under the same name.
        names = [f"{name}.clusters.{block}" for block in range(len(rows))]
        if len(rows) == 1:
            names = [f"{name}.clusters"]
        stored = [work.arrays(name) for name in names]
        missing = [block for block, arrays in enumerate(stored) if arrays is None]
        tasks = (Task("clustering", _make_clusters, (rows[block],)) for block in missing)
        for number, clusters in self._pool.run(tasks):
            block = missing[number]
            stored[block] = vars(clusters)
            work.store_arrays(names[block], vars(clusters))
        return [Clusters(**(arrays or {})) for arrays in stored]


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
