"""One step of training: batches, losses, the gradients of all processes, the optimiser."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelite.training.config import TrainingConfig
from babelite.training.data.batches import Rows, plan_epoch
from babelite.training.data.tokens import TokenizedPairs
from babelite.training.distributed.batch_slice import Shard
from babelite.training.distributed.group import Processes
from babelite.training.loop.checkpoints import Counters
from babelite.training.loop.phases import Phase, order_seed
from babelite.training.network.losses import Batch, TrainingModel

# No round has as many passes over the data, so that no two rounds share an order.
_EPOCHS_A_ROUND = 1 << 16


class Stepper:
    """Takes the steps of a run.

    Each step depends on the seed and on its own number alone (order, masks, dropout). How many
    processes share its batches decides nothing but how gradients are rounded, and which states
    dropout takes away.

    Args:
        model: The network with its heads, on the device of this process.
        config: The settings.
        corpora: The tokenised pairs of each language pair.
        languages: The numbers of each language pair's languages.
        processes: All that train together.
        device: Where to compute.
        precision: What the layers are computed in.

    Attributes:
        groups: Which group each pair of each language pair is in; needed by the phase ``similar``.
    """

    def __init__(
        self,
        model: TrainingModel,
        config: TrainingConfig,
        corpora: Sequence[TokenizedPairs],
        languages: Sequence[tuple[int, ...]],
        processes: Processes,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.model, self.config, self.processes = model, config, processes
        self.corpora, self.languages = corpora, languages
        self.device, self.precision = device, precision
        self.groups: list[NDArray[np.int32]] | None = None
        # Gradients below 6e-8 would be zero in float16; the layers' alone are computed in it.
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision is torch.float16)
        if config.compile:
            # Batches differ in length: one graph for all, not one for each.
            model.network.transformer.compile(dynamic=True)

    def batches(self, phase: Phase, done: int) -> Iterator[Rows]:
        """Endless batches of a phase, each whole, without the first `done`."""
        seed = order_seed(self.config.seed, phase.name)
        epoch = phase.round_number * _EPOCHS_A_ROUND
        while True:
            plan = plan_epoch(
                self.corpora,
                phase.batch_size,
                seed=seed,
                epoch=epoch,
                by_length=phase.name == "layers",
                batch_tokens=None if phase.name == "bag" else self.config.batch_tokens,
                groups=self.groups if phase.name == "similar" else None,
            )
            for rows in plan:
                if done:
                    done -= 1
                else:
                    yield rows
            epoch += 1

    def step(
        self, phase: Phase, batches: Sequence[Rows], number: int, optimizer: torch.optim.Optimizer
    ) -> tuple[dict[str, float], float, float]:
        """Change the weights by the mean gradient of some batches.

        Args:
            phase: The phase under way.
            batches: Whole batches, of which this process takes its part.
            number: Steps done before this one in the phase.
            optimizer: The optimiser of the phase.

        Returns:
            The loss of each objective, their weighted sum, and the length of the gradient (0 in the
            bag phase, which does not clip it, and when float16 overflowed and the step is left
            out).

        Raises:
            LostProcessError: Another process is gone; weights and
                optimiser are as they were.
        """
        optimizer.zero_grad(set_to_none=True)
        scaled = phase.name != "bag" and self.scaler.is_enabled()
        found = []
        for place, rows in enumerate(batches):
            losses = self._losses(phase, rows, number * len(batches) + place)
            loss = losses["align"] if phase.name == "bag" else self.model.total(losses)
            part = loss if len(batches) == 1 else loss / len(batches)
            (self.scaler.scale(part) if scaled else part).backward()  # type: ignore[no-untyped-call]
            found.append(torch.stack([*losses.values(), loss]).detach())
        trained = [p for group in optimizer.param_groups for p in group["params"]]
        values = found[0] if len(found) == 1 else torch.stack(found).mean(0)
        values = self.processes.sum_gradients(trained, values)
        norm = 0.0
        if scaled:
            self.scaler.unscale_(optimizer)
        if phase.name != "bag":
            longest = self.config.clip_norm
            norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), longest))
        if scaled:
            self.scaler.step(optimizer)
            self.scaler.update()
            norm = norm if math.isfinite(norm) else 0.0
        else:
            optimizer.step()
        *each, total = values.tolist()
        return dict(zip(losses, each, strict=True)), total, norm

    def _losses(self, phase: Phase, rows: Rows, number: int) -> dict[str, Tensor]:
        """What this process adds to each objective's loss."""
        count = self.processes.world_size
        if count == 1:
            return self._losses_of(phase, rows, number, None)
        if len(rows.rows) >= count:
            return self._losses_of(phase, rows, number, Shard(self.processes, len(rows.rows)))
        # Too few pairs for all: each process takes them all, and an equal share of the loss.
        losses = self._losses_of(phase, rows, number, None)
        return {name: loss / count for name, loss in losses.items()}

    def _losses_of(
        self, phase: Phase, rows: Rows, number: int, shard: Shard | None
    ) -> dict[str, Tensor]:
        corpus = self.corpora[rows.language_pair]
        mine = rows.rows if shard is None else shard.take_rows(rows.rows)
        both = (corpus.source, corpus.target)
        if phase.name == "bag":
            sides = [
                tuple(torch.from_numpy(part).to(self.device) for part in side.flat(mine))
                for side in both
            ]
            return {"align": self.model.bag_loss(sides[0], sides[1], shard)}  # type: ignore[arg-type]
        first, second = self.languages[rows.language_pair]
        source, target = (
            torch.from_numpy(side.padded(mine, side.longest(rows.rows))).to(self.device)
            for side in both
        )
        stretch = f"{phase.name} {phase.round_number}" if phase.round_number else phase.name
        seed = step_seed(self.config.seed, stretch, number)
        # Masks are drawn for the whole batch; dropout in each process for its own pairs.
        rank = self.processes.rank
        torch.manual_seed(step_seed(seed, "dropout", rank) if rank else seed)
        generator = torch.Generator(self.device).manual_seed(seed)
        enabled = self.precision is not torch.float32
        with torch.autocast(self.device.type, dtype=self.precision, enabled=enabled):
            losses: dict[str, Tensor] = self.model(
                Batch(source, target, first, second, shard), generator
            )
        return losses

    def remember(self, counters: Counters) -> None:
        """Put what a checkpoint has to know into the counters."""
        if self.scaler.is_enabled():
            counters.loss_scale = self.scaler.get_scale()
            counters.steps_at_scale = self.scaler.state_dict()["_growth_tracker"]

    def recall(self, counters: Counters) -> None:
        """Go on from the counters of a checkpoint."""
        if self.scaler.is_enabled() and counters.loss_scale is not None:
            changed = {"scale": counters.loss_scale, "_growth_tracker": counters.steps_at_scale}
            self.scaler.load_state_dict(self.scaler.state_dict() | changed)


def step_seed(seed: int, phase: str, step: int) -> int:
    """The seed of one batch's masks and dropout: 63 bits that depend on nothing else."""
    digest = hashlib.blake2b(f"{seed} {phase} {step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
