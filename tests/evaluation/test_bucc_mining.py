import pytest

from babelite.errors import BabeliteError
from babelite.evaluation.bucc_mining import evaluate_bucc, mining_precision_recall, random_halves

GOLD = [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]


def test_the_threshold_is_fitted_on_the_training_text() -> None:
    training = [("a", "A"), ("b", "B"), ("c", "X")], [1.5, 1.3, 1.1], GOLD[:2]
    test = [("c", "C"), ("d", "D"), ("x", "Y")], [1.25, 1.15, 1.0], GOLD[2:]
    result = evaluate_bucc(training, test)
    assert result.fitted.threshold == pytest.approx(1.2)
    assert (result.fitted.precision, result.fitted.recall) == (1.0, 0.5)
    assert (result.oracle.precision, result.oracle.recall, result.oracle.f1) == (1.0, 1.0, 1.0)


def test_missed_pairs_lower_recall() -> None:
    curve = mining_precision_recall([("a", "A"), ("b", "X")], [2.0, 1.0], [*GOLD, ("a", "A")])
    assert curve.gold == 4
    assert curve.at(0.0).recall == 0.25
    assert curve.at(0.0).precision == 0.5


def test_surrounding_white_space_is_ignored() -> None:
    assert mining_precision_recall([("a b", "A")], [1.0], [(" a\tb", "A ")]).best.f1 == 1.0


def test_halves_are_disjoint_and_repeatable() -> None:
    one, two = random_halves(101, seed=3)
    assert (one != two).all()
    assert one.sum() == 50
    assert (one == random_halves(101, seed=3)[0]).all()
    with pytest.raises(BabeliteError) as refused:
        random_halves(1)
    assert refused.value.code == "too-few"


def test_decomposed_accents_and_invisible_characters_are_the_same_text() -> None:
    found, gold = ("\u00e9t\u00e9", "Stra\u00dfe"), ("e\u0301te\u0301", "Stra\u00ad\u00dfe")
    assert mining_precision_recall([found], [1.0], [gold]).best.f1 == 1.0
