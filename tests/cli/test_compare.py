"""``babelite compare``: plan, outputs, messages and exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from small_comparison import ENCODERS, SMALL, TASKS, write_text

Run = Callable[..., tuple[int, str, str]]

CONFIG = 'title = "Letters"\n' + ENCODERS + TASKS


def test_existing_encoders_are_compared_without_training(here: Path, run: Run) -> None:
    write_text(here)
    (here / "letters.toml").write_text(CONFIG)
    code, out, _ = run("compare", "letters.toml", "--dry-run")
    assert code == 0
    assert "waiting" in out and "1 of 1 models to do" in out
    assert not (here / "letters").exists()
    code, _, err = run("compare", "letters.toml")
    assert code == 0, err
    assert "1 of 1 models are finished" in err
    assert {path.name for path in (here / "letters").glob("*.*")} >= {
        "results.json",
        "tables.md",
        "report.html",
    }
    code, out, _ = run("compare", "letters.toml", "--dry-run")
    assert "finished" in out and "0 of 1 models to do" in out


def test_data_sets_the_folder_of_files_and_failures_are_reported(here: Path, run: Run) -> None:
    (here / "elsewhere").mkdir()
    write_text(here / "elsewhere")
    (here / "letters.toml").write_text(CONFIG.replace("letter_encoder:letters", "absent:letters"))
    code, _, err = run("compare", "letters.toml", "--data", "elsewhere", "--out", "results")
    assert code == 1
    assert "failed: letters: the module absent does not exist" in err
    code, _, err = run("compare", "letters.toml", "--out", "results2")
    assert code == 2 and "--data" in err
    code, _, err = run("compare", "letters.toml", "--data", "nowhere")
    assert code == 2 and err == "babelite: nowhere: there is no such folder; check --data.\n"


def test_report_only_lists_missing_results(here: Path, run: Run) -> None:
    write_text(here)
    (here / "letters.toml").write_text(CONFIG)
    code, _, err = run("compare", "letters.toml", "--report-only")
    assert code == 0 and "0 of 1 models are finished" in err
    assert "has not been run yet" in (here / "letters" / "tables.md").read_text()


def test_a_changed_encoder_is_refused(here: Path, run: Run) -> None:
    write_text(here)
    config = here / "letters.toml"
    config.write_text(CONFIG)
    assert run("compare", "letters.toml")[0] == 0
    config.write_text(CONFIG.replace("letter_encoder:letters", "letter_encoder:others"))
    for options in ([], ["--report-only"]):
        code, _, err = run("compare", "letters.toml", *options)
        assert code == 2, err
        assert "encoder (was letter_encoder:letters, is letter_encoder:others)" in err


def test_a_late_task_is_reported(here: Path, run: Run) -> None:
    write_text(here)
    (here / "small.toml").write_text(SMALL)
    (here / "small" / "cells" / "align" / "en-fr.seed-0" / "model").mkdir(parents=True)
    (here / "small" / "comparison.json").write_text('{"excluded": ["test.en-fr.tsv"]}')
    code, _, err = run("compare", "small.toml", "--dry-run")
    assert code == 0, err
    assert "The task 'similarity' was added after training" in err
    assert "The task 'pairs'" not in err


def test_a_plan_shows_the_length_of_each_phase(here: Path, run: Run) -> None:
    write_text(here)
    phases = 'objective = "align"\nbag_epochs = 8\nepochs = 1'
    config = SMALL.replace("pairs = 6000", "epochs = 12").replace('objective = "align"', phases)
    (here / "small.toml").write_text(config)
    code, out, err = run("compare", "small.toml", "--dry-run")
    assert code == 0, err
    assert "10.7 epochs (bag), then 1.33 epochs (align)" in out
    (here / "small.toml").write_text(SMALL)
    assert "6,000 pairs (align)" in run("compare", "small.toml", "--dry-run")[1]
