"""The k nearest neighbours of many sentences among many: exact, or by clusters.

Both take the candidates from disk as they need them, so that memory holds one block. Clusters
follow FAISS's IVF index (a query is compared with the members of the clusters nearest to it), but
go through the clusters and not through the queries: all queries that look into a cluster are
compared with its members by one matrix product, which is many times as fast.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from babelite.machine import usable_cores
from babelite.neighbors.exact import Neighbours, merged, ranked
from babelite.neighbors.kmeans import kmeans_comparisons, spherical_kmeans

SearchKind = Literal["auto", "exact", "clusters"]
SEARCH_KINDS: tuple[SearchKind, ...] = get_args(SearchKind)

# Rows on disk are float16, or float32 in memory.
Vectors = NDArray[np.floating[Any]]

# Up to so many comparisons all are made: ten seconds on two cores.
EXACT_COMPARISONS = 2e9
_CANDIDATES_A_BLOCK = 1 << 16

_MEMBERS_A_CLUSTER = 250
# Clusters that a query looks into: at least so many, and this multiple of the root of their number.
# Measured by benchmarks/mining.py.
_PROBES = 32
_PROBES_OF_ROOT = 1.6


class Searcher(Protocol):
    """Finds the nearest candidates of blocks of queries."""

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The k candidates of highest cosine of each query, best first.

        Args:
            queries: Unit rows, shape (n, dim).
            k: How many; at most as many as there are candidates.

        Returns:
            Cosines and rows, both of shape (n, k).
        """
        ...


@dataclass(frozen=True)
class ExactSearch:
    """Compares every query with every candidate.

    Attributes:
        candidates: Unit rows, shape (m, dim).
    """

    candidates: Vectors

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """See `Searcher`."""
        import faiss

        best = _none(len(queries), 0)
        for start in range(0, len(self.candidates), _CANDIDATES_A_BLOCK):
            block = self.candidates[start : start + _CANDIDATES_A_BLOCK].astype(np.float32)
            scores, indices = faiss.knn(
                queries, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT
            )
            best = merged([best, Neighbours(scores, indices + start)], k)
        return best


@dataclass(frozen=True)
class Clusters:
    """A partition of candidates, by which their neighbourhoods are found.

    Attributes:
        centroids: float32 array of shape (clusters, dim).
        members: int32 array: the rows of the candidates, cluster after cluster.
        ends: int64 array of shape (clusters,): where each cluster ends in ``members``.
    """

    centroids: NDArray[np.float32]
    members: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, candidates: Vectors, seed: int = 0) -> Clusters:
        """Partition candidates by k-means, learnt from a sample of them.

        Args:
            candidates: Unit rows, shape (m, dim).
            seed: Of the sample and of k-means.

        Returns:
            About one cluster for every 250 rows; the same rows give the same clusters.
        """
        count = max(1, len(candidates) // _MEMBERS_A_CLUSTER)
        centroids, own = spherical_kmeans(candidates, count, seed)
        ends = np.cumsum(np.bincount(own, minlength=count)).astype(np.int64)
        return cls(centroids, np.argsort(own, kind="stable").astype(np.int32), ends)


@dataclass(frozen=True)
class ClusterSearch:
    """Compares every query with the members of the clusters that are nearest to it.

    Attributes:
        candidates: Unit rows, shape (m, dim).
        clusters: Their partition.
        probes: How many clusters a query looks into; by their number if not given.
        threads: How many clusters are worked on at the same time.
    """

    candidates: Vectors
    clusters: Clusters
    probes: int | None = None
    threads: int = 1

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """See `Searcher`; a few of the neighbours may be missed, and others stand for them."""
        import faiss

        count = len(self.clusters.centroids)
        probes = min(count, self.probes or _probes(count))
        _, lists = faiss.knn(
            queries, self.clusters.centroids, probes, metric=faiss.METRIC_INNER_PRODUCT
        )
        # Every query has a place for the k best of each of its clusters.
        found = _none(len(queries) * probes, k)
        order = np.argsort(lists.ravel(), kind="stable")
        stops = np.cumsum(np.bincount(lists.ravel(), minlength=len(self.clusters.ends)))

        def look(cluster: int) -> None:
            end = self.clusters.ends[cluster]
            start = self.clusters.ends[cluster - 1] if cluster else 0
            places = order[stops[cluster - 1] if cluster else 0 : stops[cluster]]
            if start == end or not len(places):
                return
            rows = self.clusters.members[start:end]
            members = self.candidates[rows].astype(np.float32)
            size = min(k, len(rows))
            scores, indices = faiss.knn(
                queries[places // probes], members, size, metric=faiss.METRIC_INNER_PRODUCT
            )
            found.scores[places, :size], found.indices[places, :size] = scores, rows[indices]

        # The clusters are many and small: one thread each is faster than many threads for one.
        with ThreadPoolExecutor(
            self.threads, initializer=faiss.omp_set_num_threads, initargs=(1,)
        ) as pool:
            for _ in pool.map(look, range(len(self.clusters.ends))):
                pass  # asked for, so that an error in a thread is raised here
        best = _best(
            found.scores.reshape(len(queries), -1), found.indices.reshape(len(queries), -1), k
        )
        short = np.flatnonzero(best.indices[:, -1] < 0)
        if len(short):  # its clusters hold less than k sentences
            exact = ExactSearch(self.candidates).nearest(queries[short], k)
            best.scores[short], best.indices[short] = exact
        return best


def probed_comparisons(rows: int) -> int:
    """About how many comparisons `ClusterSearch` makes for a query among some candidates.

    Example:
        >>> probed_comparisons(1_000_000)
        29250
    """
    count = max(1, rows // _MEMBERS_A_CLUSTER)
    return count + _probes(count) * min(rows, _MEMBERS_A_CLUSTER)


def clustering_comparisons(rows: int) -> int:
    """About how many comparisons `Clusters.of` makes for some candidates.

    Example:
        >>> clustering_comparisons(1_000_000)
        10400000000
    """
    count = max(1, rows // _MEMBERS_A_CLUSTER)
    return kmeans_comparisons(rows, count)


def _probes(clusters: int) -> int:
    return min(clusters, max(_PROBES, round(_PROBES_OF_ROOT * math.sqrt(clusters))))


def chosen_search(kind: SearchKind, queries: int, candidates: int) -> SearchKind:
    """What ``auto`` stands for: exact search up to two thousand million comparisons.

    Example:
        >>> chosen_search("auto", 10_000, 10_000), chosen_search("auto", 10**6, 10**6)
        ('exact', 'clusters')
    """
    if kind != "auto":
        return kind
    return "exact" if queries * candidates <= EXACT_COMPARISONS else "clusters"


def usable_threads() -> int:
    """The number of CPUs this process may use, at most what OMP_NUM_THREADS says."""
    import faiss

    return max(1, min(usable_cores(), faiss.omp_get_max_threads()))


def _none(rows: int, k: int) -> Neighbours:
    return Neighbours(
        np.full((rows, k), -np.inf, dtype=np.float32), np.full((rows, k), -1, dtype=np.int64)
    )


def _best(scores: NDArray[np.float32], indices: NDArray[np.int64], k: int) -> Neighbours:
    """The k best of each row, best first; of those that equal the last, any."""
    k = min(k, scores.shape[1])
    if k < scores.shape[1]:
        part = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        scores, indices = np.take_along_axis(scores, part, 1), np.take_along_axis(indices, part, 1)
    return ranked(scores, indices)
