"""Comparison of the numbers in a sentence and its translation."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

# Digit grouping: 1,000 · 1.000 · 1 000 · 1'000, with one separator throughout.
_THOUSANDS = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}([.,'’\u00a0\u202f\u2009 ])\d{3}(?:\1\d{3})*(?!\d|[.,]\d{3}(?!\d))"
)
_FRACTION = re.compile(r"(?<=\d)[.,]\d+")
# The number of a verse or list item, which may be on one side only: (48:1) or [3].
_LABEL = re.compile(r"\s*[(\[]\d{1,3}(?:[.:]\d{1,3})?[)\]]\s")
_DIGITS = re.compile(r"\d+")
# A telephone number, a date or another code: 7 to 15 digits in groups, which languages and habits
# separate in other ways.
_CODE = re.compile(
    r"(?<![\w.,])\+?\(?\d(?:[ ()/.\-\u00a0\u202f\u2010\u2011\u2013]{0,3}\d){6,14}(?!\w)"
)

# Numbers that a translation may spell out or write in Roman numerals: two, XXI, hundred.
_LARGEST_IN_WORDS = 21
_LONGEST_IN_WORDS = 12  # digits: hundreds of thousands of millions
_ROUND_IN_WORDS = 22  # below that, with zeros: thirty, three hundred, twelve thousand
_YEAR = re.compile(r"(?:1[89]|20)(\d\d)")


def number_groups(text: str, *, fraction_zeros: bool = False) -> Counter[str]:
    """The numbers of a sentence (any script) as a multiset of groups of digits.

    Thousands separators of any language are removed; other separators (a decimal point or comma,
    the colon of a time, the slashes of a date) split groups. Leading zeros are removed, and
    trailing zeros of a fraction unless ``fraction_zeros``.
    """
    if not any(map(str.isdecimal, text)):
        return Counter()
    if not text.isascii():
        text = "".join(_plain(character) for character in text)
    text = _THOUSANDS.sub(lambda match: "".join(_DIGITS.findall(match[0])), text)
    if not fraction_zeros:
        text = _FRACTION.sub(lambda match: match[0].rstrip("0"), text)
    return Counter(group.lstrip("0") or "0" for group in _DIGITS.findall(text))


def numbers_differ(source: str, target: str) -> bool:
    """Whether a sentence and its translation contain different numbers.

    They do if each has a number that the other lacks, or if one lacks a number that is rarely
    spelled out. A year of two digits equals that of four, and 2 equals 14 o'clock. A number in
    brackets at the start, as of a verse, is ignored if the other side has none.
    """
    labels = _LABEL.match(source), _LABEL.match(target)
    if labels[0] and not labels[1]:
        source = source[labels[0].end() :]
    elif labels[1] and not labels[0]:
        target = target[labels[1].end() :]
    # 1.50 is 1.5, but 11.50 may be a time, and 555 0199 may be 5550199: numbers differ if they
    # differ in every reading.
    return all(
        _differ(*(number_groups(side, fraction_zeros=zeros) for side in (source, target)))
        for zeros in (False, True)
    ) and _differ(*(number_groups(_joined_codes(side)) for side in (source, target)))


def _joined_codes(text: str) -> str:
    """The text with telephone numbers and other codes in one group of digits."""
    return _CODE.sub(lambda code: f" {''.join(_DIGITS.findall(code[0]))} ", text)


def _differ(*sides: Counter[str]) -> bool:
    """Whether two multisets of numbers differ, other forms of a number aside."""
    if sides[0] == sides[1]:
        return False
    left, right = sides[0] - sides[1], sides[1] - sides[0]
    for long, short in ((left, right), (right, left)):
        for group in list(long):
            for form in _other_forms(group):
                same = min(long[group], short[form])
                long[group] -= same
                short[form] -= same
    left, right = +left, +right
    if left and right:
        return True
    # Only one side has more: a repeated number is no difference.
    more, other = (left, sides[1]) if left else (right, sides[0])
    return any(not _may_be_spelled_out(group) for group in more if group not in other)


def _other_forms(group: str) -> list[str]:
    """A year without its century; an afternoon hour on the 12-hour clock."""
    if year := _YEAR.fullmatch(group):
        return [year[1].lstrip("0") or "0"]
    if group.isdigit() and len(group) == 2 and 13 <= int(group) <= 23:
        return [str(int(group) - 12)]
    return []


def _may_be_spelled_out(group: str) -> bool:
    """Whether a number is small or round enough to be written in words."""
    if len(group) > _LONGEST_IN_WORDS:
        return False
    value, round_value = int(group), int(group.rstrip("0") or "0")
    return value <= _LARGEST_IN_WORDS or (value % 10 == 0 and round_value < _ROUND_IN_WORDS)


def _plain(character: str) -> str:
    """ASCII digits for those of other scripts; a space for superscripts (footnotes, powers)."""
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    return " " if character.isdigit() else character
