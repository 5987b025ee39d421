"""Remembered words give the token ids of the tokenizers library, or are not used."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import numpy as np
import pytest
import random_model
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from babelite.encoding import words as words_module
from babelite.encoding.model_folder import DEFAULT_MODEL, TOKENIZER
from babelite.encoding.tokenizer import LazyTokenizer
from babelite.encoding.words import TOKEN_DTYPE, WHITE_SPACE, remember_words
from babelite.training import train_vocabulary

MAX_TOKENS = 9
# Marks that compose, characters that normalisation removes, splits or turns into white space.
UNUSUAL = (
    "e\u0301a\u0308o\u0327\u0300\u00b4\u00a8\u00af\u00ad\u200b\u200d\ufeff\u2060\u1100\u1161\u11a8"
    "\uac00\u0130\u03a3\u1e9e\ufdfa\ufb01\u2126\u212b\u0345\u0f71\u2581\u00bd\u2026\U0001f44d"
)
CHARACTERS = st.sampled_from([*"abceinrst.,'-?!«»’ßü[]MASK", *UNUSUAL, *WHITE_SPACE])
TEXT = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.text(max_size=40),
    st.sampled_from([*random_model.TEXT, "a[MASK]b [PAD] [UNK]", "x" * 300, "a " * 50]),
)


def packaged() -> str:
    return (DEFAULT_MODEL / TOKENIZER).read_text(encoding="utf-8")


def small() -> str:
    return train_vocabulary([*random_model.TEXT, UNUSUAL] * 9, 150).to_str()


def with_special_tokens() -> str:
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    names = enumerate(("[PAD]", "[UNK]", "[MASK]"))
    added = [{"id": i, "content": t, "special": True, **plain} for i, t in names]
    return json.dumps({**json.loads(small()), "added_tokens": added})


def ids(tokenizer: LazyTokenizer, texts: list[str]) -> list[list[int]]:
    return [np.frombuffer(row, TOKEN_DTYPE).tolist() for row in tokenizer.rows(texts)]


def library_ids(tokenizer: str, texts: list[str]) -> list[list[int]]:
    library = Tokenizer.from_str(tokenizer)
    library.encode_special_tokens = True
    library.no_padding()
    library.enable_truncation(MAX_TOKENS)
    return [encoding.ids for encoding in library.encode_batch(texts)]


@pytest.fixture(scope="module", params=[packaged, small, with_special_tokens])
def both(request: pytest.FixtureRequest) -> tuple[LazyTokenizer, Tokenizer]:
    contents = request.param()
    library = Tokenizer.from_str(contents)
    library.encode_special_tokens = True
    library.no_padding()
    library.enable_truncation(MAX_TOKENS)
    tokenizer = LazyTokenizer(contents.encode(), MAX_TOKENS, 1)
    tokenizer.full_tokenizer()
    assert tokenizer._words is not None
    return tokenizer, library


@given(st.lists(TEXT, max_size=6))
def test_any_texts_are_split_as_by_the_library(
    both: tuple[LazyTokenizer, Tokenizer], texts: list[str]
) -> None:
    tokenizer, library = both
    expected = [encoding.ids for encoding in library.encode_batch(texts)]
    assert ids(tokenizer, texts) == expected
    assert ids(tokenizer, texts) == expected  # now all words are remembered


def test_every_character_beside_others_is_split_as_by_the_library(
    both: tuple[LazyTokenizer, Tokenizer],
) -> None:
    tokenizer, library = both
    codes = [*range(0x3100), *range(0x3100, sys.maxunicode + 1, 679)]
    texts = [f"a{chr(c)} {chr(c)}e x{chr(c)}x" for c in codes if not 0xD800 <= c < 0xE000]
    assert ids(tokenizer, texts) == [encoding.ids for encoding in library.encode_batch(texts)]


def test_white_space_is_that_of_python() -> None:
    found = {chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert found == set(WHITE_SPACE)
    assert all(len(f"a{c}a".split()) == 2 for c in WHITE_SPACE)


@pytest.mark.parametrize("separator", ["\x1c", "\x1d", "\x1e", "\x1f"])
def test_a_character_that_is_white_space_for_python_alone(separator: str) -> None:
    tokenizer = LazyTokenizer(packaged().encode(), MAX_TOKENS, 1)
    texts = [f"where{separator}is the station", "where is it?"] * 2
    assert ids(tokenizer, texts) == library_ids(packaged(), texts)


def test_a_full_table_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_module, "_MAX_SIZE", 200)
    tokenizer = LazyTokenizer(packaged().encode(), MAX_TOKENS, 1)
    texts = [f"Where is number {n % 40}, please, {'x' * (n % 300)}?" for n in range(600)]
    for _ in range(2):
        assert ids(tokenizer, texts) == library_ids(packaged(), texts)
        assert ids(tokenizer, texts[:1]) == library_ids(packaged(), texts[:1])
    words = tokenizer._words
    assert words is not None
    assert 0 < sum(len(word) + 8 for table in words._tables for word in table) <= 200


def test_threads_may_share_a_table_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_module, "_MAX_SIZE", 400)
    tokenizer = LazyTokenizer(packaged().encode(), MAX_TOKENS, 1)
    texts = [f"Where is number {n % 97}, please?" for n in range(300)]
    expected = library_ids(packaged(), texts)
    wrong: list[int] = []

    def work(shift: int) -> None:
        for turn in range(15):
            i = (shift * 37 + turn * 11) % 250
            if ids(tokenizer, texts[i : i + 50]) != expected[i : i + 50]:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_lone_surrogate_is_refused_and_not_remembered() -> None:
    tokenizer = LazyTokenizer(packaged().encode(), MAX_TOKENS, 1)
    for _ in range(2):
        with pytest.raises(TypeError):
            tokenizer.rows(["where is it", "half \ud800 of it"])
    assert ids(tokenizer, ["where is it"]) == library_ids(packaged(), ["where is it"])


SPLIT = {"type": "WhitespaceSplit"}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
SPACES = {"type": "Replace", "pattern": {"Regex": "[ ]"}, "content": "-"}


@pytest.mark.parametrize(
    "change",
    [
        {"pre_tokenizer": None},
        {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [SPLIT, METASPACE]}},
        {"normalizer": {"type": "Replace", "pattern": {"Regex": "a +b"}, "content": ""}},
        {"normalizer": {"type": "Replace", "pattern": {"String": "a b"}, "content": ""}},
        {"normalizer": {"type": "Prepend", "prepend": "x"}},
        {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}},
        {"added_tokens": ["the station"]},
        {"post_processor": ["[MASK]"]},
        {"dropout": 0.1},
    ],
)
def test_other_tokenizers_remember_no_words(change: dict[str, Any]) -> None:
    tokenizer = json.loads(small())
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    if "added_tokens" in change:
        last = max(tokenizer["model"]["vocab"].values()) + 1
        change = {"added_tokens": [{"id": last, "content": "the station", **plain}]}
    if "post_processor" in change:
        special = {"[MASK]": {"id": "[MASK]", "ids": [2], "tokens": ["[MASK]"]}}
        single = [
            {"SpecialToken": {"id": "[MASK]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ]
        template = {"type": "TemplateProcessing", "single": single, "pair": single}
        change = {"post_processor": {**template, "special_tokens": special}}
    if "dropout" in change:
        change = {"model": {**tokenizer["model"], **change}}
    contents = json.dumps({**tokenizer, **change})
    library = Tokenizer.from_str(contents)
    library.encode_special_tokens = True
    assert remember_words(library) is None
    if "model" not in change:
        lazy = LazyTokenizer(contents.encode(), MAX_TOKENS, 1)
        texts = ["where is the station a b", "a  b " * 9, "▁x"]
        assert ids(lazy, texts) == library_ids(contents, texts)


@pytest.mark.parametrize("content", ["-", "", "\u0301", "\u00a0"])
def test_white_space_that_normalisation_changes(content: str) -> None:
    step = {"type": "Replace", "pattern": {"Regex": "[ \u2003]"}, "content": content}
    contents = json.dumps({**json.loads(small()), "normalizer": step})
    lazy = LazyTokenizer(contents.encode(), MAX_TOKENS, 1)
    texts = ["a e i", "a\u2003e\u2003i", "a\te\ti", "e \u0301"]
    assert ids(lazy, texts) == library_ids(contents, texts)
