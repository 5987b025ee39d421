"""The phases of a run: what each trains, for how long, and how the learning rate moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from babelite.training.config import TrainingConfig
from babelite.training.data.batches import batches_per_epoch
from babelite.training.data.tokens import TokenizedPairs
from babelite.training.network.losses import TrainingModel

# Kept back of a budget in minutes for the last validation and for writing the model folder.
_SECONDS_TO_FINISH = 15.0

# The rate is at its highest after a tenth of a phase at the latest.
_LONGEST_WARMUPS = 10

PhaseName = Literal["bag", "layers", "similar"]


@dataclass(frozen=True)
class Phase:
    """A stretch of training with one loss, one batch size and one learning rate curve.

    Attributes:
        name: ``bag`` (the encoder without its layers), ``layers``, or ``similar`` (the layers, on
            batches of similar sentences).
        batch_size: Pairs in a batch, over all processes.
        learning_rate: The highest rate.
        steps: How many steps; None when time decides.
        until: Seconds of the whole run at which the phase ends, when time decides.
        steps_per_epoch: About how many steps a pass over the data has. Batches of the layers that
            are too long are cut, and each part counts, where passes decide anything.
        accumulate: Batches that make a step.
        round_number: How many phases of this name came before; each has an order of its own.
    """

    name: PhaseName
    batch_size: int
    learning_rate: float
    steps: int | None
    until: float | None
    steps_per_epoch: int
    accumulate: int = 1
    round_number: int = 0

    @property
    def title(self) -> str:
        """What it is called in progress and metrics: its name, and the round from the second on."""
        return f"{self.name}, round {self.round_number + 1}" if self.round_number else self.name

    def share_done(self, step: int, seconds: float, began: float) -> float:
        """The done share of the phase, from 0 to 1.

        Args:
            step: Steps done.
            seconds: Seconds of the whole run so far.
            began: Seconds of the whole run when the phase began.
        """
        if self.steps is not None:
            return min(1.0, step / self.steps) if self.steps else 1.0
        assert self.until is not None
        length = self.until - began
        return min(1.0, (seconds - began) / length) if length > 0 else 1.0


def order_seed(seed: int, name: PhaseName) -> int:
    """What decides the order of the pairs in a phase: the bag phase has one of its own."""
    return 2 * seed + (name != "bag")


def training_ends(config: TrainingConfig) -> float | None:
    """Seconds of the whole run at which its last phase ends; None if steps decide."""
    if config.minutes is None:
        return None
    return 60 * config.minutes - min(_SECONDS_TO_FINISH, 6 * config.minutes)


def plan_phases(
    config: TrainingConfig, corpora: Sequence[TokenizedPairs], prepared_at: float
) -> list[Phase]:
    """The phases of a run.

    Args:
        config: The budget and the settings.
        corpora: The data.
        prepared_at: Seconds of the whole run that preparation took.
    """
    end = training_ends(config)
    bag_end = None
    if end is not None:
        end = max(prepared_at, end)
        share = 1.0 if config.layers == 0 else config.bag_share
        bag_end = prepared_at + share * (end - prepared_at)

    def plan(
        name: PhaseName,
        batch_size: int,
        learning_rate: float,
        epochs: float,
        steps: int | None,
        until: float | None = None,
        accumulate: int = 1,
    ) -> Phase:
        by_epochs = until is None and steps is None
        # Planning a pass takes seconds a million pairs: not unless passes decide anything.
        counted = name == "layers" and (by_epochs or c.decay == "step")
        batches = batches_per_epoch(
            corpora,
            batch_size,
            batch_tokens=c.batch_tokens if counted else None,
            seed=order_seed(c.seed, name),
        )
        per_epoch = max(1, batches // accumulate)
        if until is not None:
            steps = None
        elif by_epochs:
            steps = max(1, round(epochs * per_epoch))
        return Phase(name, batch_size, learning_rate, steps, until, per_epoch, accumulate)

    c = config
    phases = []
    if c.has_bag_phase:
        budget = c.bag_epochs, c.bag_steps, bag_end
        phases.append(plan("bag", c.bag_batch_size, c.bag_learning_rate, *budget))
    if c.has_layers_phase:
        budget = c.epochs, c.steps, end
        layers = plan("layers", c.batch_size, c.learning_rate, *budget, c.accumulate)
        phases.append(layers)
        if c.second_round_steps:
            phases.append(replace(layers, steps=c.second_round_steps, round_number=1))
    if c.similar_steps:
        budget = 0.0, c.similar_steps, None
        phases.append(plan("similar", c.batch_size, c.similar_learning_rate, *budget, c.accumulate))
    return phases


def learning_rate_factor(config: TrainingConfig, phase: Phase, step: int, done: float) -> float:
    """What the highest learning rate is multiplied by at a step.

    Args:
        config: Warm-up and decay.
        phase: The phase.
        step: Steps done before this one.
        done: The done share of the phase, from 0 to 1.

    Returns:
        A factor from 0 to 1.
    """
    # A short phase would end before it was warm.
    warm = min(1.0, max((step + 1) / max(1, config.warmup_steps), _LONGEST_WARMUPS * done))
    if config.decay == "none":
        return warm
    if config.decay == "step":
        return warm * (0.1 if step >= config.decay_epoch * phase.steps_per_epoch else 1.0)
    return warm * max(0.01, 1.0 - done)


def make_optimizer(
    config: TrainingConfig, phase: Phase, model: TrainingModel
) -> torch.optim.Optimizer:
    """Adam over the parameters of a phase; each group keeps its highest rate as ``peak``."""
    embeddings, ngrams = model.embeddings, model.network.ngrams
    if phase.name == "bag":
        shared = [] if ngrams is None else list(ngrams.parameters())
        groups = [{"params": [embeddings, *shared], "peak": phase.learning_rate}]
    else:
        others = [p for p in model.parameters() if p is not embeddings]
        rate = config.embedding_learning_rate if phase.name == "layers" else None
        groups = [
            {"params": [embeddings], "peak": phase.learning_rate if rate is None else rate},
            {"params": others, "peak": phase.learning_rate},
        ]
    return torch.optim.Adam(
        groups,
        lr=phase.learning_rate,
        weight_decay=config.weight_decay,
        amsgrad=config.amsgrad,
        fused=True,
    )
