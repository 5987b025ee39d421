"""Nearest neighbours of sentence vectors: exact or approximate search, cosines and margins."""

from babelite.neighbors.cluster_search import (
    SEARCH_KINDS,
    Clusters,
    ClusterSearch,
    SearchKind,
    choose_search_kind,
    clustering_comparisons,
    probed_comparisons,
    search_threads,
)
from babelite.neighbors.exact_search import ExactSearch, StoredVectors, nearest, nearest_in_blocks
from babelite.neighbors.faiss_threads import load_faiss
from babelite.neighbors.int8_products import int8_products
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
    Searcher,
    clearly_above,
    merge_neighbours,
    query_blocks,
)
from babelite.neighbors.semantic_search import SemanticHit, semantic_search
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
    "SemanticHit",
    "StoredVectors",
    "choose_search_kind",
    "clearly_above",
    "clustering_comparisons",
    "int8_products",
    "load_faiss",
    "margin_scores",
    "margin_search",
    "merge_neighbours",
    "nearest",
    "nearest_in_blocks",
    "probed_comparisons",
    "query_blocks",
    "search_sentences",
    "search_threads",
    "semantic_search",
    "spherical_kmeans",
]
