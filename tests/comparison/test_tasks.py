"""Tasks of comparisons, measured by other functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from babelite.comparison.task_metrics import LanguageScope, Metric, f1_of
from babelite.comparison.tasks import MiningTask, RetrievalTask
from babelite.encoding import AdaptedEncoder
from babelite.evaluation import evaluate, evaluate_bucc, hide_pairs, random_halves
from babelite.mining import mine

PAIRS = [(f"sentence {number}", f"phrase {number}") for number in range(400)]
NOISE = 0.6


def noisy(sentences: Sequence[str]) -> np.ndarray:
    """The vector of the number in a sentence, and noise that differs between translations."""
    vectors = []
    for sentence in sentences:
        number = int("0" + "".join(filter(str.isdigit, sentence)))
        common = np.random.default_rng(number).normal(size=24)
        own = np.random.default_rng([number, len(sentence)]).normal(size=24)
        vectors.append(common + NOISE * own)
    return np.array(vectors, np.float32)


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "en-fr.tsv"
    file.write_text("".join(f"{source}\t{target}\n" for source, target in PAIRS))
    return str(file)


def test_mining_is_the_protocol_of_bucc(path: str) -> None:
    encoder = AdaptedEncoder("noisy", noisy)
    task = MiningTask(kind="mining", name="mining", pairs=(path,))
    [metric] = task.evaluate(encoder, LanguageScope())
    texts = []
    for half in random_halves(len(PAIRS)):
        text = hide_pairs([PAIRS[i] for i in np.flatnonzero(half)])
        with mine(text.sources, text.targets, encoder, k=4) as mined:
            best = mined.pairs(threshold=0)
            rows = zip(best.source, best.target, strict=True)
            found = [(mined.sources[source], mined.targets[target]) for source, target in rows]
        gold = [*zip(text.sources, text.targets, strict=False)][: text.gold]
        texts.append((found, best.score, gold))
    expected = evaluate_bucc(*texts)
    assert 0.3 < metric.value < 1
    assert metric.value == pytest.approx(expected.fitted.f1, abs=0.02)  # mining stores float16
    assert metric.mined is not None and metric.value == f1_of(metric.mined)


def test_hidden_pairs_have_one_side_of_each_other_pair() -> None:
    text = hide_pairs([*PAIRS, ("sentence 1", "another")], 0.25, seed=3)
    assert (text.gold, len(text.sources), len(text.targets)) == (100, 250, 250)
    kept = dict(PAIRS)
    assert [kept[source] for source in text.sources[:100]] == text.targets[:100]
    others = {kept[source] for source in text.sources[100:]} | set(text.targets[100:])
    assert others == {target for _, target in PAIRS} - set(text.targets[:100])


def test_retrieval_by_margin_is_one_minus_the_xsim_error(path: str) -> None:
    encoder = AdaptedEncoder("noisy", noisy)
    task = RetrievalTask(kind="retrieval", name="xSIM", pairs=(path,), score="margin")
    forward, backward = task.evaluate(encoder, LanguageScope())
    expected = evaluate(encoder, PAIRS)
    assert 0 < expected.forward.xsim_error < 1
    assert forward.value == pytest.approx(1 - expected.forward.xsim_error)
    assert backward.value == pytest.approx(1 - expected.backward.xsim_error)


def test_nothing_mined_has_an_f1_of_zero() -> None:
    assert f1_of(np.array([[0, 0], [1, 1], [0, 0]], np.uint8)) == 0
    assert Metric("en-fr", 0.0, "en-fr", mined=np.zeros((3, 5), np.uint8)).queries == 5
