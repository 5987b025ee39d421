import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from babelite.neighbors import clustered as search
from babelite.neighbors.clustered import Clusters, ClusterSearch, ExactSearch


def unit(rng: np.random.Generator, rows: int, dim: int = 8) -> np.ndarray:
    vectors = rng.normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(5, 60))
def test_exact_search_in_blocks_is_the_whole_matrix(seed, n, m):  # noqa: ANN001, ANN201
    rng = np.random.default_rng(seed)
    queries, candidates = unit(rng, n), unit(rng, m)
    before = search._CANDIDATES_A_BLOCK
    search._CANDIDATES_A_BLOCK = 7
    try:
        found = ExactSearch(candidates).nearest(queries, 5)
    finally:
        search._CANDIDATES_A_BLOCK = before
    similarity = queries @ candidates.T
    np.testing.assert_allclose(found.scores, -np.sort(-similarity, 1)[:, :5], atol=1e-5)
    np.testing.assert_allclose(
        np.take_along_axis(similarity, found.indices, 1), found.scores, atol=1e-5
    )


def test_clusters_hold_every_row_once_and_are_repeatable() -> None:
    vectors = unit(np.random.default_rng(0), 3000).astype(np.float16)
    clusters = Clusters.of(vectors)
    assert sorted(clusters.members.tolist()) == list(range(3000))
    assert clusters.ends[-1] == 3000
    np.testing.assert_array_equal(clusters.members, Clusters.of(vectors).members)


def test_looking_into_all_clusters_is_exact() -> None:
    rng = np.random.default_rng(1)
    queries, candidates = unit(rng, 500), unit(rng, 4000)
    clusters = Clusters.of(candidates)
    found = ClusterSearch(candidates, clusters, probes=len(clusters.ends), threads=2).nearest(
        queries, 4
    )
    exact = ExactSearch(candidates).nearest(queries, 4)
    np.testing.assert_array_equal(found.indices, exact.indices)


def test_near_copies_are_found_by_looking_into_few_clusters() -> None:
    rng = np.random.default_rng(2)
    candidates = unit(rng, 5000, 32)
    noise = 0.1 * unit(rng, 5000, 32)
    found = ClusterSearch(candidates, Clusters.of(candidates), probes=4).nearest(
        candidates + noise, 1
    )
    assert (found.indices[:, 0] == np.arange(5000)).mean() > 0.99


def test_queries_whose_clusters_are_too_small_are_searched_exactly() -> None:
    rng = np.random.default_rng(3)
    candidates = unit(rng, 600)
    found = ClusterSearch(candidates, Clusters.of(candidates), probes=1).nearest(candidates, 400)
    exact = ExactSearch(candidates).nearest(candidates, 400)
    assert (found.indices >= 0).all()
    np.testing.assert_allclose(found.scores, exact.scores, atol=1e-5)
