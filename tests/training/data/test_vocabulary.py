"""The vocabulary: ids that never move, text folded as promised, the same in other libraries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from babelite.corpus import normalize_text
from babelite.errors import BabeliteError
from babelite.training.data.vocabulary import (
    MASK,
    PAD,
    SPECIAL_TOKENS,
    UNK,
    renew_vocabulary,
    train_vocabulary,
)

TEXT = ["The cat sat on the mat.", "Le chat était assis sur le tapis.", "Über 12 Straßen"] * 20


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_vocabulary(TEXT, 120)


def test_special_tokens_have_fixed_ids(tokenizer: Tokenizer) -> None:
    assert (PAD, UNK, MASK) == (0, 1, 2)
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2]


def test_text_is_lower_cased_and_normalised_to_nfkc(tokenizer: Tokenizer) -> None:
    plain = tokenizer.encode("le chat était 12").ids
    assert tokenizer.encode("LE CHAT \u00c9TAIT 12").ids == plain
    assert tokenizer.encode("LE CHAT E\u0301TAIT 12").ids == plain
    assert tokenizer.encode("\uff2c\uff25 chat \u00e9tait \uff11\uff12").ids == plain


@pytest.mark.parametrize("text", ["  the  cat ", "the\tcat", "the\u00a0cat", "the\u2003cat\n"])
def test_white_space_only_separates(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text).ids == tokenizer.encode("the cat").ids


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffle chat était assis",
        "le chat \u200bétait \u200bassis\u2060",
        "le c\u00adhat ét\u00adait as\u00adsis",
        "\u200ele chat\u200f \u202aétait\u202c assis",
        "le ch\u200dat était\ufe0f as\u200csis",
        "le chat e\u00ad\u0301tait\x00 assis",
        "le chat é\x1ftait as\u2063sis\U000e0041\U000e0101",
    ],
)
def test_invisible_characters_change_nothing(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text).ids == tokenizer.encode("le chat était assis").ids


def test_all_that_the_corpus_removes_is_removed(tokenizer: Tokenizer) -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    removed = [c for c in characters if not c.isspace() and not normalize_text(f"{c}")]
    assert len(removed) > 200
    text = "".join(f"le {c}ch{c}at " for c in removed)
    assert set(tokenizer.encode(text).ids) == set(tokenizer.encode("le chat").ids)


def test_an_emoji_is_the_same_with_joiners_and_variation_selectors() -> None:
    tokenizer = train_vocabulary(["👩‍💻 writes ❤️", "👩 💻 and ❤"] * 20, 60)
    assert tokenizer.encode("👩‍💻❤️").ids == tokenizer.encode("👩💻❤").ids
    assert not {"\u200d", "\ufe0f"} & set(tokenizer.get_vocab())


def _older(tokenizer: Tokenizer) -> str:
    """The same vocabulary as it was saved before invisible characters were removed."""
    saved = json.loads(tokenizer.to_str())
    saved["normalizer"]["normalizers"].pop(0)
    tokens = enumerate(SPECIAL_TOKENS)
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    saved["added_tokens"] = [{"id": i, "content": t, "special": True, **plain} for i, t in tokens]
    return json.dumps(saved)


def test_an_older_vocabulary_gets_the_normalisation(tokenizer: Tokenizer) -> None:
    assert Tokenizer.from_str(_older(tokenizer)).encode("[MASK]").ids == [MASK]
    renewed = renew_vocabulary(_older(tokenizer))
    assert json.loads(renewed) == json.loads(tokenizer.to_str())
    assert json.loads(renew_vocabulary(renewed)) == json.loads(renewed)


def test_the_vocabulary_of_another_program_is_not_changed(tokenizer: Tokenizer) -> None:
    other = json.loads(_older(tokenizer))
    for normalizer in (None, {"type": "Lowercase"}, {"type": "Sequence", "normalizers": []}):
        text = json.dumps({**other, "normalizer": normalizer})
        assert renew_vocabulary(text) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\ufeff", "\u200b \u00ad"])
def test_an_empty_text_has_no_token(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text).ids == []


def test_frequent_words_are_one_piece(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("The cat sat").tokens == ["▁the", "▁cat", "▁sat"]


def test_unseen_letters_are_unknown(tokenizer: Tokenizer) -> None:
    assert UNK in tokenizer.encode("λόγος").ids


@given(st.text(max_size=40))
def test_no_text_becomes_a_special_token_but_unknown(text: str) -> None:
    tokenizer = _SHARED.setdefault("tokenizer", train_vocabulary(TEXT, 120))
    assert not {PAD, MASK} & set(tokenizer.encode(text).ids)
    assert not {PAD, MASK} & set(tokenizer.encode(f"[PAD]{text}[MASK]").ids)


_SHARED: dict[str, Tokenizer] = {}


@pytest.mark.parametrize("size", [4, 30, 60, 5_000])
def test_the_size_is_a_limit(size: int) -> None:
    assert 3 < train_vocabulary(TEXT, size).get_vocab_size() <= max(size, 5)


def test_the_same_text_gives_the_same_vocabulary() -> None:
    # Many characters that occur equally often, more than the vocabulary has room for.
    rare = [f"the cat {chr(0x4E00 + i)}{chr(0x4E01 + i)}" for i in range(600)] * 2
    texts = {train_vocabulary(TEXT + rare, 300).to_str() for _ in range(3)}
    assert len(texts) == 1


def test_rare_characters_give_way_to_frequent_ones() -> None:
    rare = [chr(0x4E00 + i) for i in range(500)]
    tokenizer = train_vocabulary(TEXT + rare, 200)
    assert UNK in tokenizer.encode(rare[-1]).ids
    assert UNK not in tokenizer.encode(" ".join(TEXT)).ids


@pytest.mark.parametrize("size", [0, 3])
def test_a_size_without_room_is_refused(size: int) -> None:
    with pytest.raises(BabeliteError, match="no room"):
        train_vocabulary(TEXT, size)


@pytest.mark.parametrize("text", [[], [""], [" ", "\n"]])
def test_no_text_is_refused(text: list[str]) -> None:
    with pytest.raises(BabeliteError, match="no text"):
        train_vocabulary(text, 100)


def test_auto_tokenizer_gives_the_same_ids(tokenizer: Tokenizer, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": 200,
                "clean_up_tokenization_spaces": False,
                "split_special_tokens": True,
                **{f"{token[1:-1].lower()}_token": token for token in SPECIAL_TOKENS},
            }
        ),
        encoding="utf-8",
    )
    other = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert isinstance(other, transformers.PreTrainedTokenizerFast)
    assert (other.pad_token_id, other.unk_token_id, other.mask_token_id) == (PAD, UNK, MASK)
    for text in [
        *TEXT,
        "",
        "  Über\u00a0die ΜΆΘΕΣΙΣ!",
        "¿Qué?",
        "a" * 300,
        "\u200b",
        "[MASK] a[PAD]",
    ]:
        assert other(text)["input_ids"] == tokenizer.encode(text).ids
