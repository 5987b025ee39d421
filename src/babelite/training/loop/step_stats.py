"""Mean losses, learning rate and speed of the steps since the last line of the metrics file."""

from __future__ import annotations

import time
from typing import Any

from babelite.training.loop.phases import Phase
from babelite.training.loop.run_state import RunState
from babelite.training.loop.step import StepResult


class StepStats:
    """Sums over the steps since the last record; `rate` and `loss` are those of that record."""

    def __init__(self, state: RunState) -> None:
        self.state, self.rate, self.loss = state, 0.0, 0.0
        self._reset()

    def _reset(self) -> None:
        self._since, self._pairs = time.monotonic(), self.state.counters.pairs
        self._sums: dict[str, float] = {}
        self._steps, self._loss, self._norm = 0, 0.0, 0.0

    def add(self, result: StepResult) -> None:
        """Add a step."""
        for name, value in result.losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._steps += 1
        self._loss += result.loss
        self._norm += result.gradient_norm

    def make_record(self, phase: Phase) -> dict[str, Any]:
        """Make the record of the steps so far, and start the next one."""
        counters, optimizer = self.state.counters, self.state.optimizer
        assert optimizer is not None
        self.rate = (counters.pairs - self._pairs) / (time.monotonic() - self._since)
        self.loss = self._loss / self._steps
        record = {
            "event": "train",
            "phase": phase.title,
            "step": counters.step,
            "pairs": counters.pairs,
            "seconds": round(self.state.seconds(), 2),
            "lr": optimizer.param_groups[-1]["lr"],
            "pairs_per_second": round(self.rate, 1),
            "losses": {name: value / self._steps for name, value in self._sums.items()},
            "loss": self.loss,
            "gradient_norm": self._norm / self._steps,
        }
        self._reset()
        return record
