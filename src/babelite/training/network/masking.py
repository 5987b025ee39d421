"""Hiding tokens from the encoder, for the objectives that ask it to guess them."""

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
    """Hide 15 % of the tokens as BERT does: 80 % become MASK, 10 % another token, 10 % stay.

    Args:
        ids: int64 (batch, tokens), PAD after the end.
        vocabulary_size: Number of pieces.
        generator: Where randomness comes from.
        batch_slice: The part of a batch that these sentences are, if not all of it.

    Returns:
        The ids with tokens hidden, and a bool array of the same shape that marks the chosen ones.
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
    """Hide one token of each chosen sentence.

    Any token may be chosen, so a sentence of punctuation alone is no special case.

    Args:
        ids: int64 (batch, tokens), PAD after the end.
        rows: bool (batch,), the sentences to hide a token of.
        generator: Where randomness comes from.
        batch_slice: The part of a batch that these sentences are, if not all of it.

    Returns:
        The ids with MASK in one place of the chosen sentences, and the hidden tokens int64
        (batch,), PAD for sentences that were not chosen or are empty.
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
    """A fair coin a pair.

    Args:
        batch: How many pairs.
        generator: Where randomness comes from.
        device: That of the generator.
        batch_slice: The part of a batch that these pairs are, if not all of it.

    Returns:
        bool (batch,), true where the first side is the one to be masked.
    """
    return random_rows((batch,), device, batch_slice, generator).lt(0.5)
