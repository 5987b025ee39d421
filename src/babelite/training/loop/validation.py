"""Validation: P@1 and losses on held-out pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from babelite.evaluation import precision_at_1
from babelite.training.config import TrainingConfig
from babelite.training.data.tokens import Side, tokenize_side
from babelite.training.network.training_model import Batch, TrainingModel
from babelite.training.prepared_text import TrainingText
from babelite.training.teachers.targets import TeacherTargets

_BATCH = 256
# Losses are measured on this many pairs.
_LOSS_PAIRS = 1_024


@dataclass(frozen=True)
class Validation:
    """Mean P@1 of both directions and loss of each objective, for each language pair."""

    precision_at_1: dict[str, float]
    losses: dict[str, dict[str, float]]  # without dropout; empty in the bag phase
    standard_error: float = 0.0  # of the mean P@1 over all sentences

    @property
    def mean(self) -> float:
        """The mean P@1 over the language pairs, which selects the best weights."""
        return float(np.mean(list(self.precision_at_1.values())))


class Validator:
    """Validates models on the tokenised held-out pairs; masks are the same every time."""

    def __init__(self, text: TrainingText, config: TrainingConfig, device: torch.device) -> None:
        self.device, self.seed = device, config.seed
        self.sides = {
            pair.name: [
                tokenize_side([p[side] for p in pair.held_out], text.tokenizer, config.max_tokens)
                for side in range(2)
            ]
            for pair in text.pairs
        }
        self.names = [pair.name for pair in text.pairs]
        self.languages = dict(zip(self.names, text.language_numbers, strict=True))
        keys = []
        for pair in text.pairs:
            source, target = self.sides[pair.name]
            keys.append((pair.languages, source.keys, target.keys))
        self.targets = TeacherTargets(text.teachers, keys) if text.teachers else None

    @torch.no_grad()
    def __call__(self, model: TrainingModel, *, bag: bool) -> Validation:
        """Measure the model without dropout; `bag` omits its layers and the losses."""
        was_training = model.training
        model.eval()
        precision, losses, found = {}, {}, []
        for name, (source, target) in self.sides.items():
            u, v = (self._vectors(model, side, bag=bag) for side in (source, target))
            hits = np.concatenate([precision_at_1(u, v), precision_at_1(v, u)])
            precision[name] = float(hits.mean())
            found.append(hits)
            if not bag:
                losses[name] = self._losses(model, name)
        model.train(was_training)
        every = np.concatenate(found)
        return Validation(precision, losses, float(every.std() / np.sqrt(len(every))))

    def _vectors(self, model: TrainingModel, side: Side, *, bag: bool) -> NDArray[np.float32]:
        order = np.argsort(side.lengths, kind="stable")
        vectors = np.empty((len(order), model.network.shape.dim), np.float32)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            if bag:
                found = model.network.bag(*side.flat(rows, self.device))
            else:
                found = model.network(side.padded(rows, device=self.device))
            vectors[rows] = found.float().cpu().numpy()
        return vectors

    def _losses(self, model: TrainingModel, name: str) -> dict[str, float]:
        generator = torch.Generator(self.device).manual_seed(self.seed)
        source, target = self.sides[name]
        first, second = self.languages[name]
        count = len(source.lengths)
        size = min(_BATCH, count)
        sums: dict[str, list[float]] = {}
        number = self.names.index(name)
        for start in range(0, min(count, _LOSS_PAIRS) - size + 1, size):
            rows = np.arange(start, start + size)
            ids = [side.padded(rows, device=self.device) for side in (source, target)]
            targets = self.targets.of(number, rows, self.device) if self.targets else ()
            batch = Batch(ids[0], ids[1], first, second, targets=targets)
            for objective, loss in model(batch, generator).items():
                sums.setdefault(objective, []).append(loss.item())
        return {objective: float(np.mean(values)) for objective, values in sums.items()}
