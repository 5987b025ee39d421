"""Approximate search by clusters: a query is compared with the members of its nearest clusters.

The clusters are those of FAISS's IVF index, but the loop runs over clusters, not queries: one
matrix product compares all queries that probe a cluster with its members, which is many times as
fast. Candidates are read from disk when they are needed.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from babelite.neighbors.exact_search import ExactSearch, StoredVectors, knn
from babelite.neighbors.faiss_threads import load_faiss
from babelite.neighbors.kmeans import kmeans_comparisons, spherical_kmeans
from babelite.neighbors.ranking import Neighbours, no_neighbours, rank

SearchKind = Literal["auto", "exact", "clusters"]
SEARCH_KINDS: tuple[SearchKind, ...] = get_args(SearchKind)

# ``auto`` is exact up to this number of comparisons: ten seconds on two cores.
_EXACT_COMPARISONS = 2e9
_MEMBERS_PER_CLUSTER = 250
# Clusters that a query probes: at least this number, and at least this multiple of the square root
# of the number of clusters. Measured by benchmarks/mining.py.
_MIN_PROBES = 32
_PROBES_PER_ROOT = 1.6


@dataclass(frozen=True)
class Clusters:
    """A partition of candidates into clusters.

    Attributes:
        centroids: float32 array of shape (clusters, dim).
        members: int32 array: the rows of the candidates, cluster after cluster.
        ends: int64 array of shape (clusters,): the end of each cluster in ``members``.
    """

    centroids: NDArray[np.float32]
    members: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, candidates: StoredVectors, seed: int = 0) -> Clusters:
        """Partition unit rows, shape (m, dim), by k-means into clusters of about 250."""
        count = max(1, len(candidates) // _MEMBERS_PER_CLUSTER)
        centroids, own = spherical_kmeans(candidates, count, seed)
        ends = np.cumsum(np.bincount(own, minlength=count)).astype(np.int64)
        return cls(centroids, np.argsort(own, kind="stable").astype(np.int32), ends)


@dataclass(frozen=True)
class ClusterSearch:
    """Approximate search by clusters; see `babelite.neighbors.Searcher`.

    Attributes:
        candidates: Unit rows, shape (m, dim).
        clusters: Their partition.
        probes: The clusters that a query probes; by default derived from their number.
        threads: The number of clusters that are searched in parallel.
    """

    candidates: StoredVectors
    clusters: Clusters
    probes: int | None = None
    threads: int = 1

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """See `babelite.neighbors.Searcher`; a few of the nearest may be missed."""
        faiss = load_faiss()
        count = len(self.clusters.centroids)
        probes = min(count, self.probes or _probes(count))
        probed = knn(queries, self.clusters.centroids, probes).indices.ravel()
        # Row q * probes + p: the k best for query q in the p-th cluster that it probes.
        found = no_neighbours(len(probed), k)
        stops = np.cumsum(np.bincount(probed, minlength=count))
        places = np.split(np.argsort(probed, kind="stable"), stops[:-1])
        members = np.split(self.clusters.members, self.clusters.ends[:-1])

        def search(places: NDArray[np.int64], rows: NDArray[np.int32]) -> None:
            """Compare the queries at some places of ``found`` with the members of one cluster."""
            if len(places) and len(rows):
                vectors, size = self.candidates[rows].astype(np.float32), min(k, len(rows))
                scores, indices = knn(queries[places // probes], vectors, size)
                found.scores[places, :size], found.indices[places, :size] = scores, rows[indices]

        # The clusters are many and small: one thread each is faster than many threads for one.
        set_threads = faiss.omp_set_num_threads
        with ThreadPoolExecutor(self.threads, initializer=set_threads, initargs=(1,)) as pool:
            list(pool.map(search, places, members))  # raises an error of a thread
        shape = len(queries), probes * k
        best = _best(found.scores.reshape(shape), found.indices.reshape(shape), k)
        short = np.flatnonzero(best.indices[:, -1] < 0)
        if len(short):  # the probed clusters have fewer than k members
            exact = ExactSearch(self.candidates).nearest(queries[short], k)
            best.scores[short], best.indices[short] = exact
        return best


def choose_search_kind(kind: SearchKind, queries: int, candidates: int) -> SearchKind:
    """Replace ``auto``: exact search up to two billion comparisons, else search by clusters.

    Example:
        >>> choose_search_kind("auto", 10_000, 10_000), choose_search_kind("auto", 10**6, 10**6)
        ('exact', 'clusters')
    """
    if kind != "auto":
        return kind
    return "exact" if queries * candidates <= _EXACT_COMPARISONS else "clusters"


def probed_comparisons(rows: int) -> int:
    """The approximate number of comparisons of `ClusterSearch` per query.

    Example:
        >>> probed_comparisons(1_000_000)
        29250
    """
    count = max(1, rows // _MEMBERS_PER_CLUSTER)
    return count + _probes(count) * min(rows, _MEMBERS_PER_CLUSTER)


def clustering_comparisons(rows: int) -> int:
    """The approximate number of comparisons of `Clusters.of`.

    Example:
        >>> clustering_comparisons(1_000_000)
        10400000000
    """
    return kmeans_comparisons(rows, max(1, rows // _MEMBERS_PER_CLUSTER))


def search_threads() -> int:
    """The number of CPUs this process may use, at most OMP_NUM_THREADS."""
    return int(load_faiss().omp_get_max_threads())


def _probes(clusters: int) -> int:
    return min(clusters, max(_MIN_PROBES, round(_PROBES_PER_ROOT * math.sqrt(clusters))))


def _best(scores: NDArray[np.float32], indices: NDArray[np.int64], k: int) -> Neighbours:
    """The k best of each row, (queries, k); which of those tied with the last is arbitrary."""
    if k < scores.shape[1]:
        part = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        scores, indices = np.take_along_axis(scores, part, 1), np.take_along_axis(indices, part, 1)
    return rank(scores, indices)
