"""Pairs that say similar things come into one group."""

from __future__ import annotations

import numpy as np
import torch

from babelite.training.data.tokens import Side, TokenizedPairs
from babelite.training.loop.hard_batches import PAIRS_PER_GROUP, group_pairs
from babelite.training.network.transformer import DualTransformer, NetworkShape

TOPICS, WORDS = 12, 20


def talk(pairs: int) -> tuple[TokenizedPairs, np.ndarray]:
    """Pairs of which each is about one topic, in words of that topic; and the topics."""
    chance = np.random.default_rng(0)
    topics = chance.integers(0, TOPICS, pairs)

    def side() -> Side:
        lengths = chance.integers(3, 9, pairs)
        tokens = 3 + np.repeat(topics, lengths) * WORDS + chance.integers(0, WORDS, lengths.sum())
        ends = np.concatenate([[0], np.cumsum(lengths)])
        return Side(tokens.astype(np.uint16), ends, np.arange(pairs, dtype=np.uint64))

    return TokenizedPairs("en-fr", side(), side(), np.ones(pairs, np.float32)), topics


def network() -> DualTransformer:
    """An encoder that knows which words are of one topic."""
    torch.manual_seed(0)
    shape = NetworkShape(3 + TOPICS * WORDS, 16, 1, 2, 16, 20)
    made = DualTransformer(shape, dropout=0.0)
    with torch.no_grad():
        vectors = torch.randn(TOPICS, 16).repeat_interleave(WORDS, 0)
        made.embeddings.word_embeddings.weight[3:] = vectors + 0.3 * torch.randn_like(vectors)
    return made


def test_groups_are_of_one_topic_and_of_about_one_size() -> None:
    pairs, topics = talk(6_000)
    groups = group_pairs(network(), pairs, seed=0)
    sizes = np.bincount(groups)
    purest = [np.bincount(topics[groups == group]).max() for group in np.flatnonzero(sizes)]
    assert sum(purest) / len(groups) > 0.98  # drawn by chance it would be about 0.15
    assert 0.5 * PAIRS_PER_GROUP < len(groups) / len(purest) < 2 * PAIRS_PER_GROUP


def test_the_same_pairs_give_the_same_groups() -> None:
    pairs, _ = talk(500)
    first, second = (group_pairs(network(), pairs, seed=0) for _ in range(2))
    assert np.array_equal(first, second)


def test_a_seed_may_be_larger_than_those_of_faiss() -> None:
    pairs, _ = talk(500)
    assert len(group_pairs(network(), pairs, seed=2**63 - 1)) == 500


def test_a_few_pairs_are_one_group() -> None:
    pairs, _ = talk(5)
    assert set(group_pairs(network(), pairs, seed=0)) == {0}
