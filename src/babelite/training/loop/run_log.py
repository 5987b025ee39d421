"""Metrics file of a run: records of steps and validations; best weights."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from babelite.training.loop.checkpoints import save_weights
from babelite.training.loop.phases import Phase
from babelite.training.loop.run_state import RunState
from babelite.training.loop.step import StepResult
from babelite.training.loop.validation import Validation
from babelite.training.run_folder import RunFolder


class RunLog:
    """Writes metrics and the best weights to the run folder, in process 0 only."""

    def __init__(self, run: RunFolder, state: RunState) -> None:
        self.run, self.state = run, state
        with run.metrics.open("ab") as stream:  # lines after the checkpoint will be written again
            stream.truncate(state.counters.metrics_bytes)

    def write(self, record: Mapping[str, Any]) -> None:
        """Append a line to the metrics file."""
        with self.run.metrics.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")
            self.state.counters.metrics_bytes = stream.tell()

    def record_validation(self, found: Validation, phase: Phase) -> bool:
        """Record a validation; save the weights, and return true, if they are the best so far."""
        counters = self.state.counters
        # A difference within one standard error is noise, and later weights have seen more pairs.
        best = found.mean >= counters.best - found.standard_error
        if best:
            counters.best = max(found.mean, counters.best)
            metadata = {"precision_at_1": json.dumps(found.precision_at_1)}
            save_weights(self.run.best_weights, self.state.model.folded_state(), metadata)
        self.write(
            {
                "event": "validation",
                "phase": phase.title,
                "step": counters.step,
                "pairs": counters.pairs,
                "seconds": round(self.state.seconds(), 2),
                "precision_at_1": found.precision_at_1,
                "mean_precision_at_1": found.mean,
                "losses": found.losses,
                "best": best,
            }
        )
        return best


class StepStats:
    """Mean losses and speed since the last record; `rate` and `loss` are those of that record."""

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
