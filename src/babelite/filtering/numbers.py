"""Numbers in a sentence and its translation: do both name the same ones?"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

# Groups of thousands: 1,000 · 1.000 · 1 000 · 1'000, with the mark the same throughout.
_THOUSANDS = re.compile(
    r"(?<![\d.,])[1-9]\d{0,2}([.,'’\u00a0\u202f\u2009 ])\d{3}(?:\1\d{3})*(?!\d|[.,]\d{3}(?!\d))"
)
_FRACTION = re.compile(r"(?<=\d)[.,]\d+")
# The number of a verse or of an item of a list, which one side may have alone: (48:1) or [3].
_LABEL = re.compile(r"\s*[(\[]\d{1,3}(?:[.:]\d{1,3})?[)\]]\s")
_DIGITS = re.compile(r"\d+")

# Numbers that a translation may write in words or in Roman numerals: two, XXI, hundred.
_LARGEST_IN_WORDS = 21
_LONGEST_IN_WORDS = 12  # digits: hundreds of thousands of millions
_ROUND_IN_WORDS = 22  # below that, with zeros: thirty, three hundred, twelve thousand
_YEAR = re.compile(r"(?:1[89]|20)(\d\d)")


def number_groups(text: str, *, fraction_zeros: bool = False) -> Counter[str]:
    """The numbers of a sentence as a multiset of groups of digits.

    Marks between thousands are taken away, whichever language's they are; whatever else stands
    between groups (a decimal point or comma, the colon of a time, the strokes of a date) parts
    them. Leading zeros go, and so do zeros at the end of a fraction.

    Args:
        text: A sentence in any language, with the digits of any script.
        fraction_zeros: Whether to keep the zeros at the end of a fraction.

    Returns:
        How often each group occurs.

    Example:
        >>> number_groups("1,000.50 at 9:05") == number_groups("à 9h05, 1 000,5")
        True
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
    """Whether a sentence and its translation name different numbers.

    They do if each has a number that the other lacks, or if one lacks a number that is hardly
    ever written in words. Years of four and of two digits may stand for each other, and so may 2
    and 14 o'clock. A number in brackets at the beginning, as of a verse, is left out where the
    other side has none.

    Args:
        source: A sentence.
        target: Its translation.

    Returns:
        Whether they differ.

    Example:
        >>> numbers_differ("2 cats, 1,000.5 km", "deux chats, 1 000,5 km")
        False
        >>> numbers_differ("It costs 375 euros.", "Il coûte 395 euros.")
        True
    """
    labels = _LABEL.match(source), _LABEL.match(target)
    if labels[0] and not labels[1]:
        source = source[labels[0].end() :]
    elif labels[1] and not labels[0]:
        target = target[labels[1].end() :]
    # 1.50 is 1.5, but 11.50 may be an hour: what agrees in one of two ways agrees.
    return all(
        _differ(*(number_groups(side, fraction_zeros=zeros) for side in (source, target)))
        for zeros in (False, True)
    )


def _differ(*sides: Counter[str]) -> bool:
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
    # One side alone has more: said again it is the same number.
    more, other = (left, sides[1]) if left else (right, sides[0])
    return any(not _may_be_words(group) for group in more if group not in other)


def _other_forms(group: str) -> list[str]:
    """The year without its century; the hour of the afternoon as on a clock of twelve hours."""
    forms = []
    if year := _YEAR.fullmatch(group):
        forms.append(year[1].lstrip("0") or "0")
    if group.isdigit() and len(group) == 2 and 13 <= int(group) <= 23:
        forms.append(str(int(group) - 12))
    return forms


def _may_be_words(group: str) -> bool:
    if len(group) > _LONGEST_IN_WORDS:
        return False
    value, round_value = int(group), int(group.rstrip("0") or "0")
    return value <= _LARGEST_IN_WORDS or (value % 10 == 0 and round_value < _ROUND_IN_WORDS)


def _plain(character: str) -> str:
    """ASCII for the digits of other scripts; raised ones are footnotes and powers, not numbers."""
    decimal = unicodedata.decimal(character, None)
    if decimal is not None:
        return str(decimal)
    return " " if character.isdigit() else character
