"""Phases of a run: their steps, batch sizes and peak learning rates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from babelite.training.config import TrainingConfig
from babelite.training.data.batches import batches_per_epoch
from babelite.training.data.tokens import TokenizedPairs

# Reserved of a budget in minutes for the last validation and for writing the model folder.
_SECONDS_TO_FINISH = 15.0
# More epochs than a round can have.
_EPOCHS_PER_ROUND = 1 << 16

PhaseName = Literal["bag", "layers", "similar"]


@dataclass(frozen=True)
class Phase:
    """A part of training with one loss, one batch size and one learning-rate schedule.

    The phase ``bag`` trains the encoder without layers, ``layers`` the whole network, and
    ``similar`` the whole network on batches of similar sentences.
    """

    name: PhaseName
    batch_size: int  # pairs per batch, over all processes
    learning_rate: float  # peak
    steps: int | None  # None if time decides
    until: float | None  # seconds of the whole run at which the phase ends, if time decides
    steps_per_epoch: int  # estimate; parts of split batches count where epochs matter
    accumulate: int = 1  # batches per step
    round_number: int = 0  # earlier phases of this name; each round has its own order

    @property
    def title(self) -> str:
        """Name in progress and metrics, with the round from the second on."""
        return f"{self.name}, round {self.round_number + 1}" if self.round_number else self.name

    def share_done(self, step: int, seconds: float, began: float) -> float:
        """Done share of the phase (0 to 1), by its steps or by the seconds of the whole run."""
        if self.steps is not None:
            return min(1.0, step / self.steps) if self.steps else 1.0
        assert self.until is not None
        length = self.until - began
        return min(1.0, (seconds - began) / length) if length > 0 else 1.0


def order_seed(seed: int, name: PhaseName) -> int:
    """Seed of the order of the pairs in a phase; that of the bag phase differs."""
    return 2 * seed + (name != "bag")


def first_epoch(phase: Phase) -> int:
    """The number of the first epoch of a phase: no two rounds share an epoch, and so an order."""
    return phase.round_number * _EPOCHS_PER_ROUND


def step_seed(seed: int, phase: str, step: int) -> int:
    """A 63-bit seed for the masks and the dropout of one batch."""
    digest = hashlib.blake2b(f"{seed} {phase} {step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def training_ends(config: TrainingConfig) -> float | None:
    """Seconds of the whole run at which its last phase ends; None without a time budget."""
    if config.minutes is None:
        return None
    return 60 * config.minutes - min(_SECONDS_TO_FINISH, 6 * config.minutes)


def plan_phases(
    config: TrainingConfig, corpora: Sequence[TokenizedPairs], prepared_at: float
) -> list[Phase]:
    """Plan the phases of a run; `prepared_at` is the duration of the preparation in seconds."""
    end = training_ends(config)
    bag_end = None
    if end is not None:
        end = max(prepared_at, end)
        share = 1.0 if config.layers == 0 else config.bag_share
        bag_end = prepared_at + share * (end - prepared_at)

    c = config
    phases = []
    if c.has_bag_phase:
        steps = c.bag_steps if bag_end is None else None
        phase = Phase("bag", c.bag_batch_size, c.bag_learning_rate, steps, bag_end, 0)
        phases.append(_with_steps(phase, c, corpora, c.bag_epochs))
    if c.has_layers_phase:
        steps = c.steps if end is None else None
        phase = Phase("layers", c.batch_size, c.learning_rate, steps, end, 0, c.accumulate)
        layers = _with_steps(phase, c, corpora, c.epochs)
        phases.append(layers)
        if c.second_round_steps:
            phases.append(replace(layers, steps=c.second_round_steps, round_number=1))
    if c.similar_steps:
        rate, steps = c.similar_learning_rate, c.similar_steps
        phase = Phase("similar", c.batch_size, rate, steps, None, 0, c.accumulate)
        phases.append(_with_steps(phase, c, corpora, 0))
    return phases


def _with_steps(
    phase: Phase, config: TrainingConfig, corpora: Sequence[TokenizedPairs], epochs: float
) -> Phase:
    """The phase with its steps per epoch, and with the steps of a budget in epochs."""
    by_epochs = phase.until is None and phase.steps is None
    # Planning an epoch takes seconds per million pairs, so only where epochs matter.
    counted = phase.name == "layers" and (by_epochs or config.decay == "step")
    batches = batches_per_epoch(
        corpora,
        phase.batch_size,
        batch_tokens=config.batch_tokens if counted else None,
        seed=order_seed(config.seed, phase.name),
    )
    per_epoch = max(1, batches // phase.accumulate)
    steps = max(1, round(epochs * per_epoch)) if by_epochs else phase.steps
    return replace(phase, steps=steps, steps_per_epoch=per_epoch)
