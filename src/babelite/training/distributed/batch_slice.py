"""The part of a batch that one of several processes works on.

Every process takes every n-th pair of a batch: of pairs that are sorted by length all get as much
to do. Losses are means over the whole batch, so each process computes what its pairs add to the
mean, and the sum of all processes' gradients is that of one process with the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelite.training.distributed.group import Processes


@dataclass(frozen=True)
class Shard:
    """Which pairs of a batch are those of this process: ``batch[rank::world_size]``.

    Attributes:
        processes: All that work on the batch.
        size: Pairs of the whole batch, at least one for each process.
    """

    processes: Processes
    size: int

    @cached_property
    def sizes(self) -> list[int]:
        """The number of pairs of each process; they differ by one at the most."""
        count = self.processes.world_size
        return [len(range(rank, self.size, count)) for rank in range(count)]

    @property
    def share(self) -> float:
        """The share of the batch's pairs that this process has."""
        return self.sizes[self.processes.rank] / self.size

    def take_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of this process's pairs, (share,), of those of the whole batch, (B,)."""
        return rows[self.processes.rank :: self.processes.world_size]

    def take(self, whole: Tensor) -> Tensor:
        """This process's rows of something that has a row for each pair of the whole batch."""
        return whole[self.processes.rank :: self.processes.world_size]

    def gather(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """The rows of all processes, with gradients: (B, d) and (B, d) from parts of them."""
        joined = torch.cat([u, v], 1)
        if joined.dtype is not torch.float64:  # losses that compare rows do it in float32 anyway
            joined = joined.float()
        joined = self.processes.gather(joined, self.sizes)
        return joined[:, : u.shape[1]], joined[:, u.shape[1] :]

    def places(self, device: torch.device) -> Tensor:
        """Where this process's rows are among those that `gather` returns, int64."""
        first = sum(self.sizes[: self.processes.rank])
        return torch.arange(first, first + self.sizes[self.processes.rank], device=device)

    def part(self, mean: Tensor, count: int) -> Tensor:
        """What a mean over `count` things of this process adds to the mean over everybody's."""
        return mean * (count / max(1, self.processes.total(count)))


def random_rows(
    shape: Sequence[int],
    device: torch.device,
    shard: Shard | None,
    generator: torch.Generator,
    low: int = 0,
    high: int | None = None,
) -> Tensor:
    """Random numbers for some rows, which do not depend on how a batch is shared out.

    Args:
        shape: (rows, …).
        device: That of the generator.
        shard: The part of a batch that the rows are; None if they are all of it.
        generator: In the same state in every process.
        low: The least whole number.
        high: Draw whole numbers below this; if not given, float32 from [0, 1).

    Returns:
        An array of that shape.
    """
    shape = tuple(shape) if shard is None else (shard.size, *shape[1:])
    if high is None:
        drawn = torch.rand(shape, generator=generator, device=device)
    else:
        drawn = torch.randint(low, high, shape, generator=generator, device=device)
    return drawn if shard is None else shard.take(drawn)
