"""A comparison that takes seconds: made-up languages, tiny networks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from made_up_languages import Bilingual

from babelite.comparison import Cell, Grid, make_grid, open_grid, read_config
from babelite.comparison.jobs.job_process import do

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
name = "alike"
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
    """Write pairs to train on, and a file of each kind of task."""
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


def grid_of(text: str, folder: Path, out: Path) -> Grid:
    """The grid of a configuration, with its folder taken."""
    path = folder / f"{out.name}.toml"
    path.write_text(text, encoding="utf-8")
    return open_grid(make_grid(read_config(path), path, out))


class InThisProcess:
    """Does jobs without new processes, and remembers which."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, job: Path, watch: Callable[[], None]) -> int:
        """See `babelite.comparison.jobs.launcher.Launcher`."""
        self.done.append(f"{job.parent.parent.name}/{job.parent.name}/{job.stem}")
        watch()
        return do(job)


class Silent:
    """A watcher that remembers how cells ended."""

    def __init__(self) -> None:
        self.states: dict[str, tuple[str, str]] = {}

    def began(self, cell: Cell, step: str) -> None:
        """See `babelite.comparison.compare.Watcher`."""

    def working(self, share: float | None, detail: str) -> None:
        """See `babelite.comparison.compare.Watcher`."""

    def ended(self, cell: Cell, state: str, error: str, seconds: float) -> None:
        """See `babelite.comparison.compare.Watcher`."""
        self.states[cell.title] = (state, error)
