"""Estimate the remaining time of a comparison: from finished cells, otherwise from FLOPs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.cell_records import read_cell_record
from babelite.comparison.grid import ComparisonGrid

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

_TOKENS = 16  # per sentence of ordinary text
_TRAINING = 3  # training costs three forward passes: gradients cost two
_MASKED = 0.15
# Without layers a pair costs little arithmetic, but its token vectors are looked up and updated.
_BAG_FLOPS = 20_000  # per component of the vector
_START_SECONDS = 15.0  # per model: start, validation, export
_EVALUATION_SECONDS = 20.0
_MEASUREMENT_SECONDS = 0.2


@dataclass(frozen=True)
class TimeEstimate:
    """The remaining time of a comparison; without finished cells within a factor of about two."""

    cells: Sequence[
        float | None
    ]  # seconds; 0 if it is finished, None if it cannot be estimated yet
    measured: bool  # whether it is based on finished cells

    @property
    def total(self) -> float:
        """Seconds of all cells that have an estimate."""
        return float(sum(seconds or 0.0 for seconds in self.cells))


def estimate_time(grid: ComparisonGrid) -> TimeEstimate:
    """Estimate the remaining time of every cell; measuring this machine takes 0.2 seconds."""
    folders = [CellFolder(grid, cell) for cell in grid.cells]
    rate = _matrix_flops() if any(cell.config for cell in grid.cells) else 1.0
    guesses = [_guess(folder, rate) for folder in folders]
    ratios: dict[str, list[float]] = {}
    for folder, guess in zip(folders, guesses, strict=True):
        record = read_cell_record(folder.trained)
        if record is not None and guess:
            ratios.setdefault(folder.cell.system, []).append(float(record["seconds"]) / guess)
    usual = statistics.median(chain.from_iterable(ratios.values())) if ratios else 1.0
    seconds: list[float | None] = []
    for folder, guess in zip(folders, guesses, strict=True):
        if folder.is_finished():
            seconds.append(0.0)
        elif folder.is_trained():
            seconds.append(_EVALUATION_SECONDS)
        else:
            ratio = statistics.median(ratios.get(folder.cell.system, [usual]))
            seconds.append(None if guess is None else _EVALUATION_SECONDS + ratio * guess)
    return TimeEstimate(seconds, bool(ratios))


def _matrix_flops() -> float:
    """Floating-point operations per second of float32 matrix products on this machine."""
    side = 768
    matrix = np.ones((side, side), np.float32)
    matrix @ matrix
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < _MEASUREMENT_SECONDS:
        matrix @ matrix
        count += 1
    return 2 * side**3 * count / (time.perf_counter() - started)


def _flops_per_pair(config: TrainingConfig) -> float:
    """FLOPs of the layers phase per pair: layers on both sides, and the heads of the objectives."""
    dim, tokens = config.dim, 2 * _TOKENS
    layer = 2 * (4 * dim * dim + 2 * dim * config.hidden_dim)
    head = 2 * dim * (dim + config.vocabulary_size)
    encoded = config.layers * layer * tokens
    masked = encoded + _MASKED * tokens * head
    own: dict[str, float] = dict.fromkeys(("smlm", "xtr", "ugt"), 2 * head)
    own |= {"mlm": masked, "tlm": masked, "translation": tokens * (head + layer)}
    shared = 0 if config.weights.keys() <= {"mlm", "tlm"} else encoded
    return _TRAINING * (shared + sum(own.get(name, 0) for name in config.weights))


def _guess(folder: CellFolder, rate: float) -> float | None:
    """Seconds of training by FLOPs; None while the amount of text is unknown."""
    config = folder.cell.config
    if config is None:
        return 0.0
    if config.minutes is not None:
        return 60 * config.minutes
    pairs = folder.expected_pairs()
    if pairs is None:
        return None
    bag, layers = pairs
    flops = bag * _BAG_FLOPS * config.dim + layers * _flops_per_pair(config)
    return _START_SECONDS + flops / rate
