"""Distillation: an encoder learns the vectors of teachers (objectives ``teach``, ``teach_sim``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from babelite.training.distributed.batch_slice import BatchSlice
from babelite.training.network import objectives


@dataclass(frozen=True)
class Targets:
    """The vectors of one teacher for the pairs of a whole batch; zero where it has none."""

    source: Tensor  # float32 (B, t), of unit length
    target: Tensor  # float32 (B, t), of the second sides

    def both_sides(self, batch_slice: BatchSlice | None) -> Tensor:
        """The targets of the pairs that this process computes, (2 b, t): first sides, second."""
        sides = [self.source, self.target]
        return torch.cat(sides if batch_slice is None else list(map(batch_slice.take, sides)))

    def gathered(self, batch_slice: BatchSlice | None) -> Targets:
        """The targets of the whole batch, in the order of `BatchSlice.gather`."""
        if batch_slice is None:
            return self
        count = batch_slice.processes.world_size
        order = torch.cat([torch.arange(r, len(self.source), count) for r in range(count)])
        order = order.to(self.source.device)
        return Targets(self.source[order], self.target[order])


# Of the first sides over the second ones, and of the second over the first.
Distributions = tuple[objectives.TeacherDistribution, objectives.TeacherDistribution]


class TeacherHeads(nn.Module):
    """A linear map from sentence vectors to the space of each teacher, removed after training."""

    def __init__(self, dim: int, teacher_dims: Sequence[int], weights: Sequence[float]) -> None:
        super().__init__()
        self.weights = tuple(weights)
        self.maps = nn.ModuleList(nn.Linear(dim, width, bias=False) for width in teacher_dims)

    def teach(
        self, vectors: Tensor, wanted: Sequence[Tensor], batch_slice: BatchSlice | None
    ) -> Tensor:
        """The weighted sum over teachers of `objectives.feature_distillation_loss`.

        The vectors, (n, d), are those of the sentences of this process, or their first components,
        which are mapped by the first columns of each map. `wanted`, (n, t), are the vectors of each
        teacher, zero where it has none. In several processes, the result is what this one adds to
        the mean over the batch.
        """
        vectors = F.normalize(objectives.at_least_float32(vectors), dim=1)
        total = vectors.sum() * 0
        with torch.autocast(vectors.device.type, enabled=False):
            for weight, head, given in zip(self.weights, self.maps, wanted, strict=True):
                assert isinstance(head, nn.Linear)
                predicted = F.linear(vectors, head.weight[:, : vectors.shape[1]])
                given = given.to(vectors.dtype)
                loss, count = objectives.feature_distillation_loss(predicted, given)
                total = total + weight * _part(loss, count, batch_slice)
        return total

    def distributions(
        self,
        targets: Sequence[Targets],
        batch_slice: BatchSlice | None,
        places: Tensor,
        temperature: float,
    ) -> list[Distributions]:
        """What `teach_sim` learns from each teacher; `places`, (b,), as in `WholeBatch`."""
        found = []
        for given in targets:
            every = given.gathered(batch_slice)
            sides = (every.source, every.target), (every.target, every.source)
            there, back = (
                objectives.teacher_distribution(one[places], other, places, temperature)
                for one, other in sides
            )
            found.append((there, back))
        return found

    def teach_sim(
        self,
        u: Tensor,
        v: Tensor,
        whole: objectives.WholeBatch,
        wanted: Sequence[Distributions],
        batch_slice: BatchSlice | None,
        temperature: float,
    ) -> Tensor:
        """The weighted sum over teachers of `objectives.logit_distillation_loss`, both directions.

        u and v, (b, d), are the sentence vectors of this process, those of `whole` of the batch.
        The cosines of the encoder and of the teachers are divided by the same temperature.
        """
        total = u.sum() * 0
        for weight, (there, back) in zip(self.weights, wanted, strict=True):
            for own, others, distribution in ((u, whole.v, there), (v, whole.u, back)):
                loss = objectives.logit_distillation_loss(own, others, distribution, temperature)
                total = total + weight * _part(loss, distribution.count, batch_slice)
        return total


def _part(loss: Tensor, count: int, batch_slice: BatchSlice | None) -> Tensor:
    return loss if batch_slice is None else batch_slice.part_of_mean(loss, count)
