"""JSON records of metrics."""

from __future__ import annotations

import json

import numpy as np
import pytest

from babelite.comparison.task_metrics import Metric, metric_from_json, metric_to_json


@pytest.mark.parametrize("repeats", [1, 5])
def test_metrics_survive_a_json_round_trip(repeats: int) -> None:
    right = np.random.default_rng(0).integers(0, repeats + 1, 77).astype(np.uint8)
    there = Metric("en", 0.5, "en", right, repeats)
    again = metric_from_json("en", json.loads(json.dumps(metric_to_json(there))))
    assert again.trials == repeats and again.correct is not None
    np.testing.assert_array_equal(again.correct, right)
