"""A comparison that takes seconds: artificial languages, tiny networks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from made_up_languages import Bilingual

from babelite.comparison import ComparisonCell, ComparisonGrid, read_comparison
from babelite.comparison.jobs.job_process import run_job

BASE = """
title = "Small"
seeds = [0]
reference = "align"

[data]
train = ["en-fr.tsv"]

[budget]
pairs = 6000

[training]
preset = "tiny"
vocabulary_size = 300
dim = 32
hidden_dim = 64
bag_epochs = 0
batch_size = 50
warmup_steps = 5
learning_rate = 1e-2
held_out = 100
validations = 2
threads = 1
"""
SYSTEMS = """
[[systems]]
name = "token bag"
layers = 0
bag_epochs = 1
bag_batch_size = 50

[[systems]]
name = "align"
objective = "align"
"""
ENCODERS = """
[[encoders]]
name = "letters"
encoder = "letter_encoder:letters"
"""
TASKS = """
[[tasks]]
kind = "retrieval"
name = "pairs"
pairs = ["test.en-fr.tsv"]

[[tasks]]
kind = "similarity"
name = "similarity"
scored = { en = "sts.en.tsv", fr = "sts.fr.tsv" }

[[tasks]]
kind = "classification"
name = "topics"
documents = "topics"
seeds = [0, 1]
"""
SMALL = BASE + SYSTEMS + ENCODERS + TASKS
ENCODER = """
import numpy as np

def letters(sentences):
    return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
"""


def write_text(folder: Path) -> None:
    """Write training pairs, and the files of each kind of task."""
    rng = random.Random(0)
    pairs = Bilingual().pairs(1_000)
    _write(folder / "en-fr.tsv", pairs[:800])
    _write(folder / "test.en-fr.tsv", pairs[800:860])
    chosen = [(i, i if rng.random() < 0.5 else i + 1) for i in range(860, 900)]
    for side, code in enumerate(("en", "fr")):
        rows = [(pairs[i][side], pairs[j][side], "5" if i == j else "1") for i, j in chosen]
        _write(folder / f"sts.{code}.tsv", rows)
    topics = folder / "topics"
    topics.mkdir()
    for part, rows in (("train", pairs[900:950]), ("dev", pairs[950:970]), ("test", pairs[970:])):
        for side, code in enumerate(("en", "fr")):
            if part == "test" or code == "en":
                labels = ("long" if len(row[0]) > 40 else "short" for row in rows)
                texts = (row[side] for row in rows)
                _write(topics / f"{code}.{part}.tsv", zip(labels, texts, strict=True))
    (folder / "letter_encoder.py").write_text(ENCODER)


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def grid_of(text: str, folder: Path, out: Path) -> ComparisonGrid:
    """The grid of a configuration."""
    path = folder / f"{out.name}.toml"
    path.write_text(text, encoding="utf-8")
    return read_comparison(path, out)


def read_grid(text: str, folder: Path, tmp_path: Path) -> ComparisonGrid:
    """The grid of a configuration in another folder than its data."""
    path = tmp_path / "compare.toml"
    path.write_text(text, encoding="utf-8")
    return read_comparison(path, tmp_path / "out", folder)


class InThisProcess:
    """Launcher that runs jobs in this process and records them."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, job: Path, on_wait: Callable[[], None]) -> int:
        """See `babelite.comparison.jobs.job_process.Launcher`."""
        self.done.append(f"{job.parent.parent.name}/{job.parent.name}/{job.stem}")
        on_wait()
        return run_job(job)


class Silent:
    """Progress that records the status of each ended cell."""

    def __init__(self) -> None:
        self.statuses: dict[str, tuple[str, str]] = {}

    def step_started(self, cell: ComparisonCell, step: str) -> None:
        """See `babelite.comparison.ComparisonProgress`."""

    def step_progress(self, share: float | None, detail: str) -> None:
        """See `babelite.comparison.ComparisonProgress`."""

    def cell_ended(self, cell: ComparisonCell, status: str, error: str, seconds: float) -> None:
        """See `babelite.comparison.ComparisonProgress`."""
        self.statuses[cell.title] = (status, error)
