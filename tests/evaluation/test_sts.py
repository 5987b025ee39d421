import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.evaluation.sts import (
    ScoredPair,
    cross_lingual_pairs,
    evaluate_similarity,
    read_sts,
    spearman,
)

# Few different values, so that ties abound.
VALUES = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30
).filter(lambda rows: all(len({row[side] for row in rows}) > 1 for side in (0, 1)))


def slow_spearman(left: Sequence[float], right: Sequence[float]) -> float:
    def ranks(values: Sequence[float]) -> list[float]:
        below = [sum(other < value for other in values) for value in values]
        equal = [sum(other == value for other in values) for value in values]
        return [b + (e + 1) / 2 for b, e in zip(below, equal, strict=True)]

    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


@given(VALUES)
def test_spearman_equals_its_definition(rows: list[tuple[int, int]]) -> None:
    left, right = zip(*rows, strict=True)
    assert spearman(left, right) == pytest.approx(slow_spearman(left, right), abs=1e-12)


@given(VALUES)
def test_spearman_equals_scipys(rows: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    left, right = zip(*rows, strict=True)
    assert spearman(left, right) == pytest.approx(stats.spearmanr(left, right)[0], abs=1e-12)


def test_spearman_by_hand() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 · 5).
    assert spearman([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / 22.5**0.5)
    assert spearman([1, 2, 3], [9, 5, 1]) == -1
    assert spearman([1, 1, 1], [1, 2, 3]) == 0
    with pytest.raises(ValueError, match="lengths differ: 3 and 2"):
        spearman([1, 2, 3], [1, 2])


class Angles:
    """A sentence is its angle in degrees."""

    dim = 2

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        angles = np.radians([float(sentence) for sentence in sentences])
        # Neither float32 rounding nor length may count.
        return (3 * np.column_stack([np.cos(angles), np.sin(angles)])).astype(np.float32)


def test_cosines_are_ranked_against_scores() -> None:
    near, middle, far = (ScoredPair("0", angle, 0.0) for angle in ("10", "40", "80"))
    pairs = [near._replace(score=5.0), middle._replace(score=1.0), far._replace(score=2.0)]
    result = evaluate_similarity(Angles(), pairs, name="angles", languages=("en", "fr"))
    assert result.spearman == pytest.approx(0.5)  # 1 - 6 · 2 / (3 · 8)
    assert json.loads(json.dumps(result.as_dict())) == {
        "name": "angles",
        "languages": ["en", "fr"],
        "pairs": 3,
        "spearman": pytest.approx(0.5),
    }


def test_cosines_equal_up_to_rounding_are_ties() -> None:
    pairs = [ScoredPair(f"{a}", f"{a + 30}", a) for a in range(0, 90, 7)]
    assert evaluate_similarity(Angles(), pairs).spearman == 0


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ([ScoredPair("1", "2", 3.0)], "1 scored pairs cannot be ranked"),
        ([ScoredPair("1", "2", 3.0), ScoredPair("1", "2", float("nan"))], "score of pair 2 is nan"),
    ],
)
def test_too_few_pairs_and_nan_scores(pairs: list[ScoredPair], problem: str) -> None:
    with pytest.raises(BabeliteError, match=problem):
        evaluate_similarity(Angles(), pairs)


def test_read_sts(tmp_path: Path) -> None:
    path = tmp_path / "en.test.tsv"
    path.write_text('A "cat.\tA dog.\t1.25\n\nYes.\tNo.\t0\n', encoding="utf-8")
    assert read_sts(path) == [ScoredPair('A "cat.', "A dog.", 1.25), ScoredPair("Yes.", "No.", 0)]
    with pytest.raises(BabeliteError, match="none"):
        read_sts(tmp_path / "none")
    for text in ("a\tb\t1\na\tb\n", "a\tb\t1\na\tb\tgood\n"):
        path.write_text(text)
        with pytest.raises(BabeliteError, match=r"en\.test\.tsv, line 2") as refused:
            read_sts(path)
        assert refused.value.code == "format-invalid"


def test_pairs_across_languages_must_be_the_same() -> None:
    en = [ScoredPair("a", "b", 1.0), ScoredPair("c", "d", 2.0)]
    fr = [ScoredPair("A", "B", 1.0), ScoredPair("C", "D", 2.0)]
    assert cross_lingual_pairs(en, fr) == [ScoredPair("a", "B", 1.0), ScoredPair("c", "D", 2.0)]
    with pytest.raises(BabeliteError, match="2 scored pairs in one language, 1 in another"):
        cross_lingual_pairs(en, fr[:1])
    with pytest.raises(BabeliteError, match="pair 1 has two scores, 1 and 2"):
        cross_lingual_pairs(en, fr[::-1])
