import pytest

from babelite.errors import BabeliteError
from babelite.evaluation.bucc import bucc, halves, mining_curve

GOLD = [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]


def test_the_threshold_comes_from_the_training_text() -> None:
    training = [("a", "A"), ("b", "B"), ("c", "X")], [1.5, 1.3, 1.1], GOLD[:2]
    test = [("c", "C"), ("d", "D"), ("x", "Y")], [1.25, 1.15, 1.0], GOLD[2:]
    result = bucc(training, test)
    assert result.fitted.threshold == pytest.approx(1.2)
    assert (result.fitted.precision, result.fitted.recall) == (1.0, 0.5)
    assert (result.oracle.precision, result.oracle.recall, result.oracle.f1) == (1.0, 1.0, 1.0)


def test_pairs_that_were_not_found_count_against_recall() -> None:
    curve = mining_curve([("a", "A"), ("b", "X")], [2.0, 1.0], [*GOLD, ("a", "A")])
    assert curve.known == 4
    assert curve.at(0.0).recall == 0.25
    assert curve.at(0.0).precision == 0.5


def test_white_space_at_the_ends_does_not_count() -> None:
    assert mining_curve([("a b", "A")], [1.0], [(" a\tb", "A ")]).best.f1 == 1.0


def test_halves_are_disjoint_and_repeatable() -> None:
    one, two = halves(101, seed=3)
    assert (one != two).all()
    assert one.sum() == 50
    assert (one == halves(101, seed=3)[0]).all()
    with pytest.raises(BabeliteError, match="cannot be divided"):
        halves(1)
