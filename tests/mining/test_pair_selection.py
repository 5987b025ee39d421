import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.mining import DIRECTIONS, candidate_pairs
from babelite.neighbors import MARGINS, nearest


def unit(rng: np.random.Generator, rows: int, dim: int = 6) -> np.ndarray:
    vectors = rng.normal(size=(rows, dim)) + 0.5
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def dense(source, target, k, margin, direction):  # noqa: ANN001, ANN201
    """Every pair scored from the whole similarity matrix; pairs chosen by plain loops."""
    sim = source.astype(float) @ target.T.astype(float)
    x, y = -np.sort(-sim, 1)[:, :k].mean(1), -np.sort(-sim, 0)[:k].mean(0)
    mean = (x[:, None] + y) / 2
    score = {"ratio": sim / np.maximum(mean, 0.1), "distance": sim - mean, "absolute": sim}[margin]
    near_x, near_y = np.argsort(-sim, 1)[:, :k], np.argsort(-sim, 0)[:k].T
    forward = {(i, max(row, key=lambda j, i=i: score[i, j])) for i, row in enumerate(near_x)}
    backward = {(max(row, key=lambda i, j=j: score[i, j]), j) for j, row in enumerate(near_y)}
    if direction in ("forward", "backward"):
        return {"forward": forward, "backward": backward}[direction], score
    if direction == "intersection":
        return forward & backward, score
    chosen, used = set(), (set(), set())
    for i, j in sorted(forward | backward, key=lambda pair: -score[pair]):
        if i not in used[0] and j not in used[1]:
            chosen.add((i, j))
            used[0].add(i)
            used[1].add(j)
    return chosen, score


def pairs_of(source, target, k, margin, direction, **options):  # noqa: ANN001, ANN003, ANN201
    k = min(k, len(source), len(target))
    return candidate_pairs(
        nearest(source, target, k), nearest(target, source, k), margin, direction, **options
    )


def test_sentences_without_a_neighbourhood_score_low() -> None:
    """As in a few lines of a language unknown to the model: all cosines are low."""
    source, target = np.eye(8)[:3], np.eye(8)[4:] + 0.02 * np.eye(8)[:4]
    found = pairs_of(source, target, 4, "ratio", "max")
    assert found.score.max() < 0.5
    found = pairs_of(source, -target, 4, "ratio", "max")
    assert found.score.min() > -1


sizes = st.integers(1, 30)
seeds = st.integers(0, 10**6)


@given(
    seeds, sizes, sizes, st.integers(1, 5), st.sampled_from(MARGINS), st.sampled_from(DIRECTIONS)
)
def test_pairs_equal_those_of_the_whole_similarity_matrix(seed, n, m, k, margin, direction):  # noqa: ANN001, ANN201
    rng = np.random.default_rng(seed)
    source, target = unit(rng, n), unit(rng, m)
    found = pairs_of(source, target, k, margin, direction)
    wanted, score = dense(source, target, min(k, n, m), margin, direction)
    assert set(zip(found.source.tolist(), found.target.tolist(), strict=True)) == wanted
    np.testing.assert_allclose(found.score, score[found.source, found.target], rtol=1e-3, atol=1e-4)
    assert (np.diff(found.score) <= 0).all()


@given(seeds, sizes, sizes, st.sampled_from(MARGINS), st.sampled_from(DIRECTIONS))
def test_swapping_the_sides_changes_nothing(seed, n, m, margin, direction):  # noqa: ANN001, ANN201
    rng = np.random.default_rng(seed)
    source, target = unit(rng, n), unit(rng, m)
    other_way = {"forward": "backward", "backward": "forward"}.get(direction, direction)
    one = pairs_of(source, target, 4, margin, direction)
    two = pairs_of(target, source, 4, margin, other_way)
    assert dict(zip(zip(one.source, one.target, strict=True), one.score, strict=True)) == (
        pytest.approx(dict(zip(zip(two.target, two.source, strict=True), two.score, strict=True)),
                      rel=1e-4, abs=1e-5)
    )  # fmt: skip


@given(seeds, sizes, sizes, st.sampled_from(MARGINS), st.sampled_from(DIRECTIONS))
def test_scaling_vectors_changes_nothing(seed, n, m, margin, direction):  # noqa: ANN001, ANN201
    """Each vector by a factor of its own: only directions count."""
    rng = np.random.default_rng(seed)
    source, target = unit(rng, n), unit(rng, m)
    scaled = [side * 10 ** rng.uniform(-3, 3, (len(side), 1)) for side in (source, target)]
    one = pairs_of(source, target, 4, margin, direction)
    two = pairs_of(*scaled, 4, margin, direction)
    scores = [dict(zip(zip(found.source, found.target, strict=True), found.score, strict=True))
              for found in (one, two)]  # fmt: skip
    assert scores[0] == pytest.approx(scores[1], rel=1e-4, abs=1e-5)


@given(seeds, sizes, sizes, st.sampled_from(DIRECTIONS))
def test_one_to_one_uses_each_row_once(seed, n, m, direction):  # noqa: ANN001, ANN201
    rng = np.random.default_rng(seed)
    found = pairs_of(unit(rng, n), unit(rng, m), 4, "ratio", direction, one_to_one=True)
    assert len(found)
    assert len(set(found.source.tolist())) == len(set(found.target.tolist())) == len(found)


def test_every_pair_carries_all_scores() -> None:
    rng = np.random.default_rng(0)
    source, target = unit(rng, 20), unit(rng, 30)
    for name in MARGINS:
        found = pairs_of(source, target, 4, name, "forward")
        column = "cosine" if name == "absolute" else name
        np.testing.assert_array_equal(found.score, getattr(found, column))
    some = found.above(float(found.score[4]))
    assert len(some) == 5
