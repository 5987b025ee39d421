from pathlib import Path

import numpy as np

from babelite.evaluation import estimated_precision_figure, precision_recall_figure
from babelite.mining import PrecisionEstimate, precision_recall_curve
from babelite.plots import save_figure


def test_precision_and_recall_with_a_marked_threshold(tmp_path: Path) -> None:
    scores = np.linspace(1.0, 2.0, 50)
    curve = precision_recall_curve(scores, scores > 1.3, 50)
    for chosen in (None, 1.5):
        figure = precision_recall_figure(curve, chosen)
        above, below = figure.axes
        assert [line.get_label() for line in above.lines[:3]] == ["precision", "recall", "F1"]
        threshold = curve.best.threshold if chosen is None else chosen
        assert above.get_title(loc="left").startswith(f"At {threshold:.3f}: precision ")
        assert list(below.lines[0].get_xdata()) == [threshold, threshold]
    save_figure(figure, tmp_path / "precision.png")
    assert (tmp_path / "precision.png").stat().st_size > 10_000


def test_estimated_precision() -> None:
    scores = np.linspace(2.0, 1.0, 50)
    estimate = PrecisionEstimate(scores, np.linspace(1.0, 0.5, 50), 0.1, 1234)
    above, below = estimated_precision_figure(estimate).axes
    assert "1,234 sentences" in above.get_title(loc="left")
    assert not below.lines
    assert estimated_precision_figure(estimate, 1.5).axes[1].lines
