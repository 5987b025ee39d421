"""Tables, charts and page contain the numbers of results.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from babelite.comparison.cell_records import metric_from_json, metric_to_json
from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.metrics import Metric
from babelite.comparison.report.aggregation import difference, query_scores, summarize
from babelite.comparison.report.chart_labels import spread_out
from babelite.comparison.report.charts import mean_of_tasks
from babelite.comparison.report.results import collect_results
from babelite.comparison.report.tables import format_score, markdown_tables
from babelite.comparison.report.write_report import write_comparison_report
from babelite.evaluation import paired_bootstrap

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(finished: ComparisonGrid) -> dict[str, Any]:
    """The content of results.json."""
    found: dict[str, Any] = json.loads((finished.out / "results.json").read_text("utf-8"))
    return found


def rows(table: str) -> dict[str, list[str]]:
    """The rows of a Markdown table by their first cell, without bold."""
    found = {}
    for line in table.splitlines():
        if line.startswith("| "):
            first, *others = (part.strip().strip("*") for part in line.strip("|").split("|"))
            found[first] = others
    return found


def section(text: str, title: str) -> str:
    return text.partition(f"## {title}")[2].partition("\n## ")[0]


def test_tables_contain_the_numbers_of_the_record(
    finished: ComparisonGrid, results: dict[str, Any]
) -> None:
    text = (finished.out / "tables.md").read_text(encoding="utf-8")
    for task in results["tasks"]:
        table = rows(section(text, task["name"]))
        names = table.pop("system")
        assert set(names) == {*task["measures"], "mean"}
        assert list(table) == ["token bag", "align", "letters"]
        for name, cells in table.items():
            for column, shown in zip(names, cells, strict=True):
                assert shown == format_score(results["summary"][name][task["name"]][column])


def test_differences_can_be_recomputed_from_the_record(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        for name, record in run["scores"]["pairs"].items():
            metric = metric_from_json(name, record)
            assert metric.scores is not None and len(metric.scores) == 60
            assert metric.scores.mean() == pytest.approx(record["value"])
    [row] = [
        row
        for row in results["differences"]
        if row["task"] == "pairs" and row["system"] == "letters"
    ]
    [task] = [task for task in results["tasks"] if task["name"] == "pairs"]
    sides = [[r for r in results["runs"] if r["system"] == name] for name in ("letters", "align")]
    first, second = query_scores(sides, "pairs", task["measures"])
    again = paired_bootstrap(first, second)
    assert (again.value, again.low, again.high) == (row["value"], row["low"], row["high"])
    mine, reference = (
        results["summary"][n]["pairs"]["mean"]["value"] for n in ("letters", "align")
    )
    assert row["value"] == pytest.approx(mine - reference)


def test_correlations_are_compared(results: dict[str, Any]) -> None:
    [task] = [task for task in results["tasks"] if task["kind"] == "similarity"]
    found = difference("letters", "align", task, results["runs"])
    assert found is not None
    means = [
        results["summary"][name]["similarity"]["mean"]["value"] for name in ("letters", "align")
    ]
    assert found.value == pytest.approx(means[0] - means[1], abs=1e-5)
    assert found.low <= found.value <= found.high


def test_the_page_is_self_contained(finished: ComparisonGrid, results: dict[str, Any]) -> None:
    page = (finished.out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href|srcset)="(?!data:)', page)
    assert page.count("<img") == page.count('media="(prefers-color-scheme: dark)" srcset="data:')
    pictures = sorted((finished.out / "pictures").glob("*.svg"))
    assert len(pictures) == page.count("<img")
    assert all("<svg" in picture.read_text(encoding="utf-8") for picture in pictures)
    for system in results["systems"]:
        assert f">{system['name']}</td>" in page
    for task in results["tasks"]:
        for name, tasks in results["summary"].items():
            for row in tasks[task["name"]].values():
                assert f"{100 * row['value']:.1f}" in page, (name, task["name"])


def test_tables_are_written_without_the_report_extra(
    finished: ComparisonGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (finished.out / "report.html").stat().st_mtime_ns
    monkeypatch.setattr("babelite.comparison.report.write_report.find_spec", lambda name: None)
    assert [path.name for path in write_comparison_report(finished)] == [
        "results.json",
        "tables.md",
    ]
    assert (finished.out / "report.html").stat().st_mtime_ns == before


def test_tables_list_missing_results(text: Path, tmp_path: Path) -> None:
    from small_comparison import SMALL, grid_of

    nothing = collect_results(grid_of(SMALL, text, tmp_path / "nothing"))
    assert mean_of_tasks(nothing) == {}
    written = markdown_tables(nothing)
    assert "align, en-fr, seed 0: waiting: has not been run yet" in written
    assert rows(section(written, "Cost per model"))["align"] == ["–"] * 8


@pytest.mark.parametrize("repeats", [1, 5])
def test_metrics_survive_a_json_round_trip(repeats: int) -> None:
    right = np.random.default_rng(0).integers(0, repeats + 1, 77).astype(np.uint8)
    there = Metric("en", 0.5, "en", right, repeats)
    again = metric_from_json("en", json.loads(json.dumps(metric_to_json(there))))
    assert again.trials == repeats and again.correct is not None
    np.testing.assert_array_equal(again.correct, right)


def test_labels_are_spread_without_changing_their_order() -> None:
    given = [0.5, 0.52, 0.9, 0.51, 0.1]
    moved = spread_out(given, 0.05)
    assert sorted(range(5), key=lambda i: moved[i]) == sorted(range(5), key=lambda i: given[i])
    gaps = np.diff(sorted(moved))
    assert (gaps >= 0.05 - 1e-9).all()
    assert (moved[2], moved[4]) == (0.9, 0.1)


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
