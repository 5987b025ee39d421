"""The part of a training step that sentences without translations have (``--mono``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from babelite.training.config import TrainingConfig
from babelite.training.data.batches import BatchRows, plan_epoch
from babelite.training.data.tokens import TokenizedSentences
from babelite.training.distributed.batch_slice import BatchSlice
from babelite.training.hardware import Hardware
from babelite.training.loop.phases import Phase, first_epoch, step_seed
from babelite.training.network.monolingual_losses import (
    SentenceBatch,
    bag_monolingual_losses,
    monolingual_losses,
)
from babelite.training.network.training_model import TrainingModel
from babelite.training.teachers.targets import SentenceTargets


@dataclass(frozen=True)
class MonolingualCorpora:
    """The tokenised sentences of each language, the numbers of the languages, and the targets."""

    corpora: Sequence[TokenizedSentences]
    languages: Sequence[int]
    targets: SentenceTargets


@dataclass(frozen=True)
class MonolingualSteps:
    """Draws batches of sentences, each of one language, and computes their losses.

    As with pairs, a batch depends only on the seed and on its number.
    """

    model: TrainingModel
    config: TrainingConfig
    text: MonolingualCorpora
    hardware: Hardware

    def is_used_in(self, phase: Phase) -> bool:
        """Whether a phase has an objective that needs no translation."""
        return "teach" in self.model.weights or (
            phase.name != "bag" and "smlm" in self.model.weights
        )

    def batches(self, phase: Phase) -> Iterator[BatchRows]:
        """Yield whole batches of a phase without end."""
        # A batch of n pairs has 2 n sentences.
        size = max(1, round(2 * self.config.mono_share * phase.batch_size))
        epoch = first_epoch(phase)
        while True:
            yield from plan_epoch(
                self.text.corpora,
                size,
                seed=step_seed(self.config.seed, f"{phase.name} order of sentences", 0),
                epoch=epoch,
                by_length=phase.name != "bag",
                batch_tokens=None if phase.name == "bag" else self.config.batch_tokens,
            )
            epoch += 1

    def losses(
        self, phase: Phase, batch: BatchRows, seed: int, batch_slice: BatchSlice | None
    ) -> dict[str, Tensor]:
        """What this process adds to the loss of each objective; the seed decides the masks."""
        side, device = self.text.corpora[batch.corpus].text, self.hardware.device
        rows = batch.rows if batch_slice is None else batch_slice.take_rows(batch.rows)
        targets = self.text.targets.of(batch.corpus, batch.rows, device)
        if phase.name == "bag":
            return bag_monolingual_losses(
                self.model, *side.flat(rows, device), targets, batch_slice
            )
        ids = side.padded(rows, side.longest(batch.rows), device)
        language = self.text.languages[batch.corpus]
        generator = torch.Generator(device).manual_seed(seed)
        with self.hardware.autocast():
            return monolingual_losses(
                self.model, SentenceBatch(ids, language, targets, batch_slice), generator
            )
