"""Comparison runs: finished cells, additions, changed settings, failures, resuming."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import random_model
from processes import start_babelite
from small_comparison import BASE, ENCODERS, SMALL, SYSTEMS, TASKS, InThisProcess, Silent, grid_of

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.compare import open_comparison, run_comparison
from babelite.comparison.compared_encoders import ENCODER_MODULES
from babelite.comparison.grid import ComparisonGrid
from babelite.comparison.report.charts import illustrated_runs
from babelite.comparison.report.tables import markdown_tables
from babelite.comparison.report.write_report import collect_results, write_comparison_report
from babelite.errors import BabeliteError

pytestmark = pytest.mark.slow

ONE_TASK = TASKS[: TASKS.index("[[tasks]]", TASKS.index("[[tasks]]") + 1)]
QUICK = (
    BASE.replace("pairs = 6000", "pairs = 500").replace('reference = "align"\n', "")
    + SYSTEMS.rpartition("[[systems]]")[0]
    + ONE_TASK
)


def copied(finished: ComparisonGrid, out: Path) -> Path:
    """A copy of the folder of a finished comparison."""
    shutil.copytree(finished.out, out)
    return out


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def cells(grid: ComparisonGrid) -> dict[str, CellFolder]:
    return {cell.title: CellFolder(grid, cell) for cell in grid.cells}


def scores(grid: ComparisonGrid) -> dict[str, Any]:
    return {
        f"{run['system']} {run['seed']}": run["scores"] for run in collect_results(grid)["runs"]
    }


# --- finished cells -------------------------------------------------------------------------


def test_every_cell_is_evaluated_on_every_task(finished: ComparisonGrid) -> None:
    for run in collect_results(finished)["runs"]:
        assert run["state"] == "finished"
        assert set(run["scores"]) == {"pairs", "similarity", "topics"}
        assert set(run["scores"]["pairs"]) == {"en→fr", "fr→en"}
        assert set(run["scores"]["similarity"]) == {"en", "fr", "en-fr"}
        assert set(run["scores"]["topics"]) == {"en→en", "en→fr"}
        assert run["cost"]["sentences_per_second"] > 0 and run["cost"]["memory"] > 1e6


def test_all_systems_are_trained_on_the_same_number_of_pairs(finished: ComparisonGrid) -> None:
    trained = [run for run in collect_results(finished)["runs"] if run["seed"] is not None]
    assert [run["cost"]["training_pairs"] for run in trained] == [6_000, 6_000]
    assert len(list((finished.out / "text").glob("*/tokenizer.json"))) == 1
    # Model folders contain no copy of the text, and no checkpoint after the end.
    for one in cells(finished).values():
        work = one.cell.model / "training"
        assert not (work / "tokens").exists() and not list(work.glob("*.safetensors"))


def test_task_sentences_are_excluded_from_training(finished: ComparisonGrid, text: Path) -> None:
    [corpus] = (finished.out / "text").glob("*/corpus")
    trained = {
        side
        for file in corpus.glob("*.tsv")
        for line in file.read_text(encoding="utf-8").splitlines()
        for side in line.split("\t")[:2]
    }
    tested = (text / "test.en-fr.tsv").read_text(encoding="utf-8").split("\n")[0].split("\t")
    assert trained and not trained & set(tested)
    assert str(text / "test.en-fr.tsv") in finished.excluded.files


def test_a_finished_comparison_runs_no_job(finished: ComparisonGrid) -> None:
    before, launcher = times(finished.out / "cells"), InThisProcess()
    run_comparison(finished, Silent(), launcher=launcher)
    assert launcher.done == []
    assert times(finished.out / "cells") == before


def test_systems_seeds_and_tasks_can_be_added(
    finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    out = copied(finished, tmp_path / "more")
    before = times(out / "cells")
    more = SMALL.replace("seeds = [0]", "seeds = [0, 1]").replace(
        'name = "similarity"', 'name = "sts"'
    )
    grid = grid_of(more, text, out)
    launcher = InThisProcess()
    outcome = run_comparison(grid, Silent(), launcher=launcher)
    assert outcome.finished == 5
    assert sorted(job for job in launcher.done if job.endswith("/train")) == [
        "align/en-fr.seed-1/train",
        "token-bag/en-fr.seed-1/train",
    ]
    models = {path for path in before if "/model/" in str(path)}
    assert {path: path.stat().st_mtime_ns for path in models} == {p: before[p] for p in models}
    assert "sts" in collect_results(grid)["summary"]["align"]


def test_changed_settings_need_a_new_folder(
    finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    out = copied(finished, tmp_path / "other")
    grid = grid_of(SMALL.replace("dim = 32", "dim = 64"), text, out)
    with pytest.raises(BabeliteError, match=r"dim \(was 32, is 64\)") as caught:
        run_comparison(grid, Silent(), launcher=InThisProcess())
    assert caught.value.code == "run-mismatch"


# --- additions ----------------------------------------------------------------------------

LATE = """
[[tasks]]
kind = "retrieval"
name = "late"
pairs = ["late.en-fr.tsv"]
"""


def test_a_late_task_is_marked(finished: ComparisonGrid, text: Path, tmp_path: Path) -> None:
    lines = (text / "en-fr.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (text / "late.en-fr.tsv").write_text("".join(lines[:30]), encoding="utf-8")
    out = copied(finished, tmp_path / "late")
    grid = grid_of(SMALL + LATE, text, out)
    assert grid.excluded == replace(finished.excluded, late_tasks=("late",))
    run_comparison(grid, Silent(), launcher=InThisProcess())
    results = collect_results(grid)
    assert [task["late"] for task in results["tasks"]] == [False, False, False, True]
    note = "its sentences may be in the training text"
    assert markdown_tables(results).count(note) == 1
    assert note in markdown_tables(results).partition("## late")[2].partition("##")[0]
    write_comparison_report(grid)
    assert note in (out / "report.html").read_text(encoding="utf-8")


def test_a_task_with_a_changed_file_is_marked(
    finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(text, elsewhere)
    out = copied(finished, tmp_path / "changed")
    assert grid_of(SMALL, elsewhere, out).excluded.late_tasks == ()
    with (elsewhere / "sts.fr.tsv").open("a", encoding="utf-8") as file:
        file.write("one\ttwo\t3\n")
    assert grid_of(SMALL, elsewhere, out).excluded.late_tasks == ("similarity",)


def test_a_late_exclusion_needs_a_new_folder(
    finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    out = copied(finished, tmp_path / "exclude")
    exclude = '[data]\nexclude = ["{}"]'.format
    grid_of(
        SMALL.replace("[data]", exclude("test.en-fr.tsv")), text, out
    )  # already excluded: a file of a task
    with pytest.raises(
        BabeliteError, match=r"exclude\.toml: data\.exclude: .*en-fr\.tsv"
    ) as caught:
        grid_of(SMALL.replace("[data]", exclude("en-fr.tsv")), text, out)
    assert caught.value.code == "run-mismatch"


def test_no_task_is_late_before_the_first_model(text: Path, tmp_path: Path) -> None:
    out = tmp_path / "first-encoders"
    outcome = run_comparison(
        grid_of(ENCODERS + ONE_TASK, text, out), Silent(), launcher=InThisProcess()
    )
    assert outcome.finished == 1
    grid = grid_of(QUICK + ENCODERS, text, out)
    assert run_comparison(grid, Silent(), launcher=InThisProcess()).finished == 2
    assert grid.excluded.files == (str(text / "test.en-fr.tsv"),)
    # Once a model exists, the exclusions of its text are read from the record.
    assert grid_of(QUICK + ENCODERS, text, out).excluded == grid.excluded


def test_charts_show_sentences_of_an_added_task(text: Path, tmp_path: Path) -> None:
    tasks = ["[[tasks]]" + task for task in TASKS.split("[[tasks]]")[1:]]
    out = tmp_path / "shown"
    run_comparison(grid_of(ENCODERS + tasks[1], text, out), Silent(), launcher=InThisProcess())
    grid = grid_of(ENCODERS + tasks[1] + tasks[0], text, out)
    assert not illustrated_runs(collect_results(grid))
    run_comparison(grid, Silent(), launcher=InThisProcess())
    assert [run["system"] for run in illustrated_runs(collect_results(grid))] == ["letters"]


# --- changed settings --------------------------------------------------------------------------


def test_a_changed_encoder_needs_a_new_folder(text: Path, tmp_path: Path) -> None:
    source = (text / "letter_encoder.py").read_text(encoding="utf-8")
    (text / "two_encoders.py").write_text(
        source + "\ndef zeros(s):\n    return letters(s) * 0 + 1\n"
    )
    config = ENCODERS.replace("letter_encoder:letters", "two_encoders:leters") + ONE_TASK
    out = tmp_path / "encoder"
    assert run_comparison(grid_of(config, text, out), Silent(), launcher=InThisProcess()).failed
    # The name of an encoder that failed can be corrected.
    config = config.replace(":leters", ":letters")
    assert run_comparison(grid_of(config, text, out), Silent(), launcher=InThisProcess()).finished
    other = grid_of(config.replace(":letters", ":zeros"), text, out)
    with pytest.raises(BabeliteError, match=r"encoder \(was two_encoders:letters, is .*:zeros\)"):
        run_comparison(other, Silent(), launcher=InThisProcess())
    shutil.rmtree(out / "encoders" / "letters")
    assert run_comparison(other, Silent(), launcher=InThisProcess()).finished


def test_a_retrained_model_is_another_encoder(text: Path, tmp_path: Path) -> None:
    random_model.write(text / "small-model")
    config = ENCODERS.replace("letter_encoder:letters", "small-model") + ONE_TASK
    grid = grid_of(config, text, tmp_path / "retrained")
    assert run_comparison(grid, Silent(), launcher=InThisProcess()).finished
    # A moved model folder is the same encoder.
    shutil.move(text / "small-model", tmp_path / "small-model")
    config = config.replace('"small-model"', f'"{tmp_path / "small-model"}"')
    grid = grid_of(config, text, tmp_path / "retrained")
    assert run_comparison(grid, Silent(), launcher=InThisProcess()).finished
    random_model.write(tmp_path / "small-model", layers=1)
    with pytest.raises(BabeliteError, match=r"encoders/letters: .*model \(was "):
        run_comparison(grid, Silent(), launcher=InThisProcess())


def test_a_folder_with_other_files_is_refused(text: Path, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(BabeliteError) as caught:
        open_comparison(grid_of(SMALL, text, tmp_path))
    assert (caught.value.code, caught.value.path) == ("run-mismatch", str(tmp_path))


def test_a_folder_in_a_newer_format_is_refused(text: Path, tmp_path: Path) -> None:
    open_comparison(grid_of(ENCODERS + ONE_TASK, text, tmp_path / "newer"))
    path = tmp_path / "newer" / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 2}))
    with pytest.raises(BabeliteError) as caught:
        open_comparison(grid_of(ENCODERS + ONE_TASK, text, tmp_path / "newer"))
    assert caught.value.code == "format-too-new"


def trained_on(grid: ComparisonGrid) -> set[str]:
    """The source sentences of the training text of the only trained model."""
    [one] = cells(grid).values()
    text = Path(json.loads(one.training_job.read_text(encoding="utf-8"))["text"])
    return {
        line.partition("\t")[0]
        for file in (text / "corpus").glob("*.tsv")
        for line in file.read_text(encoding="utf-8").splitlines()
    }


@pytest.mark.parametrize("drawn", [True, False])
def test_a_deleted_cell_is_trained_on_the_current_text(
    drawn: bool, finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    shutil.copytree(text, tmp_path / "text")
    config = QUICK.replace("[data]", "[data]\npairs = 700") if drawn else QUICK
    before = grid_of(config, tmp_path / "text", tmp_path / "out")
    assert run_comparison(before, Silent(), launcher=InThisProcess()).finished == 1
    old = trained_on(before)
    if drawn:
        train = tmp_path / "text" / "en-fr.tsv"
        lines = train.read_text(encoding="utf-8").splitlines()
        train.write_text("".join(f"new {line}\n" for line in lines), encoding="utf-8")
    else:
        config = config.replace("[data]", "[data]\nmax_words = 5")
    grid = grid_of(config, tmp_path / "text", tmp_path / "out")
    with pytest.raises(BabeliteError, match="of its text"):
        run_comparison(grid, Silent(), launcher=InThisProcess())
    shutil.rmtree(grid.cells[0].folder)
    assert run_comparison(grid, Silent(), launcher=InThisProcess()).failed == ()
    sentences = trained_on(grid)
    assert sentences and sentences != old
    assert all(s.startswith("new ") if drawn else len(s.split()) <= 5 for s in sentences)
    [data] = collect_results(grid)["data"]
    assert sum(data["pairs"].values()) + data["held_out"] == len(sentences)


def test_other_columns_need_a_new_folder(
    finished: ComparisonGrid, text: Path, tmp_path: Path
) -> None:
    out = copied(finished, tmp_path / "columns")
    grid = grid_of(SMALL.replace("[data]", '[data]\ncolumns = ["2", "1"]'), text, out)
    with pytest.raises(BabeliteError, match="columns of its text"):
        run_comparison(grid, Silent(), launcher=InThisProcess())


# --- failures -------------------------------------------------------------------------------

BROKEN = """
[[systems]]
name = "no words"
vocabulary_size = 4
"""
MISSING = """
[[encoders]]
name = "elsewhere"
encoder = "letter_encoder:nothing"

