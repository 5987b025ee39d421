"""Metrics file and best weights of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from babelite.training.loop.checkpoints import save_weights
from babelite.training.loop.phases import Phase
from babelite.training.loop.run_state import RunState
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
        """Record a validation, and save the weights if they are the best so far (the result)."""
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
