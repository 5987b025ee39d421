"""Reservation of the run folder: one run per folder, resumption, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from babelite.errors import BabeliteError
from babelite.training.run_folder import RunFolder, read_record, write_record

ASKED: dict[str, Any] = {
    "config": {"dim": 64, "objective": "align"},
    "cleaning": {"identical": "True"},
    "data": [{"languages": "en-fr", "files": [["en-fr.tsv", 100]]}],
}


def with_dim(dim: int) -> dict[str, Any]:
    return ASKED | {"config": ASKED["config"] | {"dim": dim}}


def test_a_new_folder_is_created_and_reserved(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "deep" / "model")
    assert run.reserve(ASKED) is False
    assert run.cleaned("en-fr").parent.is_dir()


def test_an_empty_folder_is_reserved(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).reserve(ASKED) is False


def test_the_same_run_is_resumed(tmp_path: Path) -> None:
    RunFolder(tmp_path).reserve(ASKED)
    assert RunFolder(tmp_path).reserve(ASKED) is True


def test_a_run_without_a_newer_option_resumes_with_its_default(tmp_path: Path) -> None:
    RunFolder(tmp_path).reserve(ASKED)
    newer = ASKED | {"config": ASKED["config"] | {"accumulate": 1}}
    assert RunFolder(tmp_path).reserve(newer) is True


def test_tuples_and_lists_are_the_same(tmp_path: Path) -> None:
    data = ({"languages": "en-fr", "files": (("en-fr.tsv", 100),)},)
    RunFolder(tmp_path).reserve(ASKED | {"data": data})
    assert RunFolder(tmp_path).reserve(ASKED) is True


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (with_dim(32), "dim (was 64, is 32)"),
        (ASKED | {"config": ASKED["config"] | {"seed": 1}}, "seed (was 0, is 1)"),
        (ASKED | {"cleaning": {"identical": "False"}}, "identical"),
        (ASKED | {"data": [{"languages": "en-fr", "files": [["en-fr.tsv", 101]]}]}, "its data"),
    ],
)
def test_another_run_is_refused_with_the_differences(
    other: dict[str, Any], words: str, tmp_path: Path
) -> None:
    RunFolder(tmp_path).reserve(ASKED)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(BabeliteError) as caught:
        RunFolder(tmp_path).reserve(other)
    assert words in str(caught.value)
    assert "--out" in str(caught.value)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "training/mine.csv", "deep/er/file"])
def test_a_folder_with_other_files_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(BabeliteError, match="not empty"):
        RunFolder(tmp_path).reserve(ASKED)
    assert path.read_text() == "mine"


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text("mine")
    with pytest.raises(BabeliteError, match="is a file"):
        RunFolder(path).reserve(ASKED)
    with pytest.raises(BabeliteError, match="cannot be created"):
        RunFolder(path / "below").reserve(ASKED)
    assert path.read_text() == "mine"


def test_a_run_killed_at_its_start_can_start_again(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.cleaned("en-fr").parent.mkdir(parents=True)
    (run.work / ".run.json.abc.tmp").write_text("{")
    assert run.reserve(ASKED) is False


def test_unfinished_files_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.reserve(ASKED)
    (run.work / ".last.safetensors.abc.tmp").write_bytes(b"half")
    (run.work / "corpus" / ".en-fr.tsv.abc.tmp").write_bytes(b"half")
    for folder in (run.work / ".abc.tmp", run.out / ".def.tmp"):
        (folder / "onnx").mkdir(parents=True)
        (folder / "onnx" / ".model.onnx.ghi.tmp").write_bytes(b"half")
    run.metrics.write_text("kept")
    run.reserve(ASKED)
    left = {path.name for path in run.work.rglob("*")}
    assert left == {"run.json", "corpus", "metrics.jsonl"}


@pytest.mark.parametrize("content", ["", "{", '{"config": '])
def test_a_damaged_description_is_reported(content: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.reserve(ASKED)
    run.description.write_text(content)
    with pytest.raises(BabeliteError, match=r"run\.json: is damaged"):
        run.reserve(ASKED)


def test_an_incomplete_description_is_another_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.reserve(ASKED)
    run.description.write_text("{}")
    with pytest.raises(BabeliteError, match="another run"):
        run.reserve(ASKED)


def test_records_are_read_as_written(tmp_path: Path) -> None:
    record = {"seconds": 1.5, "name": "é", "parts": [1, None]}
    write_record(tmp_path / "record.json", record)
    assert read_record(tmp_path / "record.json") == record
