"""Aggregation of runs: means over seeds, differences between systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from babelite.comparison.report.aggregation import difference, summarize
from babelite.comparison.task_metrics import Metric, metric_to_json


def record(name: str, share: float, group: str = "en-fr", queries: int = 100) -> dict[str, Any]:
    right = (np.arange(queries) < share * queries).astype(np.uint8)
    return metric_to_json(Metric(name, share, group, right))


def one_run(system: str, seed: int, **shares: tuple[float, str]) -> dict[str, Any]:
    scores = {name: record(name, share, group) for name, (share, group) in shares.items()}
    return {"system": system, "seed": seed, "scores": {"task": scores}}


TWO_METRICS = {"name": "task", "kind": "retrieval", "measures": ["fr", "de"]}


def test_a_mean_covers_only_seeds_with_every_metric() -> None:
    a = [
        one_run("a", 0, fr=(0.9, "fr"), de=(0.9, "de")),
        one_run("a", 1, fr=(0.2, "fr")),  # the other metric is missing
    ]
    b = [one_run("b", seed, fr=(0.8, "fr"), de=(0.8, "de")) for seed in (0, 1)]
    mean = summarize(a, TWO_METRICS)["mean"]
    assert mean["value"] == pytest.approx(0.9)
    assert mean["low"] <= 0.9 <= mean["high"]
    found = difference("a", "b", TWO_METRICS, [*a, *b])
    assert found is not None and found.value == pytest.approx(0.1)
    assert difference("a", "b", TWO_METRICS, [a[1], one_run("a", 2, de=(0.2, "de")), *b]) is None


def test_systems_with_different_query_groups_are_compared() -> None:
    metrics = ["fr", "de", "es"]
    task = {"name": "task", "kind": "retrieval", "measures": metrics}
    a = one_run("a", 0, fr=(0.9, "fr"), de=(0.7, "documents"), es=(0.5, "documents"))
    b = one_run("b", 0, fr=(0.8, "fr"), de=(0.8, "de"), es=(0.8, "es"))
    found = difference("a", "b", task, [a, b])
    assert found is not None and found.value == pytest.approx(0.7 - 0.8)
    # Every metric has the same weight, however many share their queries.
    mean = summarize([a], task)["mean"]
    assert mean["value"] == pytest.approx(0.7)
    assert (mean["low"] + mean["high"]) / 2 == pytest.approx(0.7, abs=0.02)


def test_the_difference_of_f1_is_resampled_by_source_sentence() -> None:
    chance = np.random.default_rng(0)
    task = {"name": "task", "kind": "mining", "measures": ["en-fr", "en-de"]}
    runs, values = [], {}
    for system, share in (("a", 0.9), ("b", 0.7)):
        scores = {}
        for pair, queries in (("en-fr", 300), ("en-de", 500)):
            gold = np.arange(queries) < queries // 3
            right = gold & (chance.random(queries) < share)
            mined = right | (chance.random(queries) < 0.05)
            flags = np.array([mined, gold, right]).astype(np.uint8)
            values[system, pair] = 2 * right.sum() / (mined.sum() + gold.sum())
            scores[pair] = metric_to_json(Metric(pair, values[system, pair], pair, mined=flags))
        runs.append({"system": system, "seed": 0, "scores": {"task": scores}})
    found = difference("a", "b", task, runs)
    expected = np.mean([values["a", pair] - values["b", pair] for pair in task["measures"]])
    assert found is not None and found.value == pytest.approx(expected)
    assert 0 < found.low < found.value < found.high and found.p_value < 0.05
    assert difference("a", "a", task, runs).value == 0  # type: ignore[union-attr]
