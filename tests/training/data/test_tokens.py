"""Tokenised pairs on disk: written, resumed and read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from babelite.corpus import WeightedPair as Pair
from babelite.training.data import tokens
from babelite.training.data.tokens import open_tokens, sentence_keys, tokenize
from babelite.training.data.vocabulary import train_vocabulary

BLOCK = 100


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_BLOCK", BLOCK)


@pytest.fixture(scope="module")
def pairs(bilingual_pairs: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(*pair) for pair in bilingual_pairs[:450]]


@pytest.fixture(scope="module")
def tokenizer(pairs: list[Pair]) -> Tokenizer:
    return train_vocabulary([side for pair in pairs for side in pair[:2]], 300)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_tokenised_pairs_can_be_read(
    pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path, max_tokens=200)
    corpus = open_tokens(tmp_path, "en-fr", tokenizer)
    assert len(corpus) == len(pairs)
    for side, read in enumerate((corpus.source, corpus.target)):
        for row, (start, end) in enumerate(pairwise(read.ends)):
            assert read.tokens[start:end].tolist() == tokenizer.encode(pairs[row][side]).ids


def test_rows_can_be_concatenated_and_padded(
    pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path, max_tokens=200)
    side = open_tokens(tmp_path, "en-fr", tokenizer).source
    rows = np.array([7, 3, 449, 3])
    expected = [tokenizer.encode(pairs[row].source).ids for row in rows]
    flat, begins = side.flat(rows)
    assert flat.tolist() == list(chain.from_iterable(expected))
    assert begins.tolist() == [sum(map(len, expected[:i])) for i in range(4)]
    longest = max(map(len, expected))
    assert side.padded(rows).tolist() == [ids + [0] * (longest - len(ids)) for ids in expected]
    assert side.padded(rows[:0]).shape == (0, 1)


def test_long_sentences_are_truncated(
    pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path, max_tokens=5)
    side = open_tokens(tmp_path, "en-fr", tokenizer).target
    assert side.lengths.max() == 5
    assert side.padded(np.array([0])).tolist() == [tokenizer.encode(pairs[0].target).ids[:5]]


def test_pairs_with_a_side_of_unknown_characters_are_omitted(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    pairs = [Pair("ba da", "fu"), Pair("漢字 漢", "fu"), Pair("ba", ""), Pair("漢 ba", "fu 字")]
    tokenize(pairs, tokenizer, tmp_path, max_tokens=200)
    source = open_tokens(tmp_path, "en-fr", tokenizer).source
    kept = [source.tokens[start:end].tolist() for start, end in pairwise(source.ends)]
    assert kept == [tokenizer.encode("ba da").ids, tokenizer.encode("漢 ba").ids]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("survivors", [0, 99, 100, 101, 250, 399, 449])
def test_tokenisation_resumed_after_a_kill_gives_the_same_files(
    survivors: int, pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path / "whole", max_tokens=200)

    def killed_after(count: int) -> Iterator[Pair]:
        yield from pairs[:count]
        raise Killed

    halved = tmp_path / "halved"
    with pytest.raises(Killed):
        tokenize(killed_after(survivors), tokenizer, halved, max_tokens=200)
    # A kill in the middle of a write: some files have bytes of a block that is not counted.
    for name in ("source.tokens", "target.lengths"):
        with (halved / f"{name}.bin").open("ab") as stream:
            stream.write(b"\x07" * 11)
    advanced: list[int] = []
    tokenize(pairs, tokenizer, halved, max_tokens=200, advance=advanced.append)
    assert contents(halved) == contents(tmp_path / "whole")
    assert sum(advanced) == len(pairs)


def test_finished_tokenisation_is_not_repeated(
    pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path, max_tokens=200)
    before = contents(tmp_path)

    def unread() -> Iterator[Pair]:
        raise AssertionError("finished text was read again")
        yield

    tokenize(unread(), tokenizer, tmp_path, max_tokens=200)
    assert contents(tmp_path) == before


def test_an_empty_corpus_can_be_opened(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenize([], tokenizer, tmp_path, max_tokens=200)
    assert len(open_tokens(tmp_path, "en-fr", tokenizer)) == 0


def test_tokens_take_two_bytes_while_that_is_enough(
    pairs: list[Pair], tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenize(pairs, tokenizer, tmp_path / "small", max_tokens=200)
    large = Tokenizer.from_str(tokenizer.to_str())
    large.add_tokens([f"<{number}>" for number in range(1 << 16)])
    tokenize([*pairs, Pair("<65500>", "<1>")], large, tmp_path / "large", max_tokens=200)
    narrow = open_tokens(tmp_path / "small", "en-fr", tokenizer).source
    wide = open_tokens(tmp_path / "large", "en-fr", large).source
    assert narrow.tokens.dtype == np.uint16
    assert wide.tokens.dtype == np.uint32
    assert wide.tokens[:-1].tolist() == narrow.tokens.tolist()
    assert wide.tokens[-1] == large.token_to_id("<65500>") > 1 << 16


SENTENCE = st.lists(st.integers(0, 5) | st.integers(0, 65_535), min_size=1, max_size=12)


@given(st.lists(SENTENCE, min_size=1, max_size=12))
def test_keys_are_equal_exactly_for_equal_sentences(sentences: list[list[int]]) -> None:
    flat = np.array(list(chain.from_iterable(sentences)), dtype=np.uint16)
    keys = sentence_keys(flat, np.array([len(sentence) for sentence in sentences]))
    for first, key in zip(sentences, keys, strict=True):
        for second, other in zip(sentences, keys, strict=True):
            assert (key == other) == (first == second)


@given(SENTENCE, SENTENCE)
def test_a_key_does_not_depend_on_other_sentences(sentence: list[int], other: list[int]) -> None:
    alone = sentence_keys(np.array(sentence, np.uint16), np.array([len(sentence)]))
    lengths = np.array([len(other), len(sentence)])
    together = sentence_keys(np.array(other + sentence, np.uint32), lengths)
    assert together[1] == alone[0]
