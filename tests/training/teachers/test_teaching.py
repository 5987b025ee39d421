"""Training with teachers: better than chance at the teacher's space, resumable, in several ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file
from small_runs import records, run, run_stopped

from babelite import Encoder
from babelite.errors import BabeliteError
from babelite.training import make_config

MODULE = '''
import numpy as np

CALLS = []

def encode(sentences):
    """A teacher that knows how often each letter of the first half of the alphabet occurs."""
    CALLS.append(len(sentences))
    counts = [np.bincount([*s.lower().encode()], minlength=128)[97:110] for s in sentences]
    return np.array(counts, float) + 0.01
'''


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "letter_teacher.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "letter_teacher:encode"


def teach_losses(out: Path, phase: str) -> list[float]:
    return [r["losses"]["teach"] for r in records(out, "train") if r["phase"] == phase]


def test_both_phases_learn_from_the_teacher(
    parallel_file: Path, tmp_path: Path, teacher: str
) -> None:
    out = tmp_path / "model"
    result = run(parallel_file, out, teacher=[f"en={teacher}"], bag_steps=120, steps=60)
    bag, layers = teach_losses(out, "bag"), teach_losses(out, "layers")
    assert bag[-1] < 0.8 * bag[0]
    assert layers[-1] < bag[0]
    assert result.precision_at_1["en-fr"] > 0.3
    assert not (out / "training" / "teachers").exists()
    described = json.loads((out / "babelite.json").read_text())
    assert "teach" in described["objective"]
    assert teacher in (out / "README.md").read_text()
    weights = load_file(out / "model.safetensors")
    assert not any("teacher" in name for name in weights)  # heads are removed
    assert np.isfinite(Encoder.load(out).encode(["a b c"])).all()


@pytest.mark.parametrize(
    ("objective", "matryoshka"),
    [("align + 5*teach + teach_sim", [8, 16]), ("ugt + align + teach_sim", [])],
)
def test_a_stopped_run_resumes_bit_equal(
    objective: str,
    matryoshka: list[int],
    parallel_file: Path,
    tmp_path: Path,
    teacher: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, Any] = {"teacher": [teacher], "objective": objective}
    options["matryoshka"] = matryoshka
    run(parallel_file, tmp_path / "whole", **options)
    run_stopped(parallel_file, tmp_path / "stopped", monkeypatch, **options)
    run(parallel_file, tmp_path / "stopped", **options)
    one, other = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "stopped"))
    assert all(one[name].equal(other[name]) for name in one)


def test_another_number_of_processes_resumes_the_run(
    parallel_file: Path, tmp_path: Path, teacher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"teacher": [teacher], "bag_steps": 10, "steps": 2}
    out = tmp_path / "model"
    run_stopped(parallel_file, out, monkeypatch, teacher_processes=2, **options)
    run(parallel_file, out, **options)
    run(parallel_file, tmp_path / "one", **options)
    one, two = (load_file(folder / "model.safetensors") for folder in (tmp_path / "one", out))
    assert all(one[name].equal(two[name]) for name in one)


def test_a_token_bag_learns_from_a_teacher(
    parallel_file: Path, tmp_path: Path, teacher: str
) -> None:
    out = tmp_path / "bag"
    run(parallel_file, out, teacher=[teacher], layers=0, bag_steps=80)
    losses = teach_losses(out, "bag")
    assert losses[-1] < losses[0]
    assert (
        json.loads((out / "babelite.json").read_text())["objective"]
        == "align + 10*teach + 2*teach_sim"
    )


def test_the_card_names_the_licence_of_a_teacher(
    parallel_file: Path, tmp_path: Path, teacher: str
) -> None:
    out = tmp_path / "model"
    options: dict[str, Any] = {"teacher": [teacher], "teacher_license": ["CC0-1.0"]}
    run(parallel_file, out, bag_steps=2, steps=1, teacher_minutes=5, **options)
    assert "CC0-1.0" in (out / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options",
    [
        {"teacher": ["m:f"], "teacher_license": ["Apache-2.0", "MIT"]},
        {"teacher": ["m:f"], "objective": "align"},
        {"objective": "align + teach"},
        {"objective": "teach_sim"},
    ],
)
def test_teachers_and_their_objectives_need_each_other(options: dict[str, Any]) -> None:
    with pytest.raises(BabeliteError) as caught:
        make_config(options=options)
    assert caught.value.code in ("option-missing", "option-conflict")


def test_a_teacher_of_other_languages_is_refused(
    parallel_file: Path, tmp_path: Path, teacher: str
) -> None:
    with pytest.raises(BabeliteError) as caught:
        run(parallel_file, tmp_path / "model", teacher=[f"de={teacher}"])
    assert caught.value.code == "language-not-found"
    assert not (tmp_path / "model").exists()


def test_a_teacher_that_does_not_open_leaves_no_folder(parallel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    with pytest.raises(BabeliteError):
        run(parallel_file, out, teacher=["no_such_module:encode"])
    assert not out.exists()
