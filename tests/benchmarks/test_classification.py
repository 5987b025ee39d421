"""The benchmark of classification, on a few sentences and a random model."""

from __future__ import annotations

from pathlib import Path

import classification
import pytest
import random_model
from contenders import Runner

from babelite.corpus import LabelledText
from babelite.evaluation import LabelledCorpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    random_model.write(path)
    return path


ROWS = [
    LabelledText(label, f"{text} {number}")
    for number in range(6)
    for label, text in (("weather", random_model.TEXT[0]), ("places", random_model.TEXT[3]))
]


def test_the_table_has_a_row_for_each_encoder(model: Path) -> None:
    corpora = {
        "eng_Latn": LabelledCorpus(ROWS[:8], ROWS[8:], ROWS[4:]),
        "spa_Latn": LabelledCorpus(test=ROWS[4:]),
    }
    results = classification.measure(Runner(model), ["int8"], corpora)
    assert [*results["int8"]] == ["logistic", "mlp"]
    assert results["int8"]["mlp"].seeds == classification.SEEDS
    head, rule, *rows = classification.table(results).splitlines()
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    assert rows[0].startswith("| babelite, 8 bit | logistic regression | 100.0 (100.0–100.0) |")
    assert len(rows) == 2


def test_lines_per_second(model: Path) -> None:
    assert (
        classification.lines_per_second(model, LabelledCorpus(ROWS), [row.text for row in ROWS], 50)
        > 0
    )
