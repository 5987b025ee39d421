"""Training runs of about a second, in the library and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from babelite.corpus import parse_monolingual_source, parse_source
from babelite.training import TrainingResult, make_config, train
from babelite.training.loop.signals import TrainingStopped
from babelite.training.loop.trainer import Trainer

# Small enough for a second, large enough to learn and to hold every kind of state.
SMALL: dict[str, Any] = {
    "preset": "tiny",
    "vocabulary_size": 300,
    "dim": 32,
    "hidden_dim": 64,
    "bag_steps": 40,
    "bag_batch_size": 64,
    "steps": 40,
    "batch_size": 32,
    "warmup_steps": 5,
    "held_out": 100,
    "validations": 3,
    "threads": 1,
}


def _computes_in_bfloat16() -> bool:
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return bool((torch.ones(8, 8) @ torch.ones(8, 8)).isfinite().all())
    except RuntimeError:
        return False


needs_bfloat16 = pytest.mark.skipif(
    not _computes_in_bfloat16(), reason="this build of torch does not compute in bfloat16"
)
PAPER = "ugt + 2*align + 2*sim"


def small(**changes: Any) -> dict[str, Any]:
    return SMALL | changes


def run(file: Path, out: Path, **changes: Any) -> TrainingResult:
    """Train through the library."""
    options = small(**changes)
    monolingual = [parse_monolingual_source(text) for text in options.pop("mono", ())]
    config = make_config(options.pop("preset"), None, options)
    return train([parse_source(str(file))], out, config, monolingual=monolingual)


def run_stopped(file: Path, out: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Train through the library until the first validation, and stop there as by Ctrl-C."""
    validate = Trainer._validate

    def validate_and_stop(trainer: Trainer, *others: Any) -> None:
        validate(trainer, *others)
        trainer.stop.received = True

    with monkeypatch.context() as patch, pytest.raises(TrainingStopped):
        patch.setattr(Trainer, "_validate", validate_and_stop)
        run(file, out, **changes)


def records(out: Path, event: str) -> list[dict[str, Any]]:
    lines = (out / "training" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


def flags(**changes: Any) -> list[str]:
    """The small settings as options of the command line."""
    return [
        part
        for name, value in small(**changes).items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
