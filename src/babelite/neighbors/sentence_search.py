"""Semantic search in a list of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.neighbors.exact_search import nearest

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder


class SearchHit(NamedTuple):
    """A sentence that was found.

    Attributes:
        cosine: Its cosine with the query, -1 to 1.
        row: Its position among the sentences, from 0.
        text: The sentence.
    """

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
    queries: Sequence[str],
    sentences: Sequence[str],
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
        One result per query, in order.

    Raises:
        BabeliteError: There are no sentences.
    """
    if vectors is None:
        vectors = encoder.encode(sentences)
    cosines, indices = nearest(encoder.encode(queries), vectors, k)
    return [
        SearchResult(
            query,
            tuple(
                SearchHit(float(cosine), int(index), sentences[index])
                for cosine, index in zip(cosines[row], indices[row], strict=True)
            ),
        )
        for row, query in enumerate(queries)
    ]
