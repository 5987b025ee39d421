"""Records of benchmarks, and the tables that pages show of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import result_pages
import results
from result_parts import PARTS

from babelite.errors import BabeliteError


def test_tables_of_pages_are_those_of_records_of_the_packaged_model() -> None:
    assert list(result_pages.check_pages(results.model_digest())) == []
    assert "quality" in {marker for _, marker in result_pages.markers()}


def test_records_have_what_is_needed_to_repeat_them() -> None:
    for name in PARTS:
        if record := result_pages.read_record(name):
            assert record["command"] == results.command_of(PARTS[name])
            assert record["machine"]["processor"] and record["machine"]["cores"] >= 1
            assert {"python", "babelite", "onnxruntime"} <= set(record["versions"])
            assert record["commit"] and record["date"] and record["seeds"]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a record and a page that shows it."""
    (tmp_path / "docs/results").mkdir(parents=True)
    monkeypatch.setattr(result_pages, "ROOT", tmp_path)
    monkeypatch.setattr(result_pages, "FOLDER", tmp_path / "docs/results")
    scores = {"int8": {"as it is": 0.5}, "use": {"as it is": 0.25}}
    path = tmp_path / "docs/results/robustness.json"
    path.write_text(json.dumps({"model": "m", "numbers": scores}), encoding="utf-8")
    page = "Before.\n\n<!-- results: robustness -->\n<!-- end -->\n\nAfter.\n"
    (tmp_path / "README.md").write_text(page, encoding="utf-8")
    return path


def test_a_table_that_differs_from_its_record_is_noticed(record: Path) -> None:
    assert len(list(result_pages.check_pages("m"))) == 1
    result_pages.render_pages()
    page = (record.parents[2] / "README.md").read_text(encoding="utf-8")
    assert "| as it is | **50.0** | 25.0 |\n" in page
    assert page.startswith("Before.\n") and page.endswith("<!-- end -->\n\nAfter.\n")
    assert list(result_pages.check_pages("m")) == []
    record.write_text(record.read_text().replace("0.25", "0.75"), encoding="utf-8")
    assert len(list(result_pages.check_pages("m"))) == 1


def test_a_record_of_another_model_is_noticed(record: Path) -> None:
    result_pages.render_pages()
    (problem,) = result_pages.check_pages("another")
    assert "robustness.json" in problem


def test_a_part_without_a_record_leaves_its_table_as_it_is(record: Path) -> None:
    page = record.parents[2] / "README.md"
    text = page.read_text(encoding="utf-8").replace("-->\n<!-- end", "-->\n\nold\n\n<!-- end")
    page.write_text(text, encoding="utf-8")
    record.unlink()
    result_pages.render_pages()
    assert page.read_text(encoding="utf-8") == text
    assert result_pages.parts_without_record() == ["robustness"]
    assert list(result_pages.check_pages("m")) == []


def test_markers_without_an_end_and_unknown_parts_are_noticed(record: Path) -> None:
    page = record.parents[2] / "README.md"
    page.write_text("<!-- results: robustness -->\n", encoding="utf-8")
    (problem,) = result_pages.check_pages("m")
    assert "README.md" in problem
    page.write_text("<!-- results: nothing -->\n<!-- end -->\n", encoding="utf-8")
    with pytest.raises(BabeliteError, match="nothing"):
        result_pages.render_pages()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["quality", "robustness"])
def test_parts_run_on_small_inputs(part: str) -> None:
    command = [sys.executable, results.__file__, "--small", "--part", part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{part}/table" in done.stdout
