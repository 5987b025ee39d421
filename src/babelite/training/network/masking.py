"""Masking of tokens for the objectives that predict them."""

from __future__ import annotations

import torch
from torch import Tensor

from babelite.training.data.vocabulary import MASK, PAD, SPECIAL_TOKENS
from babelite.training.distributed.batch_slice import BatchSlice, random_rows

# BERT's recipe (Devlin et al., 2019): of the chosen tokens 80 % become MASK, 10 % another token.
_CHOSEN, _MASKED, _REPLACED = 0.15, 0.8, 0.1


def mask_tokens(
    ids: Tensor,
    vocabulary_size: int,
    generator: torch.Generator,
    batch_slice: BatchSlice | None = None,
) -> tuple[Tensor, Tensor]:
    """Mask 15 % of the tokens as BERT does: 80 % become MASK, 10 % another token, 10 % stay.

    Returns the masked ids, int64 (b, L), and the chosen tokens, bool (b, L).
    """
    chosen = random_rows(ids.shape, ids.device, batch_slice, generator).lt(_CHOSEN) & ids.ne(PAD)
    fate = random_rows(ids.shape, ids.device, batch_slice, generator)
    others = random_rows(
        ids.shape, ids.device, batch_slice, generator, len(SPECIAL_TOKENS), vocabulary_size
    )
    hidden = torch.where(chosen & fate.lt(_MASKED), MASK, ids)
    hidden = torch.where(chosen & fate.ge(_MASKED) & fate.lt(_MASKED + _REPLACED), others, hidden)
    return hidden, chosen


def mask_one_token(
    ids: Tensor, rows: Tensor, generator: torch.Generator, batch_slice: BatchSlice | None = None
) -> tuple[Tensor, Tensor]:
    """Mask one token of each sentence in `rows`, bool (b,); punctuation counts as a token.

    Returns the masked ids, int64 (b, L), and the masked tokens, int64 (b,), PAD for sentences that
    were not chosen or are empty.
    """
    chance = random_rows(ids.shape, ids.device, batch_slice, generator)
    place = chance.masked_fill(ids.eq(PAD), -1.0).argmax(1, keepdim=True)
    words = torch.where(rows.unsqueeze(1), ids.gather(1, place), PAD)
    hidden = ids.scatter(1, place, torch.where(words.ne(PAD), MASK, ids.gather(1, place)))
    return hidden, words.squeeze(1)


def choose_sides(
    batch: int,
    generator: torch.Generator,
    device: torch.device,
    batch_slice: BatchSlice | None = None,
) -> Tensor:
    """For each pair, whether its first side is masked: bool (batch,), each with probability ½."""
    return random_rows((batch,), device, batch_slice, generator).lt(0.5)
