"""Training from an initial encoder, and averaging with it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from safetensors.numpy import load_file
from small_runs import records, run, run_stopped

from babelite import Encoder
from babelite.corpus import parse_source
from babelite.encoding import DEFAULT_MODEL, read_model_folder
from babelite.errors import BabeliteError
from babelite.evaluation import precision_at_1
from babelite.storage import sha256
from babelite.training.presets import make_config
from babelite.training.run import TrainingResult, train
from babelite.training.training_progress import TrainingProgress

pytestmark = pytest.mark.slow

SENTENCES = ["Where is the station?", "Où est la gare ?", "Wie spät ist es?"]
# Of the small settings those that the encoder decides, and those of the phase that it leaves out.
_DECIDED = ("vocabulary_size", "dim", "hidden_dim", "bag_steps", "bag_batch_size")
OWN: dict[str, Any] = dict.fromkeys(_DECIDED)


@pytest.fixture(scope="module")
def start(finished: tuple[Path, TrainingResult], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it is given away: the model without the run that made it."""
    path = tmp_path_factory.mktemp("start") / "model"
    shutil.copytree(finished[0], path, ignore=shutil.ignore_patterns("training"))
    return path


def test_training_starts_from_the_initial_encoder(
    start: Path, parallel_file: Path, tmp_path: Path
) -> None:
    run(parallel_file, tmp_path / "m", start=str(start), steps=1, learning_rate=1e-9, **OWN)
    before, after = (Encoder.load(p, precision="float32") for p in (start, tmp_path / "m"))
    np.testing.assert_allclose(after.encode(SENTENCES), before.encode(SENTENCES), atol=1e-5)


def test_training_from_an_encoder_beats_training_from_scratch(
    start: Path, parallel_file: Path, tmp_path: Path
) -> None:
    steps = {"steps": 5, "learning_rate": 1e-4}
    ahead = run(parallel_file, tmp_path / "ahead", start=str(start), **OWN | steps)
    chance = run(parallel_file, tmp_path / "chance", bag_steps=0, **steps)
    assert ahead.precision_at_1["en-fr"] > chance.precision_at_1["en-fr"] + 0.4
    assert {record["phase"] for record in records(tmp_path / "ahead", "validation")} == {"layers"}


def test_an_initial_encoder_with_layers_gets_a_low_learning_rate(
    start: Path, tmp_path: Path
) -> None:
    usual = make_config().learning_rate
    config = make_config(options={"start": str(start)})
    assert not config.has_bag_phase
    assert config.learning_rate < usual / 2
    assert make_config("paper", options={"start": str(start)}).learning_rate < usual / 2
    given = make_config(options={"start": str(start), "learning_rate": usual})
    assert given.learning_rate == usual
    (tmp_path / "c.toml").write_text(f"learning_rate = {usual}\n")
    assert (
        make_config(file=tmp_path / "c.toml", options={"start": str(start)}).learning_rate == usual
    )


def test_a_stopped_run_resumes_from_its_own_weights(
    start: Path, parallel_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"start": str(start), "steps": 20} | OWN
    run(parallel_file, tmp_path / "whole", **options)
    run_stopped(parallel_file, tmp_path / "stopped", monkeypatch, **options)
    run(parallel_file, tmp_path / "stopped", **options)
    whole, stopped = (sha256(tmp_path / p / "model.safetensors") for p in ("whole", "stopped"))
    assert stopped == whole


