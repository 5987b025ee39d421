"""`semantic_search` gives what sentence-transformers gives."""

from __future__ import annotations

import numpy as np
import pytest

from babelite.neighbors import nearest, semantic_search


def test_hits_are_the_nearest_vectors() -> None:
    rng = np.random.default_rng(0)
    queries, corpus = rng.normal(size=(3, 8)), rng.normal(size=(20, 8))
    hits = semantic_search(queries, corpus, top_k=4)
    found = nearest(queries, corpus, 4)
    assert [[hit["corpus_id"] for hit in row] for row in hits] == found.indices.tolist()
    assert [[hit["score"] for hit in row] for row in hits] == found.scores.tolist()
    assert [len(row) for row in semantic_search(queries, corpus[:2])] == [2, 2, 2]


def test_it_equals_sentence_transformers() -> None:
    util = pytest.importorskip("sentence_transformers.util")
    rng = np.random.default_rng(1)
    queries = rng.normal(size=(3, 8)).astype(np.float32)
    corpus = rng.normal(size=(20, 8)).astype(np.float32)
    for ours, theirs in zip(
        semantic_search(queries, corpus), util.semantic_search(queries, corpus), strict=True
    ):
        assert [hit["corpus_id"] for hit in ours] == [hit["corpus_id"] for hit in theirs]
        np.testing.assert_allclose(
            [hit["score"] for hit in ours], [hit["score"] for hit in theirs], atol=1e-6
        )
