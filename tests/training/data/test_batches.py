"""The order of training: every pair once, nothing twice in a batch, hardly any padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.training.data import batches
from babelite.training.data.batches import BatchRows, batches_per_epoch, plan_epoch
from babelite.training.data.tokens import Side, TokenizedPairs


def make_side(keys: Sequence[int] | NDArray[np.int64], lengths: NDArray[np.int64]) -> Side:
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return Side(np.full(int(ends[-1]), 3, np.uint16), ends, np.array(keys, np.uint64))


def make_corpus(
    source: Sequence[int] | NDArray[np.int64],
    target: Sequence[int] | NDArray[np.int64],
    lengths: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    weight: float = 1.0,
) -> TokenizedPairs:
    """A corpus of sentences that are known by their keys; equal keys, equal sentences."""
    first, second = lengths or (np.array(source) % 7 + 1, np.array(target) % 5 + 1)
    weights = np.full(len(first), weight, np.float32)
    return TokenizedPairs("en-fr", make_side(source, first), make_side(target, second), weights)


def plan(
    corpora: Sequence[TokenizedPairs],
    size: int,
    *,
    seed: int = 0,
    epoch: int = 0,
    by_length: bool = True,
) -> list[BatchRows]:
    return list(plan_epoch(corpora, size, seed=seed, epoch=epoch, by_length=by_length))


def as_lists(plan: list[BatchRows]) -> list[tuple[int, list[int]]]:
    return [(rows.corpus, rows.rows.tolist()) for rows in plan]


# Many equal sentences on one side: the same greeting translated in several ways.
CORPUS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=80).map(
    lambda pairs: make_corpus([pair[0] for pair in pairs], [pair[1] for pair in pairs])
)
SETTINGS = {
    "corpora": st.lists(CORPUS, min_size=1, max_size=3),
    "size": st.integers(2, 20),
    "seed": st.integers(0, 3),
    "by_length": st.booleans(),
}


@given(**SETTINGS)
def test_batches_contain_no_pair_and_no_sentence_twice(
    corpora: list[TokenizedPairs], size: int, seed: int, by_length: bool
) -> None:
    used: set[tuple[int, int]] = set()
    for batch in plan(corpora, size, seed=seed, by_length=by_length):
        corpus = corpora[batch.corpus]
        assert 0 < len(batch.rows) <= size
        for side in (corpus.source, corpus.target):
            assert len(set(side.keys[batch.rows].tolist())) == len(batch.rows)
        pairs = {(batch.corpus, row) for row in batch.rows.tolist()}
        assert not used & pairs
        used |= pairs


@given(**SETTINGS)
def test_every_language_pair_is_used(
    corpora: list[TokenizedPairs], size: int, seed: int, by_length: bool
) -> None:
    used = {batch.corpus for batch in plan(corpora, size, seed=seed, by_length=by_length)}
    assert used == {number for number, corpus in enumerate(corpora) if len(corpus)}


@given(**SETTINGS)
def test_the_order_depends_on_seed_and_epoch_only(
    corpora: list[TokenizedPairs], size: int, seed: int, by_length: bool
) -> None:
    first = plan(corpora, size, seed=seed, epoch=3, by_length=by_length)
    second = plan(corpora, size, seed=seed, epoch=3, by_length=by_length)
    assert as_lists(first) == as_lists(second)


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=3),
    st.integers(2, 20),
    st.booleans(),
    st.integers(30, 100),
)
def test_without_equal_sentences_every_pair_is_used_up_to_the_remainder(
    sizes: list[int], size: int, by_length: bool, window: int
) -> None:
    corpora = [make_corpus(range(count), range(count)) for count in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_WINDOW", window)
        planned = plan(corpora, size, by_length=by_length)
    for number, count in enumerate(sizes):
        used = sum(len(batch.rows) for batch in planned if batch.corpus == number)
        assert used == (count // size * size if count >= size else count)
    assert sum(len(batch.rows) == size for batch in planned) == sum(
        count // size for count in sizes
    )


def test_seeds_and_epochs_give_other_orders() -> None:
    corpora = [make_corpus(range(100), range(100))]
    plans = [
        as_lists(plan(corpora, 10, seed=seed, epoch=epoch)) for seed in (0, 1) for epoch in (0, 1)
    ]
    assert len({str(found) for found in plans}) == 4


@pytest.mark.parametrize("by_length", [True, False])
def test_over_some_epochs_every_pair_is_seen(by_length: bool) -> None:
    """Pairs that do not fill a batch differ in each epoch, so every pair is used at some time."""
    lengths = np.arange(150) + 1, np.arange(150) + 1
    corpora = [make_corpus(range(150), range(150), lengths)]
    seen = {
        row
        for epoch in range(12)
        for batch in plan(corpora, 100, epoch=epoch, by_length=by_length)
        for row in batch.rows.tolist()
    }
    assert len(seen) > 145


def test_language_pairs_are_mixed() -> None:
    corpora = [make_corpus(range(1_000), range(1_000)), make_corpus(range(500), range(500))]
    order = [batch.corpus for batch in plan(corpora, 10)]
    assert order.count(0) == 100
    assert order.count(1) == 50
    assert 10 < order[:75].count(1) < 40


def test_equal_sentences_wait_for_another_batch() -> None:
    # Each sentence four times; there is room for all of them.
    sentences = np.repeat(np.arange(200), 4)
    corpora = [make_corpus(sentences, np.arange(800))]
    used = sum(len(batch.rows) for batch in plan(corpora, 20, by_length=False))
    assert used >= 800 - 3 * 20


def test_a_sentence_that_fills_the_corpus_does_not_stop_training() -> None:
    sentences = np.concatenate([np.zeros(5_000, np.int64), np.arange(1, 1_001)])
    corpora = [make_corpus(sentences, np.arange(6_000))]
    planned = plan(corpora, 50)
    assert sum(len(batch.rows) for batch in planned) > 900
    assert all((sentences[batch.rows] == 0).sum() <= 1 for batch in planned)


def test_batches_by_length_have_little_padding() -> None:
    generator = np.random.default_rng(0)
    # Lengths as in real text: log-normal, the translation longer or shorter by a few words.
    source = np.clip(generator.lognormal(2.3, 0.7, 60_000).round(), 1, 200).astype(np.int64)
    target = np.clip((source * generator.normal(1.1, 0.15, 60_000)).round(), 1, 200)
    corpus = make_corpus(range(60_000), range(60_000), (source, target.astype(np.int64)))

    def waste(by_length: bool) -> float:
        kept = padded = 0
        for batch in plan([corpus], 128, by_length=by_length):
            for side in (corpus.source, corpus.target):
                lengths = side.lengths[batch.rows]
                kept += int(lengths.sum())
                padded += int(lengths.max()) * len(lengths)
        return 1 - kept / padded

    assert waste(by_length=True) < 0.1
    assert waste(by_length=False) > 0.5


def test_batches_per_epoch_equals_the_batches_of_an_epoch() -> None:
    corpora = [make_corpus(range(count), range(count)) for count in (95, 4, 0)]
    assert batches_per_epoch(corpora, 10) == len(plan(corpora, 10)) == 10


def test_batches_per_epoch_counts_the_parts_of_batches_that_are_cut() -> None:
    lengths = np.arange(1_000) % 60 + 1
    corpora = [make_corpus(range(n), range(n), (lengths[:n], lengths[:n])) for n in (1_000, 330)]
    for tokens in (400, 1_000, 4_000):
        planned = list(
            plan_epoch(corpora, 50, seed=3, epoch=0, by_length=True, batch_tokens=tokens)
        )
        assert len(planned) > 26
        assert batches_per_epoch(corpora, 50, batch_tokens=tokens, seed=3) == len(planned)
    assert batches_per_epoch(corpora, 50, batch_tokens=6_000) == 26


@pytest.mark.parametrize("weight", [0.3, 1.0, 2.5])
def test_a_weight_is_the_average_number_of_occurrences(weight: float) -> None:
    corpora = [
        make_corpus(range(2_000), range(2_000), weight=weight),
        make_corpus(range(2_000), range(2_000)),
    ]
    seen = np.zeros((2, 2_000), int)
    epochs = 20
    for epoch in range(epochs):
        for batch in plan(corpora, 10, epoch=epoch):
            np.add.at(seen[batch.corpus], batch.rows, 1)
    mean, other = seen.mean(axis=1) / epochs
    assert mean == pytest.approx(weight, rel=0.05)
    assert other == pytest.approx(1, rel=0.05)
    assert seen[0].min() >= epochs * np.floor(weight) - 2
    assert seen[0].max() <= epochs * np.ceil(weight)
    assert batches_per_epoch(corpora, 10) == 200 + round(200 * weight)


@given(st.lists(st.integers(1, 60), min_size=40, max_size=200), st.integers(20, 2_000))
def test_batches_of_long_sentences_are_split(lengths: list[int], tokens: int) -> None:
    sizes = np.array(lengths)
    corpus = make_corpus(range(len(sizes)), range(len(sizes)), (sizes, sizes[::-1]))
    used = 0
    for batch in plan_epoch([corpus], 20, seed=0, epoch=0, by_length=True, batch_tokens=tokens):
        longest = sizes[batch.rows].max() + sizes[::-1][batch.rows].max()
        assert len(batch.rows) * longest <= tokens or len(batch.rows) <= 3
        used += len(batch.rows)
    assert used == len(sizes) // 20 * 20


@given(st.lists(st.integers(0, 12), min_size=1, max_size=200), st.integers(2, 20))
def test_batches_of_groups_keep_each_group_together(groups: list[int], size: int) -> None:
    corpus = make_corpus(range(len(groups)), range(len(groups)))
    found = list(
        plan_epoch(
            [corpus], size, seed=0, epoch=0, by_length=False, groups=[np.array(groups, np.int32)]
        )
    )
    used = [row for batch in found for row in batch.rows.tolist()]
    assert len(set(used)) == len(used)
    assert len(used) == (len(groups) // size * size if len(groups) >= size else len(groups))
    # A group is taken apart only where a batch was full before it ended.
    batches_of = {group: set() for group in groups}
    for number, batch in enumerate(found):
        for row in batch.rows.tolist():
            batches_of[groups[row]].add(number)
    parts = sum(map(len, batches_of.values()))
    assert parts <= len(batches_of) + 2 * len(found)


def test_groups_come_in_another_order_each_epoch() -> None:
    corpus, groups = make_corpus(range(60), range(60)), [np.arange(60, dtype=np.int32) // 6]
    orders = [
        [
            tuple(sorted(batch.rows.tolist()))
            for batch in plan_epoch(
                [corpus], 6, seed=0, epoch=epoch, by_length=False, groups=groups
            )
        ]
        for epoch in (0, 1)
    ]
    assert (
        sorted(orders[0]) == sorted(orders[1]) == [tuple(range(i, i + 6)) for i in range(0, 60, 6)]
    )
    assert orders[0] != orders[1]


def test_tokens_of_a_batch_of_groups_count_without_padding() -> None:
    lengths = np.full(20, 1)
    lengths[7] = 50  # with padding, the sides of the batch would have 2,000 tokens
    corpus = make_corpus(range(20), range(20), (lengths, lengths))
    groups = [np.zeros(20, np.int32)]
    for tokens, size in ((138, 20), (137, 10)):
        found = plan_epoch(
            [corpus], 20, seed=0, epoch=0, by_length=False, batch_tokens=tokens, groups=groups
        )
        assert {len(batch.rows) for batch in found} == {size}
