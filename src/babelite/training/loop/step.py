"""One training step: batches, losses, gradients of all processes, optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelite.training.config import TrainingConfig
from babelite.training.data.batches import BatchRows, plan_epoch
from babelite.training.data.tokens import TokenizedPairs
from babelite.training.distributed.batch_slice import BatchSlice
from babelite.training.distributed.group import ProcessGroup
from babelite.training.hardware import Hardware
from babelite.training.loop.monolingual_steps import MonolingualCorpora, MonolingualSteps
from babelite.training.loop.phases import Phase, first_epoch, order_seed, step_seed
from babelite.training.network.table_rows import clear_gradients
from babelite.training.network.training_model import Batch, TrainingModel
from babelite.training.teachers.targets import TeacherTargets


class StepResult(NamedTuple):
    """Losses of the objectives, their weighted sum, and gradient norm of a step."""

    losses: dict[str, float]
    loss: float
    gradient_norm: float  # before clipping; 0 in the bag phase and in skipped float16 steps


class Stepper:
    """Performs the steps of a run on the tokenised pairs of each language pair.

    Each step depends only on the seed and on its own number (order, masks, dropout). The number of
    processes affects only how gradients are rounded and which states dropout removes. `languages`
    are the language numbers of each language pair. Beside each batch of pairs, a batch of
    monolingual text is drawn if there is any, and its losses are added.
    """

    def __init__(
        self,
        model: TrainingModel,
        config: TrainingConfig,
        corpora: Sequence[TokenizedPairs],
        languages: Sequence[tuple[int, ...]],
        processes: ProcessGroup,
        hardware: Hardware,
        targets: TeacherTargets | None = None,
        monolingual: MonolingualCorpora | None = None,
    ) -> None:
        self.model, self.config, self.processes = model, config, processes
        self.targets = targets
        self.corpora, self.languages, self.hardware = corpora, languages, hardware
        self.monolingual = (
            None if monolingual is None else MonolingualSteps(model, config, monolingual, hardware)
        )
        # The group of each pair of each language pair, for the phase `similar`.
        self.groups: list[NDArray[np.int32]] | None = None
        # Gradients below 6e-8 would be zero in float16; only the layers are computed in it.
        self.scaler = torch.amp.GradScaler(
            hardware.device.type, enabled=hardware.precision is torch.float16
        )
        if hardware.compile:
            # Batches differ in length: compile one graph for all lengths.
            model.network.transformer.compile(dynamic=True)

    def batches(self, phase: Phase, done: int) -> Iterator[BatchRows]:
        """Yield whole batches of a phase without end, starting after the first `done`."""
        batches = self._batches_of_pairs(phase)
        if self.monolingual is not None and self.monolingual.is_used_in(phase):
            sentences = self.monolingual.batches(phase)
            both = zip(batches, sentences, strict=True)
            batches = (replace(rows, monolingual=others) for rows, others in both)
        return islice(batches, done, None)

    def _batches_of_pairs(self, phase: Phase) -> Iterator[BatchRows]:
        seed = order_seed(self.config.seed, phase.name)
        epoch = first_epoch(phase)
        while True:
            yield from plan_epoch(
                self.corpora,
                phase.batch_size,
                seed=seed,
                epoch=epoch,
                by_length=phase.name == "layers",
                batch_tokens=None if phase.name == "bag" else self.config.batch_tokens,
                groups=self.groups if phase.name == "similar" else None,
            )
            epoch += 1

    def step(
        self,
        phase: Phase,
        batches: Sequence[BatchRows],
        number: int,
        optimizer: torch.optim.Optimizer,
    ) -> StepResult:
        """Update the weights with the mean gradient of some whole batches, in all processes.

        `number` counts the steps done before this one in the phase. After a LostProcessError,
        weights and optimizer are unchanged.
        """
        clear_gradients(optimizer, self.model.tables)
        scaled = phase.name != "bag" and self.scaler.is_enabled()
        found = []
        for place, rows in enumerate(batches):
            losses = self._losses(phase, rows, number * len(batches) + place)
            loss = self.model.weighted_sum(losses)
            share = loss if len(batches) == 1 else loss / len(batches)
            (self.scaler.scale(share) if scaled else share).backward()  # type: ignore[no-untyped-call]
            found.append(torch.stack([*losses.values(), loss]).detach())
        trained = [p for group in optimizer.param_groups for p in group["params"]]
        values = self.processes.sum_gradients(trained, torch.stack(found).mean(0))
        norm = 0.0
        if scaled:
            self.scaler.unscale_(optimizer)
        if phase.name != "bag":
            clip_norm = self.config.clip_norm
            norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip_norm))
        if scaled:
            self.scaler.step(optimizer)
            self.scaler.update()
            norm = norm if math.isfinite(norm) else 0.0
        else:
            optimizer.step()
        *each, total = values.tolist()
        return StepResult(dict(zip(losses, each, strict=True)), total, norm)

    def _losses(self, phase: Phase, rows: BatchRows, number: int) -> dict[str, Tensor]:
        """What this process adds to the loss of each objective."""
        losses = self._shared(
            len(rows.rows), lambda part: self._losses_of(phase, rows, number, part)
        )
        others, steps = rows.monolingual, self.monolingual
        if others is not None and steps is not None:
            seed = step_seed(self.config.seed, f"{phase.title} sentences", number)
            losses |= self._shared(
                len(others.rows), lambda part: steps.losses(phase, others, seed, part)
            )
        return losses

    def _shared(
        self, size: int, losses_of: Callable[[BatchSlice | None], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """What this process adds to the losses of a batch that all processes share."""
        count = self.processes.world_size
        if count == 1:
            return losses_of(None)
        if size >= count:
            return losses_of(BatchSlice(self.processes, size))
        # Fewer pairs than processes: each computes all pairs, and an equal share of the loss.
        return {name: loss / count for name, loss in losses_of(None).items()}

    def _losses_of(
        self, phase: Phase, rows: BatchRows, number: int, batch_slice: BatchSlice | None
    ) -> dict[str, Tensor]:
        corpus, device = self.corpora[rows.corpus], self.hardware.device
        own_rows = rows.rows if batch_slice is None else batch_slice.take_rows(rows.rows)
        targets = self.targets.of(rows.corpus, rows.rows, device) if self.targets else ()
        both = (corpus.source, corpus.target)
        if phase.name == "bag":
            first_side, second_side = (side.flat(own_rows, device) for side in both)
            return self.model.bag_losses(first_side, second_side, batch_slice, targets)
        first, second = self.languages[rows.corpus]
        source, target = (side.padded(own_rows, side.longest(rows.rows), device) for side in both)
        name = f"{phase.name} {phase.round_number}" if phase.round_number else phase.name
        seed = step_seed(self.config.seed, name, number)
        # Masks are drawn for the whole batch; dropout in each process for its own pairs.
        rank = self.processes.rank
        torch.manual_seed(step_seed(seed, "dropout", rank) if rank else seed)
        generator = torch.Generator(device).manual_seed(seed)
        with self.hardware.autocast():
            losses: dict[str, Tensor] = self.model(
                Batch(source, target, first, second, batch_slice, targets), generator
            )
        return losses
