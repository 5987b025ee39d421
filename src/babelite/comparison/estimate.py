"""How long a comparison will take: from what is finished, else from the work and the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from babelite.comparison.jobs.cell_records import read_record
from babelite.comparison.jobs.cells import CellFiles

if TYPE_CHECKING:
    from babelite.training import TrainingConfig

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
        cells: Seconds of each cell: 0 if it is finished, None if that cannot be told yet.
        measured: Whether finished cells tell it; otherwise it is a guess: on a machine
            as busy as it is now, within a factor of two or so.
    """

    cells: Sequence[float | None]
    measured: bool

    @property
    def total(self) -> float:
        """Seconds of all cells of which they are known."""
        return float(sum(seconds or 0.0 for seconds in self.cells))


def estimate(files: Sequence[CellFiles]) -> Estimate:
    """Estimate what is left of a comparison.

    Args:
        files: Its cells.

    Returns:
        The seconds of each.
    """
    rate = matrix_rate() if any(one.cell.config for one in files) else 1.0
    ratios: dict[str, list[float]] = {}
    for one in files:
        record, guess = read_record(one.trained), _guess(one, rate)
        if record is not None and guess:
            ratios.setdefault(one.cell.system, []).append(float(record["seconds"]) / guess)
    usual = statistics.median(chain.from_iterable(ratios.values())) if ratios else 1.0
    seconds: list[float | None] = []
    for one in files:
        if one.is_finished():
            seconds.append(0.0)
        elif one.is_trained():
            seconds.append(_EVALUATION)
        else:
            guess = _guess(one, rate)
            ratio = statistics.median(ratios.get(one.cell.system, [usual]))
            seconds.append(None if guess is None else _EVALUATION + ratio * guess)
    return Estimate(seconds, bool(ratios))


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


def _guess(one: CellFiles, rate: float) -> float | None:
    """Seconds of a training by its arithmetic; None if it is not known how much there is."""
    config = one.cell.config
    if config is None:
        return 0.0
    if config.minutes is not None:
        return 60 * config.minutes
    pairs = one.pairs_wanted()
    if pairs is None:
        return None
    bag, layers = pairs
    work = bag * _BAG_FLOPS * config.dim + layers * flops_per_pair(config)
    return _START + work / rate
