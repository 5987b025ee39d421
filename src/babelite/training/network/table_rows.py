"""Rows of a large table of vectors, with a gradient that costs no more than the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def take_rows(table: Tensor, rows: Tensor) -> Tensor:
    """The rows of a table (n, dim): int64 (m,), distinct -> (m, dim).

    The backward pass of torch makes a gradient of the size of the table for each call. For a
    parameter on a CPU this one adds to the rows of its ``grad`` instead.
    """
    if table.device.type != "cpu" or not table.is_leaf or not torch.is_grad_enabled():
        return F.embedding(rows, table)
    taken: Tensor = _TakeRows.apply(table, rows)  # type: ignore[no-untyped-call]
    return taken


def clear_gradients(optimizer: torch.optim.Optimizer, tables: Sequence[Tensor]) -> None:
    """Remove all gradients; those of tables become zero, because allocating them is slow."""
    kept = [(table, table.grad) for table in tables]
    optimizer.zero_grad(set_to_none=True)
    for table, gradient in kept:
        table.grad = None if gradient is None else gradient.zero_()


class _TakeRows(torch.autograd.Function):
    """`take_rows` of a parameter on a CPU."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor) -> Tensor:  # noqa: ANN401
        ctx.table, ctx.rows = table, rows
        return table.detach()[rows]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None]:  # noqa: ANN401
        table = ctx.table
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        table.grad.index_add_(0, ctx.rows, gradient.to(table.dtype))
        return None, None
