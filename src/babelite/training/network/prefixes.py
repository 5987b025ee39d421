"""Matryoshka training: the first components of sentence vectors are sentence vectors too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from babelite.training.network.objectives import WholeBatch

SentenceLoss = Callable[[Tensor, Tensor, WholeBatch | None], Tensor]


def mean_over_prefixes(
    loss: SentenceLoss, u: Tensor, v: Tensor, whole: WholeBatch | None, sizes: Sequence[int]
) -> Tensor:
    """The mean of a sentence-level loss over prefixes of the vectors (Kusupati et al., 2022).

    u and v, (b, d), are the sentence vectors of both sides, `whole` those of the whole batch if
    this is a slice. The loss gets the first components of all of them, for each of the sizes.
    """
    if len(sizes) == 1:  # the whole vectors
        return loss(u, v, whole)
    losses = []
    for size in sizes:
        part = whole and WholeBatch(whole.u[:, :size], whole.v[:, :size], whole.places)
        losses.append(loss(u[:, :size], v[:, :size], part))
    return torch.stack(losses).mean()
