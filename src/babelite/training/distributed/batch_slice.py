"""The slice of a batch that one of several processes computes.

Every process takes every n-th pair of a batch, so that all get equal work when pairs are sorted by
length. Losses are means over the whole batch: each process computes what its pairs add to the mean,
and the sum of all gradients is that of one process with the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelite.training.distributed.group import ProcessGroup


@dataclass(frozen=True)
class BatchSlice:
    """The pairs of a batch that this process computes: ``batch[rank::world_size]``."""

    processes: ProcessGroup
    size: int  # pairs of the whole batch, at least one for each process

    @cached_property
    def sizes(self) -> list[int]:
        """The number of pairs of each process; they differ by at most one."""
        count = self.processes.world_size
        return [len(range(rank, self.size, count)) for rank in range(count)]

    @property
    def share(self) -> float:
        """The share of the batch's pairs that this process computes."""
        return self.sizes[self.processes.rank] / self.size

    def take_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row numbers of this process's pairs, (b,), from those of the whole batch, (B,)."""
        return rows[self.processes.rank :: self.processes.world_size]

    def take(self, whole: Tensor) -> Tensor:
        """This process's rows, (b, …), of a tensor of the whole batch, (B, …)."""
        return whole[self.processes.rank :: self.processes.world_size]

    def gather(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors of the whole batch, (B, d) and (B, d), with gradients, from (b, d) and (b, d)."""
        joined = torch.cat([u, v], 1)
        if joined.dtype is not torch.float64:  # the losses that use them compute in float32
            joined = joined.float()
        joined = self.processes.gather(joined, self.sizes)
        return joined[:, : u.shape[1]], joined[:, u.shape[1] :]

    def places(self, device: torch.device) -> Tensor:
        """int64 (b,), the positions of this process's rows in what `gather` returns."""
        first = sum(self.sizes[: self.processes.rank])
        return torch.arange(first, first + self.sizes[self.processes.rank], device=device)

    def part_of_mean(self, mean: Tensor, count: int) -> Tensor:
        """What a mean over `count` items of this process adds to the mean over all processes."""
        return mean * (count / max(1, self.processes.all_reduce_sum(count)))


def random_rows(
    shape: Sequence[int],
    device: torch.device,
    batch_slice: BatchSlice | None,
    generator: torch.Generator,
    low: int = 0,
    high: int | None = None,
) -> Tensor:
    """Draw random rows that do not depend on how a batch is shared between processes.

    Draws integers from `low` to `high` - 1, or float32 from [0, 1) without `high`. The generator
    must be in the same state in every process.
    """
    shape = tuple(shape) if batch_slice is None else (batch_slice.size, *shape[1:])
    if high is None:
        drawn = torch.rand(shape, generator=generator, device=device)
    else:
        drawn = torch.randint(low, high, shape, generator=generator, device=device)
    return drawn if batch_slice is None else batch_slice.take(drawn)
