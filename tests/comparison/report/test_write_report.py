"""Tables, charts and page contain the numbers of results.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.report.aggregation import difference, query_scores
from babelite.comparison.report.charts import mean_of_tasks
from babelite.comparison.report.tables import format_score, markdown_tables
from babelite.comparison.report.write_report import collect_results, write_comparison_report
from babelite.comparison.task_metrics import metric_from_json
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
