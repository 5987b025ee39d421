import numpy as np
import pytest

from babelite.alignment.banded_search import Point
from babelite.alignment.costs import BeadCosts, estimated_shares
from babelite.alignment.runs import JoinedRuns, SummedRuns


def costs_of(seed: int, source: int, target: int, min_score: float = 0.25) -> BeadCosts:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((max(source, target), 16))
    left = rows[:source] + rng.standard_normal((source, 16)) / 2
    sides = [SummedRuns.of(side, None, 4) for side in (left, rows[:target])]
    lengths = rng.integers(1, 200, source), rng.integers(1, 200, target)
    return BeadCosts(sides[0], sides[1], min_score=min_score, lengths=lengths)


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
    costs = BeadCosts(JoinedRuns.of([source]), JoinedRuns.of([target]), min_score=-np.inf)
    pairs = costs.table(slice(1, 201), slice(1, 201))[0]
    assert pairs.mean() == pytest.approx(1, abs=0.05)


def test_scores_are_one_minus_the_distance() -> None:
    costs = costs_of(1, 12, 12, min_score=-np.inf)
    path = [Point(0, 0), Point(1, 1), Point(3, 2), Point(3, 3), Point(4, 3)]
    cosines, scores = costs.cosines(path)
    distances, _ = costs._values(slice(0, 13), slice(0, 13))
    assert scores[0] == pytest.approx(1 - distances[costs.sizes.index((1, 1)), 1, 1], abs=1e-5)
    assert scores[1] == pytest.approx(1 - distances[costs.sizes.index((2, 1)), 3, 2], abs=1e-5)
    assert scores[2:].tolist() == cosines[2:].tolist() == [0, 0]
    assert cosines[0] > 0.5


def test_beads_below_the_minimum_score_are_forbidden() -> None:
    loose, strict = (costs_of(2, 30, 30, score) for score in (-np.inf, 0.6))
    everywhere = slice(0, 31), slice(0, 31)
    distances, _ = loose._values(*everywhere)
    pairs = loose.table(*everywhere)[0]
    np.testing.assert_array_equal(
        strict.table(*everywhere)[0], np.where(distances[0] > 0.4, np.inf, pairs)
    )


def test_beads_with_a_superfluous_edge_sentence_are_forbidden() -> None:
    rows = np.eye(4)
    # The second target sentence shares nothing with the source; the third is half of it.
    source, target = np.array([rows[0] + rows[1]]), np.array([rows[0], rows[3], rows[1]])
    sides = [SummedRuns.of(side, None, 4) for side in (source, target)]
    costs = BeadCosts(sides[0], sides[1], min_score=-np.inf)
    table = costs.table(slice(0, 2), slice(0, 4))
    assert np.isinf(table[costs.sizes.index((1, 2)), 1, 2:]).all()
    assert np.isfinite(table[costs.sizes.index((1, 3)), 1, 3])


def test_lengths_that_differ_cost_more() -> None:
    rng = np.random.default_rng(0)
    rows = SummedRuns.of(rng.standard_normal((50, 16)), None, 4)
    lengths = np.full(50, 100)
    shorter = lengths.copy()
    shorter[7] = 40
    everywhere = slice(0, 51), slice(0, 51)
    equal, unequal = (
        BeadCosts(rows, rows, min_score=-np.inf, lengths=(lengths, side)).table(*everywhere)[0]
        for side in (lengths, shorter)
    )
    assert unequal[8, 8] - equal[8, 8] == pytest.approx(0.75 * np.log(110 / 50) ** 2, abs=1e-4)
    assert unequal[9, 9] == pytest.approx(equal[9, 9])


def test_lengths_are_compared_with_those_of_the_language_pair() -> None:
    """One version has twice the letters, and a long part that the other lacks."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((120, 32))
    source, target = (SummedRuns.of(side, None, 4) for side in (rows, rows[:60]))
    lengths = np.full(120, 1_000), np.full(60, 2_000)
    table = BeadCosts(source, target, min_score=-np.inf, lengths=lengths).table(
        slice(0, 121), slice(0, 61)
    )
    np.testing.assert_allclose(np.diagonal(table[0])[1:61], 0, atol=1e-3)


def test_shares_are_those_of_the_path_and_of_what_is_expected() -> None:
    gap = [Point(986, 985), Point(987, 985), Point(987, 986)]  # three sentences count as one gap
    path = [Point(0, 0), *(Point(i, i) for i in range(1, 986)), *gap]
    shares = estimated_shares(path)
    assert shares.sum() == pytest.approx(1)
    assert shares[1] == pytest.approx((985 + 15 * 0.72) / 1001)
    assert shares[0] == pytest.approx((1 + 15 * 0.08) / 1001)
    costs = costs_of(0, 9, 9)
    before = costs.table(slice(0, 10), slice(0, 10))[costs.sizes.index((1, 0)), 1, 1]
    costs.set_shares(shares)
    after = costs.table(slice(0, 10), slice(0, 10))[costs.sizes.index((1, 0)), 1, 1]
    assert before < after < 0.25 + 0.4001
