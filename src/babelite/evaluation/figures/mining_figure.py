"""Charts of mining: precision by threshold above a histogram of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from babelite.mining import PrecisionEstimate, PrecisionRecallCurve
from babelite.plots import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 60
_SIZE = (8, 7)


def precision_recall_figure(curve: PrecisionRecallCurve, chosen: float | None = None) -> Figure:
    """Draw precision, recall and F1 by threshold, above the scores of right and wrong pairs.

    Args:
        curve: Measured precision and recall.
        chosen: Threshold to mark; by default the one with the highest F1.

    Returns:
        The figure; save it with `babelite.plots.save_figure`.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    with LIGHT.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=_SIZE, layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        both = np.maximum(curve.precision + curve.recall, 1e-12)
        above.plot(curve.thresholds, curve.precision, label="precision")
        above.plot(curve.thresholds, curve.recall, label="recall")
        above.plot(curve.thresholds, 2 * curve.precision * curve.recall / both, label="F1")
        scores = curve.best if chosen is None else curve.at(chosen)
        above.set_title(
            f"At {scores.threshold:.3f}: precision {scores.precision:.1%}, "
            f"recall {scores.recall:.1%}, F1 {scores.f1:.1%}"
        )
        above.set_ylim(0, 1.02)
        above.legend(loc="lower left")
        bins = np.histogram_bin_edges(curve.scores, _BINS).tolist()
        for right, name, colour in ((True, "right", LIGHT.good), (False, "wrong", LIGHT.bad)):
            below.hist(
                curve.scores[curve.correct == right],
                bins=bins,
                label=name,
                facecolor=(colour, 0.4),
                edgecolor=colour,
                histtype="stepfilled",
            )
        below.set_ylabel("pairs")
        below.legend(loc="upper right")
        _mark(above, below, threshold=scores.threshold)
    return figure


def estimated_precision_figure(estimate: PrecisionEstimate, chosen: float | None = None) -> Figure:
    """Draw the estimated precision by threshold, above the scores of the pairs.

    Args:
        estimate: Estimated precision.
        chosen: Threshold to mark; none by default.

    Returns:
        The figure; save it with `babelite.plots.save_figure`.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    with LIGHT.applied():
        from matplotlib.figure import Figure

        figure = Figure(figsize=_SIZE, layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        above.plot(estimate.scores, estimate.precision)
        above.set_ylim(0, 1.02)
        above.set_title(
            f"Estimated precision (from {estimate.decoys:,} sentences known to have no translation)"
        )
        below.hist(
            estimate.scores, bins=_BINS, facecolor=(LIGHT.good, 0.4), edgecolor=LIGHT.good,
            histtype="stepfilled",
        )  # fmt: skip
        below.set_ylabel("pairs")
        _mark(above, below, threshold=chosen)
    return figure


def _mark(above: Axes, below: Axes, *, threshold: float | None) -> None:
    below.set_xlabel("score (pairs at or above the threshold are kept)")
    if threshold is not None:
        for axes in (above, below):
            axes.axvline(threshold, color=LIGHT.ink, linewidth=1, linestyle="--")
