"""What a run says of itself between two lines of its metrics file."""

from __future__ import annotations

import time
from typing import Any

import torch

from babelite.training.loop.checkpoints import Counters
from babelite.training.loop.phases import Phase


class Record:
    """Losses since the last line.

    Args:
        counters: Where the run is; they move on while the record is kept.
    """

    def __init__(self, counters: Counters) -> None:
        self.counters, self.rate, self.loss = counters, 0.0, 0.0
        self._open()

    def _open(self) -> None:
        self.since, self.pairs, self.steps = time.monotonic(), self.counters.pairs, 0
        self.sums: dict[str, float] = {}
        self.total, self.norm = 0.0, 0.0

    def add(self, losses: dict[str, float], loss: float, norm: float) -> None:
        """Take in a step: each objective's loss, their weighted sum, and the gradient's length."""
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.steps, self.total, self.norm = self.steps + 1, self.total + loss, self.norm + norm

    def close(
        self, phase: Phase, optimizer: torch.optim.Optimizer, seconds: float
    ) -> dict[str, Any]:
        """The line about the steps so far, after which a new record begins.

        Args:
            phase: The phase under way.
            optimizer: Its optimiser, for the learning rate.
            seconds: Time spent in the whole run.
        """
        self.rate = (self.counters.pairs - self.pairs) / (time.monotonic() - self.since)
        self.loss = self.total / self.steps
        record = {
            "event": "train",
            "phase": phase.title,
            "step": self.counters.step,
            "pairs": self.counters.pairs,
            "seconds": round(seconds, 2),
            "lr": optimizer.param_groups[-1]["lr"],
            "pairs_per_second": round(self.rate, 1),
            "losses": {name: value / self.steps for name, value in self.sums.items()},
            "loss": self.loss,
            "gradient_norm": self.norm / self.steps,
        }
        self._open()
        return record
