"""What the processes that train together know of each other, and all that they tell each other.

The model is not wrapped for distributed data parallelism: that averages gradients of processes,
which is not the gradient of the whole batch when processes have unequal parts, and what it gains by
sending gradients during the backward pass is small here, as the token embeddings are most of the
gradient and the last of it to be known. Gradients are summed once a step instead.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from babelite.errors import BabeliteError
from babelite.machine import own_cores

# Where it is counted how many processes have told, or need not be told, of a loss.
_LOST = "babelite/lost"
# Larger gradients are summed where they are, smaller ones joined into one message.
_LARGE = 1 << 18
# A peer that died closes its connection and is noticed at once; this is for a machine that is gone.
TIMEOUT = timedelta(minutes=30)
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_FOR_THE_FIRST = 2.0
_SECONDS_FOR_READERS = 5.0


class LostProcessError(BabeliteError):
    """Another of the processes that train together is gone.

    Args:
        tell: Whether it falls to this process to say so.
    """

    def __init__(self, tell: bool) -> None:
        super().__init__(
            "one of the processes was lost, and the others have stopped; the run is saved up to "
            "its last checkpoint",
            hint="give the same command again to go on, with as many processes as you like",
        )
        self.tell = tell


class Processes:
    """What a training run knows of the processes it consists of; by default it is one alone.

    Args:
        rank: Number of this process, from 0; process 0 alone writes files and shows progress.
        world_size: How many there are.
        device: Where this process trains, if that was decided for it.
    """

    def __init__(
        self, rank: int = 0, world_size: int = 1, device: torch.device | None = None
    ) -> None:
        self.rank, self.world_size, self.device = rank, world_size, device
        self._turn = 0
        self._control: dist.ProcessGroup | None = None
        if world_size > 1:
            # What is agreed on are numbers on the CPU, for which no GPU has to be waited for.
            self._control = dist.new_group(backend="gloo", timeout=TIMEOUT)

    @property
    def leads(self) -> bool:
        """Whether this is process 0."""
        return self.rank == 0

    def agree(self, *values: float) -> list[float]:
        """The highest of each value over all processes, the same everywhere."""
        if self.world_size == 1:
            return list(values)
        highest = torch.tensor(values, dtype=torch.float64)
        with self._noticing_losses():
            dist.all_reduce(highest, dist.ReduceOp.MAX, self._control)
        return list(highest.tolist())

    def total(self, count: int) -> int:
        """The sum of a number over all processes."""
        if self.world_size == 1:
            return count
        number = torch.tensor(count)
        with self._noticing_losses():
            dist.all_reduce(number, group=self._control)
        return int(number)

    def spread(self, tensors: Sequence[Tensor]) -> None:
        """Give the tensors of every process the values that process 0 has."""
        if self.world_size > 1:
            with self._noticing_losses(), torch.no_grad():
                for tensor in tensors:
                    dist.broadcast(tensor, 0)

    def gather(self, part: Tensor, sizes: Sequence[int]) -> Tensor:
        """The rows of all processes below each other; gradients flow back to where they came from.

        Args:
            part: (rows of this process, …).
            sizes: The number of rows of each process.

        Returns:
            (rows of all processes, …).
        """
        rows: Tensor = _Gather.apply(part, self, tuple(sizes))  # type: ignore[no-untyped-call]
        return rows

    def sum_gradients(self, parameters: Sequence[Tensor], losses: Tensor) -> Tensor:
        """Add up the gradients of all processes, in place.

        Args:
            parameters: Those with a gradient here have one in every process.
            losses: (n,), to be added up as well.

        Returns:
            The sums of the losses.
        """
        if self.world_size == 1:
            return losses
        gradients = [p.grad for p in parameters if p.grad is not None]
        small = [gradient for gradient in gradients if gradient.numel() < _LARGE]
        joined = torch.cat([losses.float(), *(gradient.flatten().float() for gradient in small)])
        with self._noticing_losses(), torch.no_grad():
            dist.all_reduce(joined)
            for gradient in gradients:
                if gradient.numel() >= _LARGE:
                    self._sum_rows(gradient)
        sizes = [len(losses), *(gradient.numel() for gradient in small)]
        sums, *found = torch.split(joined, sizes)
        for gradient, values in zip(small, found, strict=True):
            gradient.copy_(values.view_as(gradient))
        return sums

    def _sum_rows(self, gradient: Tensor) -> None:
        """Sum a gradient, of which on a CPU only the rows that are not zero everywhere are sent."""
        if gradient.device.type != "cpu" or gradient.dim() != 2:
            dist.all_reduce(gradient)
            return
        # On a CPU this takes half the time of `gradient.any(1)`.
        used = (gradient.amax(1).ne(0) | gradient.amin(1).ne(0)).to(torch.uint8)
        dist.all_reduce(used, dist.ReduceOp.MAX)
        rows = used.nonzero().squeeze(1)
        if 2 * len(rows) > len(gradient):
            dist.all_reduce(gradient)
            return
        block = gradient[rows]
        dist.all_reduce(block)
        gradient[rows] = block

    def lead(self, work: Callable[[], str]) -> str:
        """Let process 0 do something while the others wait, however long it takes.

        Args:
            work: Called in process 0 alone; what it returns is told to all.

        Returns:
            What `work` returned.

        Raises:
            BabeliteError: In the other processes, if `work` failed.
        """
        if self.world_size == 1:
            return work()
        self._turn += 1
        store, key = _store(), f"babelite/{self._turn}"
        if not self.leads:
            return self._follow(store, key)
        try:
            answer = work()
        except BaseException as error:
            store.set(key, "failed")
            if isinstance(error, Exception):  # the store may end with this process: let them read
                self._wait_for_readers(store, key)
            raise
        store.set(key, f"done {answer}")
        return answer

    def _wait_for_readers(self, store: Any, key: str) -> None:  # noqa: ANN401
        end = time.monotonic() + _SECONDS_FOR_READERS
        while store.add(f"{key}/read", 0) < self.world_size - 1 and time.monotonic() < end:
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _follow(self, store: Any, key: str) -> str:  # noqa: ANN401
        # Looked for again and again, as a call that waits would not let Ctrl-C through.
        with self._noticing_losses():
            while not store.check([key]):
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            answer: str = store.get(key).decode()
            store.add(f"{key}/read", 1)
        if answer == "failed":
            error = BabeliteError("process 0 has stopped", hint="see what it said")
            error.tell = False
            raise error
        return answer[5:]

    def cores(self) -> int:
        """How many CPU cores are there for this process alone."""
        mine = (socket.gethostname(), own_cores())
        if self.world_size == 1:
            return len(mine[1])
        with self._noticing_losses():
            store = _store()
            store.set(f"babelite/cores/{self.rank}", json.dumps([mine[0], sorted(mine[1])]))
            texts = [store.get(f"babelite/cores/{rank}") for rank in range(self.world_size)]
        return share_of_cores(mine, [(where, set(own)) for where, own in map(json.loads, texts)])

    def settle_who_tells(self, error: BaseException) -> None:
        """Decide which process tells the user of an error that ends this one."""
        if self.leads and not isinstance(error, LostProcessError):
            with suppress(RuntimeError):
                _store().add(
                    _LOST, 1
                )  # the others will find this process gone, and need not say so
        elif isinstance(error, BabeliteError) and error.tell is None:
            error.tell = True  # process 0 does not know of it

    @contextmanager
    def _noticing_losses(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise LostProcessError(self._first_to_tell()) from error

    def _first_to_tell(self) -> bool:
        if not self.leads:  # process 0, which has saved the run, goes before the others
            time.sleep(_SECONDS_FOR_THE_FIRST)
        try:
            return bool(_store().add(_LOST, 1) == 1)
        except RuntimeError:  # kept by a process that is gone
            return True


class _Gather(torch.autograd.Function):
    """Rows of all processes forward; sums of their gradients backward."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, processes: Processes, sizes: tuple[int, ...]) -> Tensor:  # noqa: ANN401
        ctx.processes, ctx.sizes = processes, sizes
        padded = part.new_zeros((max(sizes), *part.shape[1:]))
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in sizes]
        with processes._noticing_losses():
            dist.all_gather(parts, padded)
        return torch.cat([rows[:size] for rows, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        total = gradients[0].contiguous().clone()
        with ctx.processes._noticing_losses():
            dist.all_reduce(total)
        return torch.split(total, ctx.sizes)[ctx.processes.rank], None, None


def share_of_cores(mine: tuple[str, set[int]], everyone: list[tuple[str, set[int]]]) -> int:
    """How many cores there are for a process, if those that share some do it evenly.

    Args:
        mine: Its machine, and the numbers of the cores it may use.
        everyone: The same of all processes, itself included.

    Example:
        >>> share_of_cores(("a", {0, 1, 2, 3}), [("a", {0, 1, 2, 3})] * 2 + [("b", {0})])
        2
        >>> share_of_cores(("a", {0, 1}), [("a", {0, 1}), ("a", {2, 3})])
        2
    """
    machine, own = mine
    sharing = sum(where == machine and not own.isdisjoint(theirs) for where, theirs in everyone)
    return max(1, len(own) // sharing)


def _store() -> Any:  # noqa: ANN401 - torch does not export the type
    return dist.distributed_c10d._get_default_store()
