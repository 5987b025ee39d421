import numpy as np
import pytest

from babelite.alignment.align import sum_runs
from babelite.alignment.banded_search import Point
from babelite.alignment.costs import BeadCosts, Runs


def costs_of(seed: int, source: int, target: int, min_score: float = 0.25) -> BeadCosts:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((max(source, target), 16))
    left = rows[:source] + rng.standard_normal((source, 16)) / 2
    return BeadCosts(Runs.of(sum_runs(left)), Runs.of(sum_runs(rows[:target])), min_score=min_score)


@pytest.mark.parametrize("rectangle", [np.s_[20:60, 30:50], np.s_[0:9, 0:3], np.s_[1:2, 3:81]])
def test_a_rectangle_of_the_cost_table_equals_that_of_the_whole(
    rectangle: tuple[slice, slice],
) -> None:
    costs = costs_of(0, 70, 80)
    whole = costs.table(slice(0, 71), slice(0, 81))
    np.testing.assert_allclose(
        costs.table(*rectangle), whole[:, rectangle[0], rectangle[1]], rtol=1e-5
    )


def test_unrelated_sentences_cost_one_a_pair() -> None:
    rng = np.random.default_rng(0)
    # All vectors share a direction, as those of many encoders do.
    source, target = (rng.standard_normal((200, 64)) + 1 for _ in range(2))
    costs = BeadCosts(Runs.of([source]), Runs.of([target]), min_score=-np.inf)
    pairs = costs.table(slice(1, 201), slice(1, 201))[0]
    assert pairs.mean() == pytest.approx(1, abs=0.05)


def test_scores_are_one_minus_the_cost() -> None:
    costs = costs_of(1, 12, 12, min_score=-np.inf)
    path = [Point(0, 0), Point(1, 1), Point(3, 2), Point(3, 3), Point(4, 3)]
    cosines, scores = costs.cosines(path)
    table = costs.table(slice(0, 13), slice(0, 13))
    assert scores[0] == pytest.approx(1 - table[costs.sizes.index((1, 1)), 1, 1], abs=1e-5)
    assert scores[2:].tolist() == cosines[2:].tolist() == [0, 0]
    assert cosines[0] > 0.5


def test_beads_below_the_minimum_score_are_forbidden() -> None:
    loose, strict = (costs_of(2, 30, 30, score) for score in (-np.inf, 0.6))
    everywhere = slice(0, 31), slice(0, 31)
    pairs = loose.table(*everywhere)[0]
    np.testing.assert_array_equal(
        strict.table(*everywhere)[0], np.where(pairs > 0.4, np.inf, pairs)
    )


def test_beads_with_a_superfluous_edge_sentence_are_forbidden() -> None:
    rows = np.eye(4)
    # The second target sentence shares nothing with the source; the third is half of it.
    source, target = np.array([rows[0] + rows[1]]), np.array([rows[0], rows[3], rows[1]])
    costs = BeadCosts(Runs.of(sum_runs(source)), Runs.of(sum_runs(target)), min_score=-np.inf)
    table = costs.table(slice(0, 2), slice(0, 4))
    assert np.isinf(table[costs.sizes.index((1, 2)), 1, 2:]).all()
    assert np.isfinite(table[costs.sizes.index((1, 3)), 1, 3])


def test_halving_keeps_an_odd_sentence() -> None:
    runs = Runs.of([np.eye(3)])
    np.testing.assert_allclose(
        runs.halved().vectors[0, 1:], [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]], atol=1e-6
    )
    assert runs.halved().halved().length == 1
