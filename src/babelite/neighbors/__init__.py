"""Nearest neighbours of sentence vectors: exact or approximate, by cosine or margin."""

from babelite.neighbors.clustered import (
    SEARCH_KINDS,
    Clusters,
    ClusterSearch,
    ExactSearch,
    Searcher,
    SearchKind,
    Vectors,
    chosen_search,
    clustering_comparisons,
    probed_comparisons,
    usable_threads,
)
from babelite.neighbors.exact import (
    TIE,
    Neighbours,
    SearchResult,
    margin_search,
    merged,
    nearest,
    nearest_in_blocks,
    query_blocks,
    search,
)
from babelite.neighbors.kmeans import spherical_kmeans

__all__ = [
    "SEARCH_KINDS",
    "TIE",
    "ClusterSearch",
    "Clusters",
    "ExactSearch",
    "Neighbours",
    "SearchKind",
    "SearchResult",
    "Searcher",
    "Vectors",
    "chosen_search",
    "clustering_comparisons",
    "margin_search",
    "merged",
    "nearest",
    "nearest_in_blocks",
    "probed_comparisons",
    "query_blocks",
    "search",
    "spherical_kmeans",
    "usable_threads",
]
