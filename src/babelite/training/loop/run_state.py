"""State of a training run: model, optimizer, counters, loss scale and clock, saved and restored."""

from __future__ import annotations

import time
from pathlib import Path

import torch
from torch import Tensor

from babelite.training.loop.checkpoints import (
    Counters,
    load_checkpoint,
    restore_optimizer,
    save_checkpoint,
)
from babelite.training.network.training_model import TrainingModel


class RunState:
    """Everything of a run that changes from step to step; a checkpoint holds exactly this.

    Times are those of `time.monotonic()`.
    """

    def __init__(self, model: TrainingModel, scaler: torch.amp.GradScaler, started: float) -> None:
        self.model, self.scaler = model, scaler
        self.counters = Counters()
        self.optimizer: torch.optim.Optimizer | None = None  # None between phases
        self.saved_at = time.monotonic()  # latest checkpoint, or start of the phase
        self._started = started
        self._saved_optimizer: dict[str, Tensor] = {}

    def seconds(self) -> float:
        """Seconds spent in the whole run, preparation and earlier processes included."""
        return time.monotonic() - self._started

    def save_to(self, path: Path) -> None:
        """Write a checkpoint."""
        self.saved_at = time.monotonic()
        self.counters.seconds = self.seconds()
        if self.scaler.is_enabled():
            self.counters.loss_scale = self.scaler.get_scale()
            self.counters.steps_at_scale = self.scaler.state_dict()["_growth_tracker"]
        save_checkpoint(path, self.model, self.optimizer, self.counters)

    def restore_from(self, path: Path) -> None:
        """Read a checkpoint; the optimizer follows in `start_phase`."""
        self.counters, self._saved_optimizer = load_checkpoint(path, self.model)
        self._started = time.monotonic() - self.counters.seconds
        if self.scaler.is_enabled() and self.counters.loss_scale is not None:
            saved = {
                "scale": self.counters.loss_scale,
                "_growth_tracker": self.counters.steps_at_scale,
            }
            self.scaler.load_state_dict(self.scaler.state_dict() | saved)

    def start_phase(self, optimizer: torch.optim.Optimizer) -> None:
        """Start or resume the current phase with a new optimizer."""
        restore_optimizer(optimizer, self._saved_optimizer)
        self._saved_optimizer = {}
        self.optimizer = optimizer
        if self.counters.step == 0:
            self.counters.phase_began = self.seconds()
        self.saved_at = time.monotonic()
        self.model.train()

    def finish_phase(self) -> None:
        """Move the counters to the next phase."""
        self.model.network.fold_ngrams()
        self.optimizer = None
        self.counters.phase += 1
        self.counters.step = self.counters.validated = 0
