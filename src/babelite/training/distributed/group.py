"""Collective operations of the processes that train together, and detection of lost processes.

`DistributedDataParallel` is not used: it averages the gradients of processes, which is not the
gradient of the whole batch when processes have different numbers of pairs. Gradients are summed
once a step instead. Sending them during the backward pass would gain little, because most of the
gradient is that of the token embeddings, which is computed last.
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
from babelite.training.distributed.environment import has_reporter, set_reporter

# The key under which processes count who has reported a loss, or need not report it.
_LOST = "babelite/lost"
# Larger gradients are summed in place, smaller ones are joined into one message.
_LARGE = 1 << 18
# A process that dies closes its connections, which is noticed immediately. This is for machines
# that stop answering.
TIMEOUT = timedelta(minutes=30)
_SECONDS_BETWEEN_POLLS = 0.1
_SECONDS_FOR_RANK_ZERO = 2.0
_SECONDS_FOR_READERS = 5.0


class LostProcessError(BabeliteError):
    """Another of the processes that train together has ended."""

    def __init__(self) -> None:
        super().__init__(
            "one of the processes was lost, and the others have stopped; the run is saved up to "
            "its last checkpoint",
            code="process-lost",
            hint="run the same command again to resume, with any number of processes",
        )


class ProcessGroup:
    """The processes of a training run; by default this process alone, with no device assigned."""

    def __init__(
        self, rank: int = 0, world_size: int = 1, device: torch.device | None = None
    ) -> None:
        self.rank, self.world_size, self.device = rank, world_size, device
        self._turn = 0
        self._control: dist.ProcessGroup | None = None
        if world_size > 1:
            # Control messages are numbers on the CPU, so that they need not wait for a GPU.
            self._control = dist.new_group(backend="gloo", timeout=TIMEOUT)

    @property
    def is_rank_zero(self) -> bool:
        """Whether this is process 0."""
        return self.rank == 0

    def all_reduce_max(self, *values: float) -> list[float]:
        """The maximum of each value over all processes."""
        if self.world_size == 1:
            return list(values)
        highest = torch.tensor(values, dtype=torch.float64)
        with self._detecting_lost_processes():
            dist.all_reduce(highest, dist.ReduceOp.MAX, self._control)
        return list(highest.tolist())

    def all_reduce_sum(self, count: int) -> int:
        """The sum of a number over all processes."""
        if self.world_size == 1:
            return count
        number = torch.tensor(count)
        with self._detecting_lost_processes():
            dist.all_reduce(number, group=self._control)
        return int(number)

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Copy the tensors of process 0 to all processes, in place."""
        if self.world_size > 1:
            with self._detecting_lost_processes(), torch.no_grad():
                for tensor in tensors:
                    dist.broadcast(tensor, 0)

    def gather(self, part: Tensor, sizes: Sequence[int]) -> Tensor:
        """Concatenate the rows (rows of a process, …) of all processes, `sizes` of each.

        Gradients flow back to the process of each row.
        """
        rows: Tensor = _Gather.apply(part, self, tuple(sizes))  # type: ignore[no-untyped-call]
        return rows

    def sum_gradients(self, parameters: Sequence[Tensor], losses: Tensor) -> Tensor:
        """Sum the gradients of all processes in place, and return the sums of losses (n,).

        Parameters with a gradient here must have one in every process.
        """
        if self.world_size == 1:
            return losses
        gradients = [p.grad for p in parameters if p.grad is not None]
        small = [gradient for gradient in gradients if gradient.numel() < _LARGE]
        joined = torch.cat([losses.float(), *(gradient.flatten().float() for gradient in small)])
        with self._detecting_lost_processes(), torch.no_grad():
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
        """Sum a gradient; on a CPU only rows that are not zero in every process are sent."""
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

    def run_on_rank_zero(self, work: Callable[[], str]) -> str:
        """Call a function in process 0 while the others wait; every process returns its answer.

        If the function fails, the other processes raise an error too.
        """
        if self.world_size == 1:
            return work()
        self._turn += 1
        store, key = _store(), f"babelite/{self._turn}"
        if not self.is_rank_zero:
            return self._wait_for_answer(store, key)
        try:
            answer = work()
        except BaseException as error:
            store.set(key, "failed")
            if isinstance(error, Exception):  # the store may end with this process
                self._wait_for_readers(store, key)
            raise
        store.set(key, f"done {answer}")
        return answer

    def _wait_for_readers(self, store: Any, key: str) -> None:  # noqa: ANN401
        end = time.monotonic() + _SECONDS_FOR_READERS
        while store.add(f"{key}/read", 0) < self.world_size - 1 and time.monotonic() < end:
            time.sleep(_SECONDS_BETWEEN_POLLS)

    def _wait_for_answer(self, store: Any, key: str) -> str:  # noqa: ANN401
        # Polled, because a blocking call would ignore Ctrl-C.
        with self._detecting_lost_processes():
            while not store.check([key]):
                time.sleep(_SECONDS_BETWEEN_POLLS)
            answer: str = store.get(key).decode()
            store.add(f"{key}/read", 1)
        if answer == "failed":
            error = BabeliteError(
                "process 0 has stopped", code="process-lost", hint="read its error message"
            )
            raise set_reporter(error, here=False)
        return answer[5:]

    def cores(self) -> int:
        """Number of CPU cores for this process alone."""
        mine = (socket.gethostname(), own_cores())
        if self.world_size == 1:
            return len(mine[1])
        with self._detecting_lost_processes():
            store = _store()
            store.set(f"babelite/cores/{self.rank}", json.dumps([mine[0], sorted(mine[1])]))
            texts = [store.get(f"babelite/cores/{rank}") for rank in range(self.world_size)]
        return share_of_cores(mine, [(where, set(own)) for where, own in map(json.loads, texts)])

    def choose_reporter(self, error: BaseException) -> None:
        """Decide whether this process prints an error that ends it."""
        if self.is_rank_zero and not isinstance(error, LostProcessError):
            with suppress(RuntimeError):
                _store().add(_LOST, 1)  # the others will lose this process and need not report it
        elif isinstance(error, BabeliteError) and not has_reporter(error):
            set_reporter(error, here=True)  # process 0 does not know of it

    @contextmanager
    def _detecting_lost_processes(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise set_reporter(LostProcessError(), self._is_first_to_report()) from error

    def _is_first_to_report(self) -> bool:
        if not self.is_rank_zero:  # process 0, which has saved the run, reports before the others
            time.sleep(_SECONDS_FOR_RANK_ZERO)
        try:
            return bool(_store().add(_LOST, 1) == 1)
        except RuntimeError:  # the process that kept the store is gone
            return True


class _Gather(torch.autograd.Function):
    """Forward: the rows of all processes. Backward: the sums of their gradients."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, processes: ProcessGroup, sizes: tuple[int, ...]) -> Tensor:  # noqa: ANN401
        ctx.processes, ctx.sizes = processes, sizes
        padded = part.new_zeros((max(sizes), *part.shape[1:]))
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in sizes]
        with processes._detecting_lost_processes():
            dist.all_gather(parts, padded)
        return torch.cat([rows[:size] for rows, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        total = gradients[0].contiguous().clone()
        with ctx.processes._detecting_lost_processes():
            dist.all_reduce(total)
        return torch.split(total, ctx.sizes)[ctx.processes.rank], None, None


def share_of_cores(mine: tuple[str, set[int]], everyone: list[tuple[str, set[int]]]) -> int:
    """Number of cores for a process when those that may use the same cores share them evenly.

    Each process is given by its host name and the numbers of the cores that it may use.

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
