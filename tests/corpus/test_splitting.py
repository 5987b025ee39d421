"""Held-out pairs share no sentence with the training pairs."""

from __future__ import annotations

from collections import Counter

from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import Pair, comparison_key, sample_pairs, split_pairs, without_held_out
from babelite.errors import BabeliteError

PAIRS = [Pair(f"sentence {number // 2}", f"phrase {number}") for number in range(6000)]


def keys(pairs: list[Pair], side: int) -> list[bytes]:
    return [comparison_key(pair[side]) for pair in pairs]


def test_splits_share_no_sentence() -> None:
    training, held = split_pairs(PAIRS, 300, seed=1)
    assert len(held) == 300
    for side in (0, 1):
        assert len(set(keys(held, side))) == 300
        assert not set(keys(held, side)) & set(keys(training, side))
    # Each source sentence has two translations; both are dropped.
    assert len(training) == 6000 - 600
    assert training == sorted(training, key=PAIRS.index)


@given(
    st.lists(st.builds(Pair, st.sampled_from("abcdeABC!"), st.sampled_from("vwxyz"))),
    st.integers(1, 3),
)
def test_splits_of_random_pairs_share_no_sentence(pairs: list[Pair], count: int) -> None:
    try:
        training, held = split_pairs(pairs, count, seed=0)
    except BabeliteError:
        return
    sides = {key for side in (0, 1) for key in keys(held, side)}
    assert len(held) == count
    assert training
    for pair in training:
        assert not {comparison_key(pair.source), comparison_key(pair.target)} & sides


def test_the_seed_decides_the_sample() -> None:
    assert sample_pairs(PAIRS, 50, seed=1) == sample_pairs(iter(PAIRS), 50, seed=1)
    assert sample_pairs(PAIRS, 50, seed=1) != sample_pairs(PAIRS, 50, seed=2)


def test_sampling_is_uniform() -> None:
    pairs = [Pair(f"s{number}", f"t{number}") for number in range(3000)]
    drawn: Counter[int] = Counter()
    for seed in range(60):
        drawn.update(int(pair.source[1:]) // 1000 for pair in sample_pairs(pairs, 30, seed))
    assert all(abs(drawn[third] - 600) < 100 for third in range(3))


def test_too_few() -> None:
    with raises("too-few", "1 of 2"):
        sample_pairs([Pair("a", "b"), Pair("A", "c")], 2, seed=0)
    with raises("too-few"):
        split_pairs([Pair("a", "b")], 1, seed=0)


def test_without_held_out_streams() -> None:
    endless = (Pair(f"s{number}", "t") for number in iter(int, 1))
    assert next(without_held_out(endless, [])) == Pair("s0", "t")
