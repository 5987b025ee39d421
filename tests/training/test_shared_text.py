"""Text that is prepared once and trained on by several runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelite.corpus import PairSource, parse_source
from babelite.errors import BabeliteError
from babelite.storage import sha256
from babelite.training.config import TrainingConfig
from babelite.training.presets import make_config
from babelite.training.run import prepare_text, train

SMALL: dict[str, Any] = {
    "vocabulary_size": 300,
    "dim": 32,
    "hidden_dim": 64,
    "bag_steps": 10,
    "bag_batch_size": 64,
    "steps": 10,
    "batch_size": 32,
    "held_out": 100,
    "validations": 1,
    "threads": 1,
}


def config(**changes: Any) -> TrainingConfig:
    return make_config("tiny", None, SMALL | changes)


@pytest.fixture
def sources(parallel_file: Path) -> list[PairSource]:
    return [parse_source(str(parallel_file))]


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_run_on_shared_text_is_bit_equal_to_one_on_its_own_text(
    sources: list[PairSource], tmp_path: Path
) -> None:
    prepare_text(sources, tmp_path / "text", config())
    prepared = times(tmp_path / "text")
    train(sources, tmp_path / "own", config())
    train(sources, tmp_path / "shared", config(), text=tmp_path / "text")
    own, shared = (tmp_path / name / "model.safetensors" for name in ("own", "shared"))
    assert sha256(own) == sha256(shared)
    assert not (tmp_path / "shared" / "training" / "tokens").exists()
    # Another objective and another seed read the same text, and leave it as it is.
    train(sources, tmp_path / "other", config(objective="xtr", seed=1), text=tmp_path / "text")
    prepare_text(sources, tmp_path / "text", config())
    assert times(tmp_path / "text") == prepared


def test_missing_shared_text_is_prepared(sources: list[PairSource], tmp_path: Path) -> None:
    settings = config(steps=1, bag_steps=1)
    train(sources, tmp_path / "model", settings, text=tmp_path / "deep" / "text")
    assert (tmp_path / "deep" / "text" / "tokenizer.json").exists()
    assert (tmp_path / "deep" / "text" / "tokens" / "en-fr").is_dir()


def test_text_for_other_settings_is_refused(sources: list[PairSource], tmp_path: Path) -> None:
    prepare_text(sources, tmp_path / "text", config())
    with pytest.raises(BabeliteError, match="from other files or with other settings"):
        train(sources, tmp_path / "model", config(max_tokens=50), text=tmp_path / "text")


def test_unfinished_files_of_a_killed_run_are_removed(
    sources: list[PairSource], tmp_path: Path
) -> None:
    prepare_text(sources, tmp_path / "text", config())
    (tmp_path / "text" / ".half.tmp").mkdir()
    prepare_text(sources, tmp_path / "text", config())
    assert not list((tmp_path / "text").glob(".*.tmp"))


def test_weights_below_1_lose_no_text(sources: list[PairSource], tmp_path: Path) -> None:
    prepare_text([replace(source, weight=0.01) for source in sources], tmp_path / "low", config())
    prepare_text(sources, tmp_path / "one", config())
    for name in ("tokenizer.json", "corpus/en-fr.tsv"):
        assert sha256(tmp_path / "low" / name) == sha256(tmp_path / "one" / name)
