"""Charts of mining: precision by threshold above a histogram of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from babelite.errors import quantity
from babelite.mining import PrecisionEstimate, PrecisionRecallCurve
from babelite.plots import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_BINS = 60


def precision_recall_figure(curve: PrecisionRecallCurve, chosen: float | None = None) -> Figure:
    """Draw precision, recall and F1 by threshold, above the scores of right and wrong pairs.

    ``chosen`` is the threshold to mark; by default the one with the highest F1. Save the figure
    with `babelite.plots.save_figure`. Needs the extra ``report``.
    """
    with LIGHT.applied():
        figure, above, below = _two_panels()
        total = np.maximum(curve.precision + curve.recall, 1e-12)
        above.plot(curve.thresholds, curve.precision, label="precision")
        above.plot(curve.thresholds, curve.recall, label="recall")
        above.plot(curve.thresholds, 2 * curve.precision * curve.recall / total, label="F1")
        scores = curve.best if chosen is None else curve.at(chosen)
        above.set_title(
            f"At {scores.threshold:.3f}: precision {scores.precision:.1%}, "
            f"recall {scores.recall:.1%}, F1 {scores.f1:.1%}"
        )
        above.legend(loc="lower left")
        bins = np.histogram_bin_edges(curve.scores, _BINS).tolist()
        for correct, name, colour in ((True, "right", LIGHT.good), (False, "wrong", LIGHT.bad)):
            _draw_histogram(below, curve.scores[curve.correct == correct], bins, colour, name)
        below.legend(loc="upper right")
        _mark(above, below, threshold=scores.threshold)
    return figure


def estimated_precision_figure(estimate: PrecisionEstimate, chosen: float | None = None) -> Figure:
    """Draw the estimated precision by threshold, above the scores of the pairs.

    ``chosen`` is the threshold to mark; none by default. Save the figure with
    `babelite.plots.save_figure`. Needs the extra ``report``.
    """
    with LIGHT.applied():
        figure, above, below = _two_panels()
        above.plot(estimate.scores, estimate.precision)
        above.set_title(
            f"Estimated precision (from {quantity(estimate.impostors, 'sentence')} "
            "without a translation)"
        )
        _draw_histogram(below, estimate.scores, _BINS, LIGHT.good)
        if chosen is not None:
            _mark(above, below, threshold=chosen)
    return figure


def _two_panels() -> tuple[Figure, Axes, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.set_ylim(0, 1.02)
    below.set_ylabel("pairs")
    below.set_xlabel("score (pairs at or above the threshold are kept)")
    return figure, above, below


def _draw_histogram(
    axes: Axes,
    scores: NDArray[np.floating],
    bins: int | list[float],
    colour: str,
    label: str | None = None,
) -> None:
    axes.hist(
        scores,
        bins=bins,
        label=label,
        facecolor=(colour, 0.4),
        edgecolor=colour,
        histtype="stepfilled",
    )


def _mark(*panels: Axes, threshold: float) -> None:
    for axes in panels:
        axes.axvline(threshold, color=LIGHT.ink, linewidth=1, linestyle="--")
