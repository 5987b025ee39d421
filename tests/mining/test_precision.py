import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.errors import BabeliteError
from babelite.mining import mine
from babelite.mining.precision import (
    estimate_mining_precision,
    estimate_precision,
    precision_recall_curve,
)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 10),
)
def test_the_curve_equals_counting(pairs, missed):  # noqa: ANN001, ANN201
    scores = [score / 4 for score, _ in pairs]
    known = sum(right for _, right in pairs) + missed
    curve = precision_recall_curve(scores, [right for _, right in pairs], known)
    best = 0.0
    for threshold in sorted(set(scores)):
        taken = [right for score, right in pairs if score / 4 >= threshold]
        told = curve.at(threshold)
        assert told.pairs == len(taken)
        assert told.precision == pytest.approx(sum(taken) / len(taken))
        assert told.recall == pytest.approx(sum(taken) / known)
        best = max(best, told.f1)
    assert curve.best.f1 == pytest.approx(best)
    assert curve.at(curve.best.threshold).f1 == pytest.approx(best)


def test_a_curve_needs_a_pair_and_a_gold_pair() -> None:
    for arguments in (([], [], 3), ([1.0], [True], 0)):
        with pytest.raises(BabeliteError) as error:
            precision_recall_curve(*arguments)
        assert error.value.code == "too-few"


@pytest.mark.parametrize("true", [200, 1000, 2000])
def test_the_estimate_is_near_the_truth(true: int) -> None:
    rng = np.random.default_rng(true)
    right = np.arange(2000) < true
    scores = np.where(right, rng.normal(1.5, 0.15, 2000), rng.normal(1.0, 0.1, 2000))
    estimate = estimate_precision(scores, rng.normal(1.0, 0.1, 3000), 2000)
    for wished in (0.99, 0.9):
        threshold = estimate.threshold_for(wished)
        assert threshold is not None
        assert right[scores >= threshold].mean() == pytest.approx(
            max(wished, true / 2000), abs=0.04
        )
    assert (np.diff(estimate.precision) <= 0).all()


@pytest.mark.parametrize("direction", ["max", "intersection", "forward", "backward"])
def test_the_estimate_for_a_mined_text_is_near_the_truth(direction: str) -> None:
    rng = np.random.default_rng(0)
    meanings = rng.normal(size=(1500, 16))
    vectors = {f"s{i}": meaning + rng.normal(size=16) * 0.3 for i, meaning in enumerate(meanings)}
    vectors |= {f"t{i}": meaning + rng.normal(size=16) * 0.3 for i, meaning in enumerate(meanings)}

    class Known:
        dim = 16

        def encode(self, sentences):  # noqa: ANN001, ANN202
            rows = np.array([vectors.get(s, np.ones(16)) for s in sentences], dtype=np.float32)
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    source, target = [f"s{i}" for i in range(1000)], [f"t{i}" for i in range(500, 1500)]
    with mine(source, target, Known(), direction=direction) as mined:
        pairs = mined.pairs()
        estimate = estimate_mining_precision(mined)
        right = np.array([
            mined.sources[int(s)][1:] == mined.targets[int(t)][1:]
            for s, t in zip(pairs.source, pairs.target, strict=True)
        ])  # fmt: skip
    threshold = estimate.threshold_for(0.9)
    assert threshold is not None
    assert right[pairs.score >= threshold].mean() == pytest.approx(0.9, abs=0.06)
    assert estimate.untranslated == pytest.approx(0.5, abs=0.15)
