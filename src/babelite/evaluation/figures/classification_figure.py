"""Heat map of zero-shot document classification: accuracy by training and test language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from babelite.evaluation.zero_shot_result import ClassificationResult
from babelite.plots import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = {"mlp": "LASER's MLP", "logistic": "logistic regression"}
_CELL = (1.15, 0.75)  # inches


def classification_figure(results: Sequence[ClassificationResult], theme: Theme = LIGHT) -> Figure:
    """Draw a heat map of accuracies for each result, one below the other.

    Save the figure with `babelite.plots.save_figure`. Needs the extra ``report``.
    """
    with theme.applied():
        from matplotlib.figure import Figure

        wide = max(len(result.test_languages) for result in results)
        heights = [1.9 + _CELL[1] * len(result.train_languages) for result in results]
        figure = Figure(figsize=(max(6.5, 2.5 + _CELL[0] * wide), sum(heights)))
        figure.set_layout_engine("constrained")
        panels = figure.subplots(len(results), 1, squeeze=False, height_ratios=heights)
        for axes, result in zip(panels[:, 0], results, strict=True):
            draw_transfer(axes, result, theme)
    return figure


def draw_transfer(axes: Axes, result: ClassificationResult, theme: Theme) -> None:
    """Draw accuracies and their intervals; the colour scale starts at chance level."""
    from matplotlib.colors import LinearSegmentedColormap

    scores = np.array(
        [
            [100 * result.scores[train, test].accuracy.value for test in result.test_languages]
            for train in result.train_languages
        ]
    )
    shades = LinearSegmentedColormap.from_list("accuracy", [theme.paper, theme.good])
    guess = 100 / len(result.labels)
    axes.imshow(scores, cmap=shades, vmin=guess, vmax=100.0, aspect="auto")
    for row, train in enumerate(result.train_languages):
        for column, test in enumerate(result.test_languages):
            estimate = result.scores[train, test].accuracy
            axes.text(
                column,
                row,
                f"{scores[row, column]:.1f}\n{100 * estimate.low:.0f}–{100 * estimate.high:.0f}",
                ha="center",
                va="center",
                color=_readable_on(shades((scores[row, column] - guess) / (100 - guess))),
                fontweight="bold" if train == test else "normal",
            )
    axes.grid(visible=False)
    axes.set_xticks(range(len(result.test_languages)), result.test_languages)
    axes.set_yticks(range(len(result.train_languages)), result.train_languages)
    axes.set_xlabel("test language")
    axes.set_ylabel("training language")
    axes.set_title(classification_title(result).replace(": ", "\n"))


def _readable_on(colour: tuple[float, ...]) -> str:
    """Black or white, by the higher contrast (relative luminance of WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "white"


def classification_title(result: ClassificationResult) -> str:
    """Title of a result: documents, classifier, seeds and mean accuracy in other languages."""
    seeds = len(result.seeds)
    what = f"{result.name}, {_NAMES[result.classifier]}"
    what += f", mean of {seeds} seeds" if seeds > 1 else ""
    if result.transfer is None:
        return f"{what}: accuracy in %"
    return f"{what}: {100 * result.transfer.value:.1f} % accuracy in other languages"
