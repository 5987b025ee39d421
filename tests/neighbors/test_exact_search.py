from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.neighbors import (
    ExactSearch,
    exact_search,
    margin_search,
    nearest,
    ranking,
    search_sentences,
)
from babelite.neighbors.ranking import TIE


def unit(rng: np.random.Generator, count: int, dim: int) -> NDArray[np.float32]:
    rows = rng.standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def slow_nearest(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], k: int
) -> list[list[int]]:
    """Sort all cosines of every query, in float64; rounding noise counts as a tie."""
    cosines = queries.astype(np.float64) @ candidates.astype(np.float64).T
    return [
        sorted(range(len(row)), key=lambda i: (-round(row[i], 9), i))[:k]
        for row in cosines.tolist()
    ]


@given(
    seed=st.integers(0, 10_000),
    queries=st.integers(1, 40),
    candidates=st.integers(1, 60),
    dim=st.sampled_from([1, 3, 16, 64]),
    k=st.integers(1, 70),
)
def test_exact_search_equals_sorting_all_cosines(
    seed: int, queries: int, candidates: int, dim: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    q, c = unit(rng, queries, dim), unit(rng, candidates, dim)
    # Some candidates are the same as others.
    c = c[rng.integers(0, candidates, candidates)]
    scores, indices = nearest(q, c, k)
    assert scores.shape == indices.shape == (queries, min(k, candidates))
    wanted = np.array(slow_nearest(q, c, k))
    exact = np.einsum("qd,qkd->qk", q.astype(np.float64), c[wanted].astype(np.float64))
    np.testing.assert_allclose(scores, exact, atol=TIE)
    if dim > 1:  # In one dimension all cosines are 1 or -1 up to noise.
        np.testing.assert_array_equal(indices, wanted)


@pytest.mark.parametrize("queries", [3, 50])
def test_equal_candidates_come_in_the_order_of_their_rows(queries: int) -> None:
    # FAISS takes another path, with other rounding, for 20 queries and more.
    rng = np.random.default_rng(0)
    c = np.tile(unit(rng, 10, 96), (30, 1))
    _, indices = nearest(c[:queries], c, k=7)
    for query in range(queries):
        assert indices[query].tolist() == [query % 10 + 10 * i for i in range(7)]


def test_more_queries_than_a_block() -> None:
    rng = np.random.default_rng(1)
    q, c = unit(rng, 2500, 8), unit(rng, 31, 8)
    np.testing.assert_array_equal(nearest(q, c, 1).indices[:, 0], (q @ c.T).argmax(1))


def test_zero_vectors_have_cosine_zero() -> None:
    scores, indices = nearest(np.zeros((2, 4)), np.vstack([np.zeros((1, 4)), np.eye(4)]), k=3)
    assert scores.tolist() == [[0, 0, 0]] * 2
    assert indices.tolist() == [[0, 1, 2]] * 2
    margins, _ = margin_search(np.zeros((2, 4)), np.zeros((3, 4)))
    assert np.isfinite(margins).all()


def test_results_do_not_depend_on_the_length_of_vectors() -> None:
    rng = np.random.default_rng(2)
    q, c = unit(rng, 20, 8), unit(rng, 20, 8)
    lengths = rng.uniform(0.1, 9, (20, 1))
    np.testing.assert_array_equal(nearest(q, c, 3).indices, nearest(q * 7, c * lengths, 3).indices)


def test_zero_queries_give_empty_results() -> None:
    assert nearest(np.zeros((0, 4)), np.eye(4), k=2).indices.shape == (0, 2)
    assert margin_search(np.zeros((0, 4)), np.eye(4), k=2).indices.shape == (0, 2)


def test_arrays_that_cannot_be_searched_are_refused() -> None:
    with pytest.raises(BabeliteError) as caught:
        nearest(np.eye(3), np.zeros((0, 3)), k=1)
    assert caught.value.code == "input-empty"
    with pytest.raises(BabeliteError, match="3 components and candidates 4") as caught:
        nearest(np.eye(3), np.eye(4), k=1)
    assert caught.value.code == "dimension-mismatch"
    with pytest.raises(ValueError, match="at least 1"):
        nearest(np.eye(3), np.eye(3), k=0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("queries", "candidates", "k"), [(1, 1, 4), (20, 25, 4), (25, 3, 5)])
def test_margin_search_equals_the_definition(
    seed: int, queries: int, candidates: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    # Cosines of vectors without negative components are positive, as the ratio wants them.
    q, c = np.abs(unit(rng, queries, 12)), np.abs(unit(rng, candidates, 12))
    cosines = q.astype(np.float64) @ c.astype(np.float64).T
    margins, indices = margin_search(q, c, k)
    for x in range(queries):
        near = np.argsort(-cosines[x])[:k]
        expected = {}
        for y in near:
            of_x = np.sort(cosines[x])[::-1][:k].mean()
            of_y = np.sort(cosines[:, y])[::-1][:k].mean()
            expected[y] = cosines[x, y] / ((of_x + of_y) / 2)
        assert set(indices[x]) == set(expected)
        np.testing.assert_allclose(margins[x], [expected[y] for y in indices[x]], rtol=1e-4)
        assert (np.diff(margins[x]) <= 0).all()


class Lengths:
    """Sentences of equal length are near."""

    dim = 2

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        angles = np.array([len(sentence) / 10 for sentence in sentences])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_search_sentences_returns_the_nearest() -> None:
    [short, long] = search_sentences(Lengths(), ["ab", "abcdef"], ["a", "bcdefg", "xy"], k=2)
    assert [hit.text for hit in short.hits] == ["xy", "a"]
    assert short.hits[0].cosine == pytest.approx(1.0)
    assert (long.query, long.hits[0].row, long.hits[0].text) == ("abcdef", 1, "bcdefg")


def test_ranking_in_blocks_gives_the_same_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 8))
    whole = nearest(vectors[:40], vectors, 50)
    monkeypatch.setattr(ranking, "_COMPONENTS_PER_BLOCK", 1_000)
    parts = nearest(vectors[:40], vectors, 50)
    np.testing.assert_array_equal(parts.indices, whole.indices)
    np.testing.assert_array_equal(parts.scores, whole.scores)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(5, 60))
def test_exact_search_on_disk_equals_search_in_memory(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    queries, candidates = unit(rng, n, 8), unit(rng, m, 8)
    before = exact_search._CANDIDATES_PER_BLOCK
    exact_search._CANDIDATES_PER_BLOCK = 7
    try:
        found = ExactSearch(candidates).nearest(queries, 5)
    finally:
        exact_search._CANDIDATES_PER_BLOCK = before
    expected = nearest(queries, candidates, 5)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


def test_margins_of_tiny_texts_have_a_lower_bound_of_the_divisor() -> None:
    margins, _ = margin_search([[1.0, 0.01]], [[0.0, 1.0]], k=1)
    assert margins[0, 0] == pytest.approx(0.01 / 0.1, rel=1e-2)
