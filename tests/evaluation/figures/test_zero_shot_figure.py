from pathlib import Path

import numpy as np
import pytest

from babelite.evaluation.figures.zero_shot_figure import classification_figure, headline
from babelite.evaluation.intervals import Estimate
from babelite.evaluation.zero_shot_result import ClassificationResult, TransferScore
from babelite.plots import DARK, LIGHT, Theme, save_figure


def result(languages: tuple[str, ...]) -> ClassificationResult:
    scores = {}
    for row, train in enumerate(languages):
        for column, test in enumerate(languages):
            value = 0.9 - 0.07 * abs(row - column)
            estimate = Estimate(value, value - 0.02, value + 0.04)
            scores[train, test] = TransferScore(
                estimate, estimate, (value,), (value,), np.array([1, 0])
            )
    transfer = Estimate(0.8125, 0.8, 0.83) if len(languages) > 1 else None
    return ClassificationResult(
        "topics", "mlp", ("a", "b"), languages, languages, (0, 1), scores, {}, transfer, 1.0
    )


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_heat_map_says_what_was_measured(theme: Theme, tmp_path: Path) -> None:
    results = [result(("en", "fr", "de")), result(("en",))]
    figure = classification_figure(results, theme)
    first, second = figure.axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["en", "fr", "de"]
    cells = {text.get_position(): text.get_text() for text in first.texts}
    assert cells[0, 0] == "90.0\n88–94"
    assert cells[2, 0] == "76.0\n74–80"
    assert len(second.texts) == 1
    assert "81.2 % right" in first.get_title(loc="left")
    save_figure(figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_the_headline() -> None:
    assert headline(result(("en", "fr"))) == (
        "topics, LASER's MLP, mean of 2 seeds: 81.2 % right in languages not trained in"
    )
    assert headline(result(("en",))) == "topics, LASER's MLP, mean of 2 seeds: accuracy in %"
