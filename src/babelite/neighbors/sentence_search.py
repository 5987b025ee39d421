"""Semantic search in a list of sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import list_texts
from babelite.neighbors.exact_search import nearest

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder


class SearchHit(NamedTuple):
    """A sentence that was found: its cosine with the query, its row (from 0) and its text."""

    cosine: float
    row: int
    text: str


@dataclass(frozen=True)
class SearchResult:
    """A query and the sentences found for it, best first."""

    query: str
    hits: tuple[SearchHit, ...]


def search_sentences(
    encoder: SentenceEncoder,
    queries: Iterable[str],
    sentences: Iterable[str],
    k: int = 5,
    *,
    vectors: NDArray[np.float32] | None = None,
) -> list[SearchResult]:
    """Find the sentences that are nearest in meaning to each query.

    Args:
        encoder: The encoder.
        queries: The queries, in any language of the encoder.
        sentences: The sentences to search, at least one.
        k: The number of sentences to find per query.
        vectors: The vectors of ``sentences``, shape (len(sentences), dim), if known.

    Returns:
        The hits of each query; none for a query whose vector is zero, such as a blank one. A
        sentence whose vector is zero is no hit.
    """
    asked, texts = list_texts(queries), list_texts(sentences)
    if vectors is None:
        vectors = encoder.encode(texts)
    query_vectors = encoder.encode(asked)
    readable = np.flatnonzero(np.any(vectors, axis=1))
    if not len(readable):
        return [SearchResult(query, ()) for query in asked]
    cosines_of, rows_of = nearest(query_vectors, np.asarray(vectors)[readable], k)
    results = []
    for query, vector, cosines, rows in zip(
        asked, query_vectors, cosines_of, readable[rows_of], strict=True
    ):
        near = zip(cosines.tolist(), rows.tolist(), strict=True) if vector.any() else ()
        hits = tuple(SearchHit(cosine, row, texts[row]) for cosine, row in near)
        results.append(SearchResult(query, hits))
    return results
