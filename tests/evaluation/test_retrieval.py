import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.evaluation.retrieval import (
    evaluate,
    precision_at_1,
    query_cosines,
    xsim_error,
)


def noisy_pairs(
    seed: int, count: int, noise: float, others: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vectors and their noisy copies, to which unrelated vectors are added."""
    rng = np.random.default_rng(seed)
    queries = rng.standard_normal((count, 16))
    candidates = np.vstack(
        [queries + noise * rng.standard_normal((count, 16)), rng.standard_normal((others, 16))]
    )
    return tuple(
        (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)
        for v in (queries, candidates)
    )


def slow_hits(queries: NDArray[np.float32], candidates: NDArray[np.float32]) -> list[bool]:
    hits = []
    for row, query in enumerate(queries.astype(np.float64)):
        cosines = [float(query @ candidate) for candidate in candidates.astype(np.float64)]
        own = cosines.pop(row)
        hits.append(all(own > other + 1e-6 for other in cosines))
    return hits


def slow_xsim(queries: NDArray[np.float32], candidates: NDArray[np.float32], k: int) -> float:
    """LASER's definition, one pair at a time."""

    def mean_of_nearest(vector: NDArray[np.float64], others: NDArray[np.float64]) -> float:
        return sum(sorted((float(vector @ other) for other in others), reverse=True)[:k]) / min(
            k, len(others)
        )

    q, c = queries.astype(np.float64), candidates.astype(np.float64)
    forward = [mean_of_nearest(x, c) for x in q]
    backward = [mean_of_nearest(y, q) for y in c]
    errors = 0
    for row, x in enumerate(q):
        near = sorted(range(len(c)), key=lambda i: -float(x @ c[i]))[:k]
        margins = {i: float(x @ c[i]) / ((forward[row] + backward[i]) / 2) for i in near}
        errors += max(near, key=margins.__getitem__) != row
    return errors / len(q)


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 40),
    noise=st.sampled_from([0.1, 0.7, 2.0]),
    others=st.integers(0, 30),
)
def test_p_at_1_equals_its_definition(seed: int, count: int, noise: float, others: int) -> None:
    queries, candidates = noisy_pairs(seed, count, noise, others)
    assert precision_at_1(queries, candidates).tolist() == slow_hits(queries, candidates)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0.3, 1.0, 1.5])
@pytest.mark.parametrize("k", [1, 4])
def test_xsim_equals_its_definition(seed: int, noise: float, k: int) -> None:
    queries, candidates = noisy_pairs(seed, 60, noise, others=20)
    assert xsim_error(queries, candidates, k) == pytest.approx(slow_xsim(queries, candidates, k))


def test_xsim_with_fewer_sentences_than_neighbours() -> None:
    queries, candidates = noisy_pairs(0, 3, 0.1)
    assert xsim_error(queries, candidates, k=4) == 0


def test_margin_search_defeats_a_hub() -> None:
    # Each query has a translation at cosine 0.53; the hub is at 0.58 to all of them.
    queries = np.hstack([np.eye(3), np.zeros((3, 3))])
    translations = np.hstack([0.53 * np.eye(3), 0.85 * np.eye(3)])
    candidates = np.vstack([translations, [[1, 1, 1, 0, 0, 0]]])
    assert not precision_at_1(queries, candidates).any()
    assert xsim_error(queries, candidates, k=2) == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("noise", [0.5, 1.5])
def test_results_do_not_depend_on_the_order_of_pairs(seed: int, noise: float) -> None:
    queries, candidates = noisy_pairs(seed, 30, noise)
    candidates[7] = candidates[3]  # A sentence that occurs twice.
    order = np.random.default_rng(seed).permutation(30)
    np.testing.assert_array_equal(
        precision_at_1(queries, candidates)[order],
        precision_at_1(queries[order], candidates[order]),
    )
    assert xsim_error(queries, candidates) == xsim_error(queries[order], candidates[order])


@pytest.mark.parametrize("vectors", [np.zeros((30, 4)), np.ones((30, 4))])
def test_constant_vectors_score_zero(vectors: NDArray[np.float64]) -> None:
    assert precision_at_1(vectors, vectors).sum() == 0
    assert xsim_error(vectors, vectors) == 1


def test_one_pair_finds_itself() -> None:
    cosines = query_cosines([[1.0, 0.0]], [[1.0, 1.0]])
    assert cosines.hits.tolist() == [True]
    assert cosines.best_other.tolist() == [-1]


def test_fewer_candidates_than_queries() -> None:
    with pytest.raises(ValueError, match="3 queries, but only 2 candidates"):
        precision_at_1(np.eye(3), np.eye(3)[:2])


class Lookup:
    """Returns stored vectors of sentences."""

    dim = 16

    def __init__(self) -> None:
        self.vectors: dict[str, NDArray[np.float32]] = {}

    def learn(self, count: int, noise: float) -> list[tuple[str, str]]:
        queries, candidates = noisy_pairs(0, count, noise)
        for row in range(count):
            self.vectors[f"s{row}"], self.vectors[f"t{row}"] = queries[row], candidates[row]
        return [(f"s{row}", f"t{row}") for row in range(count)]

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self.vectors[sentence] for sentence in sentences])


def test_evaluation_of_pairs() -> None:
    encoder = Lookup()
    pairs = encoder.learn(200, noise=0.9)
    result = evaluate(encoder, pairs, name="made up", languages=("en", "fr"))
    sources, targets = (encoder.encode(side) for side in zip(*pairs, strict=True))
    forward, backward = slow_hits(sources, targets), slow_hits(targets, sources)
    assert result.forward.precision_at_1.value == np.mean(forward)
    assert result.backward.precision_at_1.value == np.mean(backward)
    assert result.mean.value == pytest.approx(np.mean([forward, backward]))
    assert result.mean.low < result.mean.value < result.mean.high
    assert result.backward.xsim_error == pytest.approx(slow_xsim(targets, sources, 4))
    assert result.true_cosine == pytest.approx(np.mean(np.sum(sources * targets, axis=1)))
    assert result.similarity.shape == (60, 60)
    cosines = sources @ targets.T
    best_wrong = (cosines - 9 * np.eye(200)).max(axis=1)
    assert result.forward.lead == pytest.approx(np.mean(cosines.diagonal() - best_wrong), abs=1e-6)
    record = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert record["precision_at_1"]["forward"]["value"] == np.mean(forward)
    assert record["protocol"] == "all-against-all"
    assert (record["pairs"], record["candidates"]) == (200, {"forward": 200, "backward": 200})


def test_distractors_make_it_harder() -> None:
    encoder = Lookup()
    pairs = encoder.learn(400, noise=1.0)
    alone = evaluate(encoder, pairs[:100])
    among = evaluate(encoder, pairs[:100], distractors=pairs[100:])
    drawn = evaluate(encoder, pairs, queries=100, seed=1)
    assert among.mean.value < alone.mean.value
    assert (among.protocol, among.pairs, among.forward.candidates) == ("muse", 100, 400)
    assert (drawn.protocol, drawn.pairs, drawn.backward.candidates) == ("muse", 100, 400)


def test_nothing_to_evaluate() -> None:
    with pytest.raises(BabeliteError, match="no sentence pair"):
        evaluate(Lookup(), [])
