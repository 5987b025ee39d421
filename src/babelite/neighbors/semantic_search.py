"""`semantic_search`: nearest vectors, in the form of sentence-transformers."""

from __future__ import annotations

from typing import TypedDict

from numpy.typing import ArrayLike

from babelite.neighbors.exact_search import nearest


class SemanticHit(TypedDict):
    """A vector that was found: its row in the corpus, from 0, and its cosine with the query."""

    corpus_id: int
    score: float


def semantic_search(
    query_embeddings: ArrayLike, corpus_embeddings: ArrayLike, top_k: int = 10
) -> list[list[SemanticHit]]:
    """Find the vectors of highest cosine for each query, as ``util.semantic_search`` does.

    `nearest` returns the same as arrays.

    Args:
        query_embeddings: Array of shape (n, dim).
        corpus_embeddings: Array of shape (m, dim), m ≥ 1.
        top_k: The number of hits per query; all m if there are fewer.

    Returns:
        The hits of each query, best first.

    Raises:
        BabeliteError: The corpus is empty, or the numbers of components differ.

    Example:
        >>> semantic_search([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]], top_k=1)
        [[{'corpus_id': 1, 'score': 1.0}]]
    """
    found = nearest(query_embeddings, corpus_embeddings, top_k)
    return [
        [SemanticHit(corpus_id=i, score=score) for i, score in zip(rows, scores, strict=True)]
        for rows, scores in zip(found.indices.tolist(), found.scores.tolist(), strict=True)
    ]
