"""Nearest neighbours of sentence vectors: exact or approximate search, cosines and margins."""

from typing import TYPE_CHECKING

from babelite._lazy import lazy_exports

if TYPE_CHECKING:
    from babelite.neighbors.cluster_search import (
        Clusters,
        ClusterSearch,
        clustering_comparisons,
        probed_comparisons,
        search_threads,
    )
    from babelite.neighbors.exact_search import (
        ExactSearch,
        StoredVectors,
        nearest,
        nearest_in_blocks,
    )
    from babelite.neighbors.kmeans import spherical_kmeans
    from babelite.neighbors.margin import (
        MARGINS,
        MIN_NEIGHBOURHOOD_MEAN,
        Margin,
        margin_scores,
        margin_search,
    )
    from babelite.neighbors.ranking import (
        Neighbours,
        clearly_above,
        merge_neighbours,
        query_blocks,
    )
    from babelite.neighbors.search_kind import (
        SEARCH_KINDS,
        Searcher,
        SearchKind,
        choose_search_kind,
    )
    from babelite.neighbors.sentence_search import SearchHit, SearchResult, search_sentences

__all__ = [
    "MARGINS",
    "MIN_NEIGHBOURHOOD_MEAN",
    "SEARCH_KINDS",
    "ClusterSearch",
    "Clusters",
    "ExactSearch",
    "Margin",
    "Neighbours",
    "SearchHit",
    "SearchKind",
    "SearchResult",
    "Searcher",
    "StoredVectors",
    "choose_search_kind",
    "clearly_above",
    "clustering_comparisons",
    "margin_scores",
    "margin_search",
    "merge_neighbours",
    "nearest",
    "nearest_in_blocks",
    "probed_comparisons",
    "query_blocks",
    "search_sentences",
    "search_threads",
    "spherical_kmeans",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "cluster_search": "Clusters ClusterSearch clustering_comparisons probed_comparisons "
        "search_threads",
        "exact_search": "ExactSearch StoredVectors nearest nearest_in_blocks",
        "kmeans": "spherical_kmeans",
        "margin": "MARGINS MIN_NEIGHBOURHOOD_MEAN Margin margin_scores margin_search",
        "ranking": "Neighbours clearly_above merge_neighbours query_blocks",
        "search_kind": "SEARCH_KINDS Searcher SearchKind choose_search_kind",
        "sentence_search": "SearchHit SearchResult search_sentences",
    },
)
