"""Backends of mining: how blocks of sentences are encoded and how neighbours are searched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, unit_rows
from babelite.mining.work_folder import SentenceStore, WorkFolder
from babelite.neighbors import (
    Clusters,
    ClusterSearch,
    ExactSearch,
    Neighbours,
    Searcher,
    SearchKind,
    StoredVectors,
    search_threads,
)

# Called with the step, the number of rows done and their total.
ProgressCallback = Callable[[str, int, int], None]


class NeighbourSearch(NamedTuple):
    """A search for the nearest neighbours of all rows of one side among the rows of the other."""

    name: str  # the direction, forward or backward
    queries: StoredVectors  # unit rows
    candidates: StoredVectors  # unit rows, at least k
    k: int
    kind: SearchKind


class MiningBackend(Protocol):
    """Runs the two expensive steps of mining, block by block and in order."""

    def encode(
        self, sentences: SentenceStore, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """Yield the unit vectors of blocks of sentences, each of shape (rows, dim)."""
        ...

    def search(
        self, work: WorkFolder, search: NeighbourSearch, blocks: Sequence[slice]
    ) -> Iterator[Neighbours]:
        """Yield the neighbours of blocks of queries; clusters are stored in the work folder."""
        ...


@dataclass(frozen=True)
class LocalBackend:
    """Mining with all cores of this process."""

    encoder: SentenceEncoder

    def encode(
        self, sentences: SentenceStore, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """See `MiningBackend`."""
        for block in blocks:
            texts = [sentences[row] for row in range(block.start, block.stop)]
            yield unit_rows(self.encoder.encode(texts))

    def search(
        self, work: WorkFolder, search: NeighbourSearch, blocks: Sequence[slice]
    ) -> Iterator[Neighbours]:
        """See `MiningBackend`."""
        searcher = _searcher(work, search)
        for block in blocks:
            yield searcher.nearest(unit_rows(search.queries[block]), search.k)


def _searcher(work: WorkFolder, search: NeighbourSearch) -> Searcher:
    if search.kind == "exact":
        return ExactSearch(search.candidates)
    name = f"{search.name}.clusters"
    stored = work.arrays(name)
    clusters = Clusters(**stored) if stored else Clusters.of(search.candidates)
    if not stored:
        work.store_arrays(name, vars(clusters))
    return ClusterSearch(search.candidates, clusters, threads=search_threads())
