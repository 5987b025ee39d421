"""What a run leaves in its folder on the way: lines of metrics, and the best weights so far."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from babelite.training.loop.checkpoints import Counters, save_weights
from babelite.training.loop.phases import Phase
from babelite.training.loop.validation import Validation
from babelite.training.network.losses import TrainingModel
from babelite.training.run_folder import RunFolder


class Keeper:
    """Keeps a run in its folder; of several processes only process 0 has one.

    Args:
        run: The folder.
        model: What is trained.
        counters: Where the run is; they move on while it is kept.
    """

    def __init__(self, run: RunFolder, model: TrainingModel, counters: Counters) -> None:
        self.run, self.model, self.counters = run, model, counters
        with run.metrics.open("ab") as stream:  # what came after the checkpoint comes again
            stream.truncate(counters.metrics_bytes)

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        with self.run.metrics.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")
            self.counters.metrics_bytes = stream.tell()

    def judge(self, found: Validation, phase: Phase, seconds: float) -> bool:
        """Log a validation, and keep the weights if none were better.

        Args:
            found: What it found.
            phase: The phase under way.
            seconds: Time spent in the whole run.

        Returns:
            Whether they were kept.
        """
        # A difference within one standard error is noise, and later weights have seen more.
        best = found.mean >= self.counters.best - found.standard_error
        if best:
            self.counters.best = max(found.mean, self.counters.best)
            metadata = {"precision_at_1": json.dumps(found.precision_at_1)}
            save_weights(self.run.best, self.model.plain_state(), metadata)
        self.log(
            {
                "event": "validation",
                "phase": phase.title,
                "step": self.counters.step,
                "pairs": self.counters.pairs,
                "seconds": round(seconds, 2),
                "precision_at_1": found.precision_at_1,
                "mean_precision_at_1": found.mean,
                "losses": found.losses,
                "best": best,
            }
        )
        return best
