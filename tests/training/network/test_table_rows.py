"""Rows of tables: values and gradients, beside those of torch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from babelite.training.network.table_rows import clear_gradients, take_rows


def test_gradients_are_those_of_torch_over_several_uses_and_steps() -> None:
    torch.manual_seed(0)
    ours = nn.Parameter(torch.randn(20, 3))
    theirs = nn.Parameter(ours.data.clone())
    optimizers = [torch.optim.Adam([table], lr=0.1) for table in (ours, theirs)]
    for step in range(3):
        clear_gradients(optimizers[0], [ours])
        optimizers[1].zero_grad()
        for rows in (torch.tensor([3, 1, 7]), torch.tensor([step, 7])):
            weights = torch.randn(len(rows), 3)
            (take_rows(ours, rows) * weights).sum().backward()  # type: ignore[no-untyped-call]
            (F.embedding(rows, theirs) * weights).sum().backward()  # type: ignore[no-untyped-call]
        for table in (ours, theirs):  # a decoder that is tied to the table
            (table @ torch.ones(3)).square().sum().backward()
        assert ours.grad is not None and theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad)
        for optimizer in optimizers:
            optimizer.step()
        torch.testing.assert_close(ours, theirs)


def test_a_table_without_gradient_gives_rows_without_gradient() -> None:
    table = torch.randn(5, 2)
    assert torch.equal(take_rows(table, torch.tensor([4, 0])), table[[4, 0]])
    with torch.no_grad():
        assert not take_rows(nn.Parameter(table), torch.tensor([1])).requires_grad