def test_the_packaged_encoder_is_dequantized(parallel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    run(parallel_file, out, start="babelite", steps=1, learning_rate=1e-9, **OWN)
    packaged, same = Encoder.load(), Encoder.load(out, precision="float32")
    assert (packaged.encode(SENTENCES) * same.encode(SENTENCES)).sum(1).min() > 0.999
    # Its languages and the text behind it are the new encoder's too.
    old, new = (read_model_folder(path).description for path in (DEFAULT_MODEL, out))
    assert new.languages == old.languages
    assert new.data[:-1] == old.data
    assert new.data[-1].source == "en-fr.tsv"
    assert old.name in (out / "README.md").read_text(encoding="utf-8").split("How it was made")[1]


def test_start_share_averages_initial_and_trained_weights(
    start: Path, parallel_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"start": str(start), "steps": 5, "learning_rate": 1e-2} | OWN
    run(parallel_file, tmp_path / "whole", **options)
    shared = options | {"start_share": 0.25}
    run_stopped(parallel_file, tmp_path / "mean", monkeypatch, **shared)
    result = run(parallel_file, tmp_path / "mean", **shared)
    before, trained, mean = (
        load_file(path / "model.safetensors")
        for path in (start, tmp_path / "whole", tmp_path / "mean")
    )
    for name, weight in mean.items():
        np.testing.assert_allclose(weight, 0.25 * before[name] + 0.75 * trained[name], atol=1e-6)
    # The reported P@1 is that of the averaged weights.
    held_out = [
        line.split("\t")
        for line in (tmp_path / "mean/training/corpus/en-fr.held-out.tsv").read_text().splitlines()
    ]
    encoder = Encoder.load(tmp_path / "mean", precision="float32")
    u, v = (encoder.encode([pair[side] for pair in held_out]) for side in range(2))
    hits = [precision_at_1(u, v).mean(), precision_at_1(v, u).mean()]
    assert result.precision_at_1["en-fr"] == pytest.approx(np.mean(hits), abs=0.005)
    assert "25% initial encoder" in (tmp_path / "mean" / "README.md").read_text(encoding="utf-8")


def test_averaging_with_a_changed_encoder_is_refused(
    start: Path, parallel_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = shutil.copytree(start, tmp_path / "mine")
    options: dict[str, Any] = {"start": str(mine), "start_share": 0.5, "steps": 5} | OWN
    run_stopped(parallel_file, tmp_path / "m", monkeypatch, **options)
    shutil.rmtree(mine)
    run(parallel_file, tmp_path / "other", start=str(start), steps=1, **OWN)
    shutil.copytree(tmp_path / "other", mine)
    with pytest.raises(BabeliteError) as error:
        run(parallel_file, tmp_path / "m", **options)
    assert error.value.code == "model-changed"
    shutil.rmtree(mine)
    shutil.copytree(start, mine)
    run(parallel_file, tmp_path / "m", **options)


def test_a_bag_can_start_from_a_bag(parallel_file: Path, tmp_path: Path) -> None:
    run(parallel_file, tmp_path / "bag", layers=0)
    more = {"bag_steps": 1, "bag_learning_rate": 1e-9, "bag_batch_size": 64}
    run(parallel_file, tmp_path / "m", start=str(tmp_path / "bag"), **OWN | more)
    before, after = (Encoder.load(tmp_path / p, precision="float32") for p in ("bag", "m"))
    np.testing.assert_allclose(after.encode(SENTENCES), before.encode(SENTENCES), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 48}, "has dim = 32, .*omit --dim"),
        ({"bag_steps": 5}, "omit --bag-epochs, --bag-steps and --bag-share"),
        ({"start": None, "start_share": 0.5}, "--start-share needs --start"),
    ],
)
def test_sizes_of_the_initial_encoder_cannot_be_changed(
    options: dict[str, Any], message: str, start: Path
) -> None:
    with pytest.raises(BabeliteError, match=message):
        make_config("tiny", options={"start": str(start)} | options)


def test_a_missing_initial_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="there is no such folder"):
        make_config("tiny", options={"start": str(tmp_path / "absent")})


def test_text_outside_the_vocabulary_is_counted_or_refused(
    start: Path, parallel_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unreadable = "".join(f"{chr(0x4E00 + n)}\t{chr(0x4F00 + n)}\n" for n in range(200))
    config = make_config("tiny", None, {"start": str(start), "steps": 1})
    mixed, alone = tmp_path / "mixed.tsv", tmp_path / "alone.tsv"
    alone.write_text(unreadable, encoding="utf-8")
    mixed.write_text(unreadable + parallel_file.read_text("utf-8"), encoding="utf-8")
    said = TrainingProgress(Console(stderr=True, width=200))
    train([parse_source(f"en-fr={mixed}")], tmp_path / "m", config, progress=said)
    assert re.search(r"Omitted 1\d\d of [\d,]+ pairs of en-fr", capsys.readouterr().err)
    with pytest.raises(BabeliteError, match="omit --start"):
        train([parse_source(f"en-fr={alone}")], tmp_path / "n", config)
