from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.evaluation.label_scores import bootstrap_macro_f1, label_scores, macro_f1

OUTCOMES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def slow_macro_f1(true: np.ndarray, answers: np.ndarray) -> float:
    scores = []
    for label in {*true.tolist(), *answers.tolist()}:
        hits = ((true == label) & (answers == label)).sum()
        precision = hits / max((answers == label).sum(), 1)
        recall = hits / max((true == label).sum(), 1)
        scores.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    return float(np.mean(scores))


@given(OUTCOMES)
def test_macro_f1_equals_its_definition(rows: list[tuple[int, int]]) -> None:
    true, answers = np.array(rows).T
    assert macro_f1(true, answers, 5) == pytest.approx(slow_macro_f1(true, answers), abs=1e-12)


@given(OUTCOMES)
def test_scores_equal_scikit_learns(rows: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    true, answers = np.array(rows).T
    theirs = metrics.f1_score(true, answers, average="macro", zero_division=0)
    assert macro_f1(true, answers, 4) == pytest.approx(theirs, abs=1e-12)
    parts = metrics.precision_recall_fscore_support(true, answers, zero_division=0)
    ours = label_scores([f"{n}" for n in true], [f"{n}" for n in answers])
    for score, *expected in zip(ours, *parts, strict=True):
        assert (score.precision, score.recall, score.f1, score.documents) == pytest.approx(expected)


def test_intervals_equal_resampling_documents() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 150)
    answers = np.where(rng.random((2, 150)) < 0.7, true, rng.integers(0, 3, (2, 150)))
    drawn = []
    for _ in range(3_000):
        rows = rng.integers(0, 150, 150)
        drawn.append(np.mean([slow_macro_f1(true[rows], some[rows]) for some in answers]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    estimate = bootstrap_macro_f1(true, answers, 3)
    assert estimate.value == pytest.approx(np.mean([slow_macro_f1(true, a) for a in answers]))
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.01)
    assert bootstrap_macro_f1(true, answers, 3) == estimate