[[encoders]]
name = "optional"
encoder = "some-peer"
"""


def test_failed_and_skipped_cells_do_not_stop_a_comparison(
    finished: ComparisonGrid, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENCODER_MODULES, "some-peer", "no_such_module_anywhere")
    out = copied(finished, tmp_path / "failing")
    grid = grid_of(BASE + BROKEN + SYSTEMS + MISSING + ENCODERS + TASKS, text, out)
    outcome = run_comparison(grid, Silent(), launcher=InThisProcess())
    assert outcome.finished == 3
    errors = dict(outcome.failed)
    assert set(errors) == {"no words, en-fr, seed 0", "elsewhere"}
    assert "no pair of en-fr is left to train on" in errors["no words, en-fr, seed 0"]
    assert "has no attribute nothing" in errors["elsewhere"]
    assert outcome.skipped == (("optional", "not installed; run: pip install some-peer"),)
    results = collect_results(grid)
    # A skipped encoder has no score, not even zero.
    assert results["summary"]["optional"] == {"pairs": {}, "similarity": {}, "topics": {}}
    assert not [row for row in results["differences"] if row["system"] == "optional"]


def test_a_failed_cell_is_retried(finished: ComparisonGrid, text: Path, tmp_path: Path) -> None:
    out = copied(finished, tmp_path / "again")
    late_encoder = '\n[[encoders]]\nname = "late"\nencoder = "late_encoder:letters"\n'
    grid = grid_of(BASE + SYSTEMS + late_encoder + TASKS, text, out)
    assert len(run_comparison(grid, Silent(), launcher=InThisProcess()).failed) == 1
    shutil.copyfile(text / "letter_encoder.py", text / "late_encoder.py")
    outcome = run_comparison(grid, Silent(), launcher=InThisProcess())
    assert (outcome.finished, outcome.failed) == (3, ())


# --- resuming ---------------------------------------------------------------------------


@pytest.fixture
def processes() -> Iterator[list[Any]]:
    started: list[Any] = []
    yield started
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()


def job_processes(out: Path) -> list[str]:
    """The command lines of processes that run jobs of a comparison."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "babelite.comparison.jobs.job_process" in command and str(out) in command:
            found.append(command)
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_killed_comparison_resumes_with_equal_results(
    finished: ComparisonGrid, text: Path, tmp_path: Path, processes: list[Any]
) -> None:
    out, config = tmp_path / "killed", text / "killed.toml"
    config.write_text(SMALL, encoding="utf-8")
    process = start_babelite(["compare", str(config), "--out", str(out)], tmp_path / "log.txt")
    processes.append(process)
    second = out / "cells" / "align" / "en-fr.seed-0" / "model" / "training" / "metrics.jsonl"
    deadline = time.monotonic() + 900  # seconds; a defect must not hang the tests
    while not (second.exists() and second.stat().st_size):
        assert process.is_alive(), (tmp_path / "log.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.join()
    while job_processes(out):  # until no process can write to the folder
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first = out / "cells" / "token-bag" / "en-fr.seed-0"
    before = times(first)
    assert first / "trained.json" in before
    grid = grid_of(SMALL, text, out)
    outcome = run_comparison(grid, Silent(), launcher=InThisProcess())
    assert (outcome.finished, outcome.failed) == (3, ())
    assert times(first) == before
    # Every query result equals that of the comparison that was not interrupted.
    assert scores(grid) == scores(finished)
