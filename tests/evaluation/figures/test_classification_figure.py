from pathlib import Path

import numpy as np
import pytest

from babelite.evaluation.bootstrap_intervals import BootstrapInterval
from babelite.evaluation.figures.classification_figure import (
    classification_figure,
    classification_title,
)
from babelite.evaluation.zero_shot_result import ClassificationResult, TransferScore
from babelite.plots import DARK, LIGHT, Theme, save_figure


def result(languages: tuple[str, ...]) -> ClassificationResult:
    scores = {}
    for row, train in enumerate(languages):
        for column, test in enumerate(languages):
            value = 0.9 - 0.07 * abs(row - column)
            estimate = BootstrapInterval(value, value - 0.02, value + 0.04)
            scores[train, test] = TransferScore(
                estimate, estimate, (value,), (value,), np.array([1, 0])
            )
    transfer = BootstrapInterval(0.8125, 0.8, 0.83) if len(languages) > 1 else None
    return ClassificationResult(
        "topics", "mlp", ("a", "b"), languages, languages, (0, 1), scores, {}, transfer, 1.0
    )


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_heat_map_shows_languages_and_accuracies(theme: Theme, tmp_path: Path) -> None:
    results = [result(("en", "fr", "de")), result(("en",))]
    figure = classification_figure(results, theme)
    first, second = figure.axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["en", "fr", "de"]
    cells = {text.get_position(): text.get_text() for text in first.texts}
    assert cells[0, 0] == "90.0\n88–94"
    assert cells[2, 0] == "76.0\n74–80"
    assert len(second.texts) == 1
    assert "81.2 % accuracy" in first.get_title(loc="left")
    save_figure(figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


def test_the_title() -> None:
    assert classification_title(result(("en", "fr"))) == (
        "topics, LASER's MLP, mean of 2 seeds: 81.2 % accuracy in other languages"
    )
    assert (
        classification_title(result(("en",)))
        == "topics, LASER's MLP, mean of 2 seeds: accuracy in %"
    )
