"""Text normalization, comparison keys and word counts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from babelite.corpus import comparison_key, count_words, normalize_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain text", "plain text"),
        ("  two   spaces ", "two spaces"),
        ("tab\tand\r\nline", "tab and line"),
        ("no\u00a0break\u2009thin\u3000wide\u2028line", "no break thin wide line"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("co\u00adop\u200b \ufeffbom\u200e", "coop bom"),
        ("bell\x07 and \x85next", "bell and next"),
        ("half \ud83d pair", "half pair"),
        # Joiners stay in Persian, Hindi and emoji, and are removed from German.
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("Auf\u200clage", "Auflage"),
        ("\u200b\u2060", ""),
    ],
)
def test_normalize(raw: str, clean: str) -> None:
    assert normalize_text(raw) == clean


@given(st.text())
@example("\u0628\u200c \u200d")
@example("\U0001f600\u200d\u0301")
def test_normalize_is_idempotent(text: str) -> None:
    clean = normalize_text(text)
    assert normalize_text(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert clean.split() == (clean.split(" ") if clean else [])
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in clean)


def slow_key(text: str) -> str:
    """The definition of `comparison_key` for a text without digits, character by character."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return "".join(
        char
        for char in folded
        if unicodedata.category(char)[0] not in "PSZC"
        or (unicodedata.category(char) in ("Sc", "Sm") and char not in "|~")
        or char in "#%\u2030"
        or ord(char) >= 0x10000
    )


@given(st.text())
def test_comparison_key_matches_its_definition(text: str) -> None:
    expected = slow_key(text).encode("utf-8", "surrogatepass")
    if expected and not any(map(str.isdecimal, text)):
        assert comparison_key(text) == expected


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_comparison_key_ignores_case_spacing_and_punctuation(text: str) -> None:
    changed = "\u00ab " + "  ".join(text.replace("!", "?")) + " \u2026\u00bb!"
    words = any(map(str.isalnum, text)) and not any(map(str.isdecimal, text))
    if words and unicodedata.is_normalized("NFC", text):
        assert comparison_key(changed) == comparison_key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 kg", "15 kg"),
        ("C++", "C#"),
        ("C++", "C"),
        ("5", "\u22125"),
        ("5", "-5"),
        ("\u22125 \u00b0C", "5 \u00b0C"),
        ("$5", "\u20ac5"),
        ("$5", "-$5"),
        ("5 %", "5"),
        ("10:30", "1030"),
        ("1 5", "15"),
        (".5", "5"),
        ("a < b", "a > b"),
        ("3 \u00b1 1", "3 1"),
        ("\u0664.\u0662", "\u0664\u0662"),
    ],
)
def test_comparison_key_keeps_what_changes_the_meaning(one: str, other: str) -> None:
    for before, after in (("", ""), ("It is ", "."), ("\u00c7a fait ", " \u2026")):
        assert comparison_key(before + one + after) != comparison_key(before + other + after)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1990\u20131995", "1990-1995"),
        ("- 5 apples", "5 apples"),
        ("\u20265 minutes", "...5 minutes"),
        ("In 1984, he left.", "in 1984 he left"),
        ("\u22125 degrees", "-5 degrees"),
        ("5'000 Franken", "5\u2019000 Franken"),
        ("5 \u00e9t\u00e9s !", "5 \u00c9T\u00c9S"),
    ],
)
def test_comparison_key_of_the_same_numbers(one: str, other: str) -> None:
    assert comparison_key(one) == comparison_key(other)


def test_comparison_key_distinguishes_punctuation_only_sentences() -> None:
    assert comparison_key("?!") == comparison_key("? !")
    assert comparison_key("?!") != comparison_key("...")
    assert comparison_key("\u0915\u093f") != comparison_key("\u0915\u0940")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("one", 1),
        ("  one  two\tthree ", 3),
        ("\u00e9t\u00e9 l\u00e0", 2),
        ("\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002", 4),
        ("\u6211\u7528 Python 3 \u5199\u7a0b\u5e8f", 5),
        ("\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e04\u0e23\u0e31\u0e1a", 2),
        ("\u65e5", 1),
        ("\uc548\ub155 \uc138\uacc4", 2),
    ],
)
def test_count_words(text: str, words: int) -> None:
    assert count_words(text) == words
