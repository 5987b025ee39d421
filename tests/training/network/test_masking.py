"""Masking of tokens: shares, positions, randomness."""

from __future__ import annotations

import pytest
import torch

from babelite.training.data.vocabulary import MASK, PAD, SPECIAL_TOKENS, UNK
from babelite.training.network.masking import choose_sides, mask_one_token, mask_tokens

VOCABULARY = 1_000
CPU = torch.device("cpu")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def ids() -> torch.Tensor:
    """200 sentences of 1 to 100 tokens."""
    tokens = torch.randint(len(SPECIAL_TOKENS), VOCABULARY, (200, 100), generator=seeded(1))
    lengths = torch.randint(1, 101, (200, 1), generator=seeded(2))
    return torch.where(torch.arange(100) < lengths, tokens, PAD)


def test_mask_tokens_masks_as_bert_does(ids: torch.Tensor) -> None:
    hidden, chosen = mask_tokens(ids, VOCABULARY, seeded())
    count = int(chosen.sum())
    assert count / int(ids.ne(PAD).sum()) == pytest.approx(0.15, abs=0.01)
    masked = hidden[chosen].eq(MASK)
    kept = hidden[chosen].eq(ids[chosen])
    assert int(masked.sum()) / count == pytest.approx(0.8, abs=0.03)
    assert int(kept.sum()) / count == pytest.approx(0.1, abs=0.03)
    replaced = hidden[chosen][~masked & ~kept]
    assert replaced.min() >= len(SPECIAL_TOKENS)
    assert replaced.max() < VOCABULARY


def test_mask_tokens_keeps_other_tokens_and_padding(ids: torch.Tensor) -> None:
    hidden, chosen = mask_tokens(ids, VOCABULARY, seeded())
    assert torch.equal(hidden[~chosen], ids[~chosen])
    assert not chosen[ids.eq(PAD)].any()


def test_mask_one_token_masks_one_token_of_each_chosen_sentence(ids: torch.Tensor) -> None:
    rows = torch.arange(len(ids)) % 2 == 0
    hidden, words = mask_one_token(ids, rows, seeded())
    changed = hidden.ne(ids)
    assert torch.equal(changed.sum(1), rows.long())
    assert torch.equal(hidden[changed], torch.full((100,), MASK))
    assert torch.equal(ids[changed], words[rows])
    assert words[~rows].eq(PAD).all()


def test_mask_one_token_chooses_all_positions_equally() -> None:
    ids = torch.tensor([[5, 6, 7, 8, PAD, PAD]]).repeat(4_000, 1)
    _, words = mask_one_token(ids, torch.ones(4_000, dtype=torch.bool), seeded())
    counts = torch.bincount(words, minlength=9)
    assert counts[:5].sum() == 0
    assert counts[5:].float().div(4_000).tolist() == pytest.approx([0.25] * 4, abs=0.03)


def test_mask_one_token_masks_nothing_in_an_empty_sentence() -> None:
    ids = torch.zeros(2, 3, dtype=torch.int64)
    hidden, words = mask_one_token(ids, torch.tensor([True, False]), seeded())
    assert torch.equal(hidden, ids)
    assert words.tolist() == [PAD, PAD]


def test_mask_one_token_can_mask_unknown_tokens() -> None:
    ids = torch.tensor([[UNK, PAD]])
    hidden, words = mask_one_token(ids, torch.tensor([True]), seeded())
    assert hidden.tolist() == [[MASK, PAD]]
    assert words.tolist() == [UNK]


def test_sides_are_chosen_with_equal_probability() -> None:
    assert choose_sides(10_000, seeded(), CPU).float().mean().item() == pytest.approx(0.5, abs=0.02)


def test_masks_depend_on_the_generator_only(ids: torch.Tensor) -> None:
    rows = choose_sides(len(ids), seeded(3), CPU)
    assert torch.equal(rows, choose_sides(len(ids), seeded(3), CPU))
    torch.manual_seed(7)
    first = mask_tokens(ids, VOCABULARY, seeded()), mask_one_token(ids, rows, seeded())
    torch.manual_seed(8)
    second = mask_tokens(ids, VOCABULARY, seeded()), mask_one_token(ids, rows, seeded())
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[1], b[1])
    assert not torch.equal(first[0][0], mask_tokens(ids, VOCABULARY, seeded(1))[0])
