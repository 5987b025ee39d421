"""How long a comparison will take: from what is finished, else from the work and the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from babelite.comparison.cells import CellFiles
from babelite.comparison.records import read_record

if TYPE_CHECKING:
    from babelite.training.config import TrainingConfig

_TOKENS = 16  # a sentence of ordinary text
_TRAINING = 3  # times the work of using the network: the gradients cost twice that again
_MASKED = 0.15
# Without layers a pair costs hardly any arithmetic, but looking up and updating its tokens.
_BAG_FLOPS = 20_000  # a component of the vector
_START = 15.0  # seconds a model that are no training: starting, validating, exporting
_EVALUATION = 20.0
_SECONDS = 0.2


@dataclass(frozen=True)
class Estimate:
    """What a comparison will take from now on.

    Attributes:
        cells: Seconds of each cell that is not finished, 0 for the others.
        measured: Whether finished cells tell it; otherwise it is a guess within a factor of two.
    """

    cells: Sequence[float]
    measured: bool

    @property
    def total(self) -> float:
        """Seconds in all."""
        return float(sum(self.cells))


def estimate(files: Sequence[CellFiles]) -> Estimate:
    """Estimate what is left of a comparison.

    Args:
        files: Its cells.

    Returns:
        The seconds of each.
    """
    known = _finished(files)
    rate = matrix_rate() if any(f.cell.config for f in files if not f.is_trained()) else 1.0
    ratios = [seconds / _work_seconds(config, rate) for _, config, seconds in known]
    usual = statistics.median(ratios) if ratios else 1.0
    seconds = []
    for one in files:
        if one.is_finished():
            seconds.append(0.0)
            continue
        left = _EVALUATION
        if one.cell.config is not None and not one.is_trained():
            own = [
                ratio
                for (name, _, _), ratio in zip(known, ratios, strict=True)
                if name == one.cell.system
            ]
            ratio = statistics.median(own) if own else usual
            left += _training_seconds(one.cell.config, rate, ratio)
        seconds.append(left)
    return Estimate(seconds, bool(known))


def matrix_rate() -> float:
    """Floating-point operations a second of float32 matrix products on this machine."""
    side = 768
    matrix = np.ones((side, side), np.float32)
    matrix @ matrix
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < _SECONDS:
        matrix @ matrix
        count += 1
    return 2 * side**3 * count / (time.perf_counter() - began)


def flops_per_pair(config: TrainingConfig) -> float:
    """Arithmetic of training the whole network on one pair.

    Args:
        config: The settings.

    Returns:
        Operations, multiplications and additions counted: layers on both sides, and for each
        objective with a head what it predicts: one distribution a sentence, or one a token.
    """
    dim, tokens = config.dim, 2 * _TOKENS
    layer = 2 * (4 * dim * dim + 2 * dim * config.hidden_dim)
    head = 2 * dim * (dim + config.vocabulary_size)
    encoded = config.layers * layer * tokens
    total = 0.0 if config.weights.keys() <= {"mlm", "tlm"} else float(encoded)
    for name in config.weights:
        total += {
            "mlm": encoded + _MASKED * tokens * head,
            "tlm": encoded + _MASKED * tokens * head,
            "smlm": 2 * head,
            "xtr": 2 * head,
            "ugt": 2 * head,
            "translation": tokens * (head + layer),
        }.get(name, 0)
    return _TRAINING * total


def _finished(files: Sequence[CellFiles]) -> list[tuple[str, TrainingConfig, float]]:
    """Systems with their settings and the seconds that training took."""
    found = []
    for one in files:
        record = read_record(one.trained)
        if record is not None and one.cell.config is not None:
            found.append((one.cell.system, one.cell.config, float(record["seconds"])))
    return found


def _training_seconds(config: TrainingConfig, rate: float, ratio: float) -> float:
    if config.minutes is not None:
        return 60 * config.minutes
    return _START + ratio * _work_seconds(config, rate)


def _work_seconds(config: TrainingConfig, rate: float) -> float:
    if config.minutes is not None:
        return 60 * config.minutes
    bag = (config.bag_steps or 0) * config.bag_batch_size * _BAG_FLOPS * config.dim
    layers = 0.0
    if config.layers:
        layers = (config.steps or 0) * config.batch_size * flops_per_pair(config)
    return (bag + layers) / rate
