import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.evaluation.alignment_f1 import AlignmentMeasure, score_alignment

BEADS = st.lists(
    st.tuples(
        st.frozensets(st.integers(0, 8), max_size=3), st.frozensets(st.integers(0, 8), max_size=3)
    ),
    max_size=8,
)

Beads = list[tuple[frozenset[int], frozenset[int]]]


def counted(beads: Beads, others: Beads) -> tuple[float, float]:
    """The shares of beads that equal, and that overlap on both sides, one of the others."""
    kept = {bead for bead in beads if any(bead)}
    strict = [bead for bead in kept if bead in others]
    lax = [
        bead
        for bead in kept
        if bead in others or any(bead[0] & other[0] and bead[1] & other[1] for other in others)
    ]
    return (len(strict) / len(kept), len(lax) / len(kept)) if kept else (0.0, 0.0)


@given(beads=BEADS, gold=BEADS)
def test_scores_equal_direct_counting(beads: Beads, gold: Beads) -> None:
    scores = score_alignment(beads, gold)
    assert (scores.strict.precision, scores.lax.precision) == pytest.approx(counted(beads, gold))
    whole = [bead for bead in gold if all(bead)]
    found = [bead for bead in beads if all(bead)]
    assert (scores.strict.recall, scores.lax.recall) == pytest.approx(counted(whole, found))
    assert scores.lax.f1 >= scores.strict.f1


@given(beads=BEADS)
def test_gold_against_itself_scores_1(beads: Beads) -> None:
    scores = score_alignment(beads, beads)
    if any(all(bead) for bead in beads):
        assert scores.strict == scores.lax == AlignmentMeasure(1.0, 1.0)


def test_a_worked_example() -> None:
    gold = [([0], [0]), ([1], [1, 2]), ([2], []), ([3], [3])]
    beads = [([0], [0]), ([1], [1]), ([], [2]), ([2], []), ([3], [3])]
    scores = score_alignment(beads, gold)
    # 0-0, 3-3 and the deletion are right; 1-1 overlaps; the insertion is wrong.
    assert scores.strict == AlignmentMeasure(3 / 5, 2 / 3)
    assert scores.lax == AlignmentMeasure(4 / 5, 1.0)


def test_no_beads_score_zero() -> None:
    scores = score_alignment([], [([0], [0])])
    assert scores.strict.f1 == scores.lax.f1 == 0.0
