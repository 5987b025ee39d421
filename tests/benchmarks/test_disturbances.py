import unicodedata
from random import Random

import pytest
from disturbances import (
    DISTURBANCES,
    as_is,
    disturb,
    half_translated,
    one_typo,
    paragraphs,
)
from hypothesis import given
from hypothesis import strategies as st

SENTENCES = [
    "Où êtes-vous né, là-bas ou ici ?",
    "She didn't say \"no\" & I don't care!",
    "Das kostet 3,50 Euro, Straße 5.",
    "¿Dónde está la biblioteca?",
    "È più tardi di quanto pensi...",
]


def letters(text: str) -> list[str]:
    """What is left of a sentence whatever is done to case, accents, marks and spacing."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return [part for part in parts if part.isalnum()]


@pytest.mark.parametrize("name", DISTURBANCES)
def test_the_same_seed_gives_the_same_text(name: str) -> None:
    disturbance = DISTURBANCES[name]
    first = disturb(disturbance, SENTENCES, "fr", seed=1)
    assert first == disturb(disturbance, SENTENCES, "fr", seed=1)
    # A sentence is disturbed alike in whatever company.
    assert first[::-1] == disturb(disturbance, SENTENCES[::-1], "fr", seed=1)
    assert any(a != b for a, b in zip(first, SENTENCES, strict=True)) == (disturbance is not as_is)


@pytest.mark.parametrize(
    "name",
    [
        "lower case",
        "ALL CAPS",
        "Title Case",
        "no accents",
        "no punctuation",
        "other final punctuation",
        "odd spaces",
        "in quotation marks",
        "accents decomposed (NFD)",
        "some accents decomposed",
        "soft hyphens",
        "zero-width spaces",
        "byte-order mark",
        "direction marks",
    ],
)
def test_letters_and_digits_are_kept(name: str) -> None:
    for before, after in zip(SENTENCES, disturb(DISTURBANCES[name], SENTENCES, "fr"), strict=True):
        assert letters(after) == letters(before)


@pytest.mark.parametrize("name", ["emoji added", "number or price added", "greeting in front"])
def test_additions_keep_the_whole_sentence(name: str) -> None:
    for before, after in zip(SENTENCES, disturb(DISTURBANCES[name], SENTENCES, "it"), strict=True):
        assert before in after
        assert len(after) > len(before) + 1


@given(st.text("abcxyzéñ ", min_size=3), st.integers(0, 1000))
def test_a_typo_is_one_edit(text: str, seed: int) -> None:
    typed = one_typo(text, "en", Random(seed))
    if not any(letter.isalpha() for letter in text):
        assert typed == text
        return
    assert typed != text
    assert abs(len(typed) - len(text)) <= 1
    start = next(
        (i for i, (a, b) in enumerate(zip(text, typed, strict=False)) if a != b),
        min(len(text), len(typed)),
    )
    if len(typed) == len(text):
        # One other letter, or two that changed places.
        same_after_one = text[start + 1 :] == typed[start + 1 :]
        swapped = sorted(text[start : start + 2]) == sorted(typed[start : start + 2])
        assert same_after_one or (swapped and text[start + 2 :] == typed[start + 2 :])
    else:
        longer, shorter = sorted((text, typed), key=len, reverse=True)
        assert longer[start + 1 :] == shorter[start:]


@pytest.mark.parametrize("name", DISTURBANCES)
@given(text=st.text(max_size=30))
def test_any_text_can_be_disturbed(name: str, text: str) -> None:
    assert isinstance(DISTURBANCES[name](text, "xx", Random(0)), str)


@pytest.mark.parametrize(
    ("name", "sentence", "expected"),
    [
        ("ALL CAPS", "Die Straße", "DIE STRASSE"),
        ("no accents", "ÉTÉ à Łódź", "ETE a Łodz"),
        ("no punctuation", "¿Qué? 3,50 €, e-mail: l'été…", "Qué 3,50 e-mail l'été"),
        ("no punctuation", "?!", "?!"),
        ("in quotation marks", "L'été", "«\u00a0L’été\u00a0»"),
        ("HTML entities", "Tom & 'José'", "Tom &amp; &#x27;Jos&eacute;&#x27;"),
        ("greeting in front", "Wie geht es?", "Bonjour à tous, Wie geht es?"),
    ],
)
def test_examples(name: str, sentence: str, expected: str) -> None:
    assert DISTURBANCES[name](sentence, "fr", Random(0)) == expected


def test_final_punctuation_changes() -> None:
    for sentence in ("Yes.", "Yes", "Yes!", "Yes ?"):
        ends = {
            DISTURBANCES["other final punctuation"](sentence, "en", Random(i)) for i in range(99)
        }
        assert sentence not in ends
        assert all(end.startswith("Yes") for end in ends)
        assert len(ends) >= 5


def test_half_translated_and_paragraphs() -> None:
    assert half_translated(["a b c", "a"], ["A B C D", "A"]) == ["a b C D", "a A"]
    assert paragraphs(["a", "b", "c", "d", "e"], size=2) == ["a b", "c d", "e"]
    with pytest.raises(ValueError, match="shorter"):
        half_translated(["a b"], [])
