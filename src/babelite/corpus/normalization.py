"""Text normalization: Unicode clean-up, comparison keys for duplicates, word counts."""

from __future__ import annotations

import functools
import re
import unicodedata

# Zero-width joiners shape letters of these scripts (Arabic to Sinhala, Tibetan, Myanmar, Khmer,
# Mongolian) and combine emoji; elsewhere they are removed.
_JOINED = (
    r"\u0600-\u07ff\u0840-\u0dff\u0f00-\u109f\u1780-\u18af\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
)
_STRAY_JOINER = re.compile(rf"(?<![{_JOINED}])[\u200c\u200d]")
# Control characters that are not white space, format characters that are not seen (soft hyphen,
# zero-width space, direction marks, byte-order marks, tags): ranges for a class of characters.
INVISIBLE_CHARACTERS = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
# Also halves of surrogate pairs.
_INVISIBLE = re.compile(rf"[{INVISIBLE_CHARACTERS}\ud800-\udfff]")

_BREAKS = re.compile(r"[\t\r\n]+")

# Scripts that put no spaces between words, with the characters that make about one word of English.
_DENSE = r"\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LOOSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df"
_UNSPACED = re.compile(f"[{_DENSE}{_LOOSE}]")
_DENSE_RUN = re.compile(f"[{_DENSE}]+")
_LOOSE_RUN = re.compile(f"[{_LOOSE}]+")
_DENSE_CHARACTERS_A_WORD = 1.7
_LOOSE_CHARACTERS_A_WORD = 4.5

_ASCII_LOWER = bytes(range(256)).lower()
_ASCII_IGNORED = bytes(
    code for code in range(128) if not chr(code).isalnum() and chr(code) not in "$%+#<=>"
)

_DIGIT = re.compile(r"\d")
# A mark or space between two digits. It starts with a digit, which is found fastest.
_WITHIN_NUMBER = re.compile(r"(\d)([.,:/'’\-‐‑–−]|\s+)(?=\d)")
# The sign or the decimal mark at the start of a number or an amount.
_BEFORE_NUMBER = re.compile(r"[.,\-–−](?=[\d$€£])(?<![^\W_].)(?<![.,\-–−].)")
# Kept marks become private characters, which no pattern of ignored characters contains.
_KEPT_SPACE = "\U000f0000"
_KEPT_MARKS = {mark: chr(0xF0000 + ord(mark)) for mark in ".,:/'-"}
_KEPT_MARKS |= dict.fromkeys("‐‑–−", _KEPT_MARKS["-"]) | {"’": _KEPT_MARKS["'"]}


def normalize_text(text: str) -> str:
    r"""Normalize Unicode and white space.

    The result is in Unicode NFC; runs of white space become one plain space; invisible characters
    (controls, soft hyphens, zero-width spaces, direction marks) are removed. Zero-width joiners and
    non-joiners stay after letters and emoji that they shape.

    Example:
        >>> normalize_text(" two\u00a0\u200b  co\u00adoperatives\t")
        'two cooperatives'
    """
    # Fast path: nearly every line is normalized already.
    if (
        text.isprintable()
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
        and "  " not in text
        and text.strip(" ") == text
    ):
        return text
    text = _STRAY_JOINER.sub("", _INVISIBLE.sub("", text))
    return " ".join(unicodedata.normalize("NFC", text).split())


def one_line(text: str) -> str:
    r"""Replace tabs and line breaks by spaces, as a cell of a TSV file needs.

    Example:
        >>> one_line("two\nlines")
        'two lines'
    """
    return _BREAKS.sub(" ", text)


def comparison_key(text: str) -> bytes:
    """The key of a sentence that ignores case, punctuation and spacing, as UTF-8 bytes.

    Two sentences are duplicates when their keys are equal. What changes the meaning is kept:
    currency and mathematical symbols, ``+``, ``#`` and ``%``, the sign of a number, and the marks
    and spaces between its digits. The text is put in Unicode NFC first; of a sentence of
    punctuation alone only the spaces are removed.

    Example:
        >>> comparison_key("It\u2019s 5 o'clock!") == comparison_key("its  5 O'Clock")
        True
        >>> comparison_key("1.5 kg") == comparison_key("15 kg")
        False
    """
    if text.isascii():
        key = text.encode().translate(_ASCII_LOWER, _ASCII_IGNORED)
        if key.isalpha():
            return key
    elif not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    folded = text.casefold()
    if _DIGIT.search(folded):
        folded = _BEFORE_NUMBER.sub(lambda found: _KEPT_MARKS[found[0]], folded)
        folded = _WITHIN_NUMBER.sub(
            lambda found: found[1] + _KEPT_MARKS.get(found[2], _KEPT_SPACE), folded
        )
    folded = _ignored().sub("", folded)
    key = folded.encode("utf-8", "surrogatepass").translate(None, _ASCII_IGNORED)
    return key or "".join(text.split()).encode("utf-8", "surrogatepass")


@functools.cache
def _ignored() -> re.Pattern[str]:
    """Punctuation, symbols, separators and controls beyond ASCII, in the basic plane."""
    ignored = "".join(map(chr, filter(_is_ignored, range(0x80, 0x10000))))
    return re.compile(f"[{re.escape(ignored)}]+")


def _is_ignored(code: int) -> bool:
    """Whether a comparison key lacks a character of the basic plane."""
    kind = unicodedata.category(chr(code))
    return kind[0] in "PSZC" and kind not in ("Sc", "Sm") and chr(code) != "‰"


def count_words(text: str) -> int:
    """The number of words of a sentence, separated by white space.

    In scripts without spaces words are estimated: one for 1.7 Chinese or Japanese characters, one
    for 4.5 Thai, Lao, Khmer or Burmese characters.

    Example:
        >>> count_words("the weather is fine today"), count_words("今天天气很好")
        (5, 4)
    """
    if text.isascii() or not _UNSPACED.search(text):
        return len(text.split())
    words = 0.0
    for run, characters_a_word in (
        (_DENSE_RUN, _DENSE_CHARACTERS_A_WORD),
        (_LOOSE_RUN, _LOOSE_CHARACTERS_A_WORD),
    ):
        words += sum(map(len, run.findall(text))) / characters_a_word
        text = run.sub(" ", text)
    spaced = sum(any(map(str.isalnum, word)) for word in text.split())
    return spaced + max(1, round(words))
