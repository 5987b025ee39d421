import numpy as np

from babelite.neighbors import Clusters, ClusterSearch, ExactSearch


def unit(rng: np.random.Generator, rows: int, dim: int = 8) -> np.ndarray:
    vectors = rng.normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_clusters_contain_every_row_once_and_are_reproducible() -> None:
    vectors = unit(np.random.default_rng(0), 3000).astype(np.float16)
    clusters = Clusters.of(vectors)
    assert sorted(clusters.members.tolist()) == list(range(3000))
    assert clusters.ends[-1] == 3000
    np.testing.assert_array_equal(clusters.members, Clusters.of(vectors).members)


def test_probing_all_clusters_is_exact() -> None:
    rng = np.random.default_rng(1)
    queries, candidates = unit(rng, 500), unit(rng, 4000)
    clusters = Clusters.of(candidates)
    found = ClusterSearch(candidates, clusters, probes=len(clusters.ends), threads=2).nearest(
        queries, 4
    )
    exact = ExactSearch(candidates).nearest(queries, 4)
    np.testing.assert_array_equal(found.indices, exact.indices)


def test_near_copies_are_found_by_probing_few_clusters() -> None:
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
