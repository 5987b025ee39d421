"""``babelite compare``: what it shows, what it writes, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from small_comparison import ENCODERS, SMALL, TASKS, write_text

Run = Callable[..., tuple[int, str, str]]

CONFIG = 'title = "Letters"\n' + ENCODERS + TASKS


def test_encoders_as_they_come_need_no_training(here: Path, run: Run) -> None:
    write_text(here)
    (here / "letters.toml").write_text(CONFIG)
    code, out, _ = run("compare", "letters.toml", "--dry-run")
    assert code == 0
    assert "waiting" in out and "1 of 1 models are left" in out
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
    assert "finished" in out and "0 of 1 models are left" in out


def test_data_may_lie_elsewhere_and_a_failure_is_told(here: Path, run: Run) -> None:
    (here / "elsewhere").mkdir()
    write_text(here / "elsewhere")
    (here / "letters.toml").write_text(CONFIG.replace("letter_encoder:letters", "absent:letters"))
    code, _, err = run("compare", "letters.toml", "--data", "elsewhere", "--out", "results")
    assert code == 1
    assert "failed: letters: there is no module absent" in err
    code, _, err = run("compare", "letters.toml", "--out", "results2")
    assert code == 2 and "--data" in err
    code, _, err = run("compare", "letters.toml", "--data", "nowhere")
    assert code == 2 and err == "babelite: nowhere: there is no such folder; check --data.\n"


def test_a_report_of_what_there_is(here: Path, run: Run) -> None:
    write_text(here)
    (here / "letters.toml").write_text(CONFIG)
    code, _, err = run("compare", "letters.toml", "--report-only")
    assert code == 0 and "0 of 1 models are finished" in err
    assert "has not been run yet" in (here / "letters" / "tables.md").read_text()


def test_no_report_calls_one_encoder_by_the_name_of_another(here: Path, run: Run) -> None:
    write_text(here)
    config = here / "letters.toml"
    config.write_text(CONFIG)
    assert run("compare", "letters.toml")[0] == 0
    config.write_text(CONFIG.replace("letter_encoder:letters", "letter_encoder:others"))
    for options in ([], ["--report-only"]):
        code, _, err = run("compare", "letters.toml", *options)
        assert code == 2, err
        assert "encoder (was letter_encoder:letters, is letter_encoder:others)" in err


def test_a_task_that_comes_too_late_is_told(here: Path, run: Run) -> None:
    write_text(here)
    (here / "small.toml").write_text(SMALL)
    (here / "small" / "cells" / "align" / "en-fr.seed-0" / "model").mkdir(parents=True)
    (here / "small" / "comparison.json").write_text('{"excluded": ["test.en-fr.tsv"]}')
    code, _, err = run("compare", "small.toml", "--dry-run")
    assert code == 0, err
    assert "The task 'alike' came after the models" in err
    assert "The task 'pairs'" not in err


def test_a_plan_has_short_numbers(here: Path, run: Run) -> None:
    write_text(here)
    phases = 'objective = "align"\nbag_epochs = 8\nepochs = 1'
    config = SMALL.replace("pairs = 6000", "epochs = 12").replace('objective = "align"', phases)
    (here / "small.toml").write_text(config)
    code, out, err = run("compare", "small.toml", "--dry-run")
    assert code == 0, err
    assert "10.7 passes as a bag, then 1.33 passes of align" in out
    (here / "small.toml").write_text(SMALL)
    assert "6,000 pairs of align" in run("compare", "small.toml", "--dry-run")[1]
