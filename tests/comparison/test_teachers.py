"""Comparison of systems with teachers: vectors are computed once for all systems and seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from small_comparison import BASE, TASKS, InThisProcess, Silent, grid_of, read_grid

from babelite.comparison import CellFolder, run_comparison
from babelite.comparison.cell_records import read_cell_record
from babelite.comparison.compare import open_comparison
from babelite.errors import BabeliteError

QUICK = BASE.replace("pairs = 6000", "pairs = 400").replace('reference = "align"\n', "")
SEEDS = QUICK.replace("seeds = [0]", "seeds = [0, 1]")
ONE_TASK = TASKS[: TASKS.index("[[tasks]]", TASKS.index("[[tasks]]") + 1)]
PLAIN = """
[[systems]]
name = "align"
objective = "align"
"""
TAUGHT = """
[[systems]]
name = "taught"
teacher = "en=counting_teacher:encode"
matryoshka = [8, 16]

[[systems]]
name = "taught, similarities"
teacher = ["2*en=counting_teacher:encode"]
objective = "align + teach_sim"
"""
TEACHER = """
import numpy as np

CALLS = []

def encode(sentences):
    CALLS.append(len(sentences))
    return np.array([np.bincount([*s.encode()], minlength=128) for s in sentences], float)
"""


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counting_teacher.py").write_text(TEACHER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "counting_teacher", raising=False)


@pytest.mark.slow
def test_systems_and_seeds_share_the_vectors_of_a_teacher(
    text: Path, tmp_path: Path, teacher: None
) -> None:
    grid = grid_of(SEEDS + PLAIN + TAUGHT + ONE_TASK, text, tmp_path / "out")
    launcher = InThisProcess()
    outcome = run_comparison(grid, Silent(), launcher=launcher)
    assert (outcome.finished, outcome.failed) == (6, ())
    # The text is prepared once, then again for the teacher's vectors.
    assert sum("/text/" in job for job in launcher.done) == 2
    [vectors] = (grid.out / "text").glob("*/teachers/*/vectors.bin")
    calls = sys.modules["counting_teacher"].CALLS
    assert sum(calls) <= 800 + len(calls)  # each sentence once, and a trial at each opening
    for cell in grid.cells:
        trained = CellFolder(grid, cell)
        assert trained.is_finished()
        config = (read_cell_record(trained.fingerprint_file) or {})["config"]
        assert ("teach" in config["objective"]) == cell.system.startswith("taught")
    # Other teachers can be added: only they are computed.
    before = vectors.stat().st_mtime_ns
    more = TAUGHT.replace("taught, similarities", "other").replace("2*en=counting", "fr=counting")
    added = grid_of(QUICK + PLAIN + more + ONE_TASK, text, tmp_path / "out")
    assert run_comparison(added, Silent(), launcher=InThisProcess()).finished == 3
    assert len(list((grid.out / "text").glob("*/teachers/*/vectors.bin"))) == 2
    assert vectors.stat().st_mtime_ns == before


def test_the_folder_of_a_teacher_is_relative_to_the_data(text: Path, tmp_path: Path) -> None:
    (text / "teacher-model").mkdir(exist_ok=True)
    folder = text / "teacher-model"
    system = TAUGHT.replace("counting_teacher:encode", "teacher-model")
    grid = read_grid(QUICK + system + ONE_TASK, text, tmp_path)
    found = [cell.config.teacher for cell in grid.cells if cell.config]
    assert found == [[f"en={folder.resolve()}"], [f"2*en={folder.resolve()}"]]


@pytest.mark.slow
def test_a_teacher_of_the_same_system_cannot_change(
    text: Path, tmp_path: Path, teacher: None
) -> None:
    grid = grid_of(QUICK + TAUGHT + ONE_TASK, text, tmp_path / "out")
    run_comparison(grid, Silent(), launcher=InThisProcess())
    changed = TAUGHT.replace("en=counting", "fr=counting", 1)
    with pytest.raises(BabeliteError, match="teacher") as caught:
        open_comparison(grid_of(QUICK + changed + ONE_TASK, text, tmp_path / "out"))
    assert caught.value.code == "run-mismatch"


@pytest.mark.parametrize("system", ['teacher = "m:f"\nobjective = "align"', "teacher = [3]"])
def test_a_bad_teacher_names_its_system(system: str, text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="taught") as caught:
        read_grid(f'{QUICK}[[systems]]\nname = "taught"\n{system}\n{ONE_TASK}', text, tmp_path)
    assert caught.value.path is not None
