"""Labels of chart points."""

from __future__ import annotations

import numpy as np

from babelite.comparison.report.chart_labels import spread_out


def test_labels_are_spread_without_changing_their_order() -> None:
    given = [0.5, 0.52, 0.9, 0.51, 0.1]
    moved = spread_out(given, 0.05)
    assert sorted(range(5), key=lambda i: moved[i]) == sorted(range(5), key=lambda i: given[i])
    gaps = np.diff(sorted(moved))
    assert (gaps >= 0.05 - 1e-9).all()
    assert (moved[2], moved[4]) == (0.9, 0.1)
