"""Optimizer and learning-rate schedule."""

from __future__ import annotations

import torch

from babelite.training.config import TrainingConfig
from babelite.training.loop.phases import Phase
from babelite.training.network.training_model import TrainingModel

# Warm-up takes at most a tenth of a phase.
_PHASE_PER_WARMUP = 10


def learning_rate_factor(config: TrainingConfig, phase: Phase, step: int, done: float) -> float:
    """Factor (0 to 1) of the peak rate at a step of a phase whose share `done` is done."""
    # A short phase would end before the end of the warm-up.
    warm = min(1.0, max((step + 1) / max(1, config.warmup_steps), _PHASE_PER_WARMUP * done))
    if config.decay == "none":
        return warm
    if config.decay == "step":
        return warm * (0.1 if step >= config.decay_epoch * phase.steps_per_epoch else 1.0)
    return warm * max(0.01, 1.0 - done)


def make_optimizer(
    config: TrainingConfig, phase: Phase, model: TrainingModel
) -> torch.optim.Optimizer:
    """Adam over the parameters of a phase; each group stores its peak rate as ``peak``."""
    embeddings, ngrams = model.embeddings, model.network.ngrams
    if phase.name == "bag":
        shared = [] if ngrams is None else list(ngrams.parameters())
        # The gain lets tokens differ in weight: a token whose vector lies in components of small
        # gain adds little to the mean.
        gain = list(model.network.last_layer_norm.parameters())
        groups = [{"params": [embeddings, *shared, *gain], "peak": phase.learning_rate}]
        if model.teachers is not None:  # linear maps diverge at the rate of embeddings
            heads = {"params": list(model.teachers.parameters()), "peak": config.learning_rate}
            groups.insert(0, heads)
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
