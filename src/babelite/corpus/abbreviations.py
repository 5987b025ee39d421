"""Full stops that do not end a sentence: numbers of list items, abbreviations, ordinals."""

from __future__ import annotations

import functools
import re

# Abbreviations that stand before a number, in any of the languages below.
_BEFORE_NUMBERS = """
abb abs approx aprox art artt arts bd ca cap ch chap circa env ext fig figs inkl kap max n
nn nos nr núm núms num p pag pagg pág págs pp sec sez tab tel tél vol vols ziff zirka
abr août apr aug avr déc dez dic dec ene févr feb fév jan janv juil lug nov oct okt ott sept
"""
_BEFORE_NUMBERS_OF = {"de": "s rd rn", "en": "est no", "fr": "no"}

# Titles and other abbreviations that stand before a name. Those of one or two letters need a
# capital, because they are also units (5 m, 3 s).
_BEFORE_NAMES = {
    "de": "dr fa fam fr geb hr hrn prof st",
    "en": "capt col dr gen gov hon lt messrs mr mrs ms prof rep rev sen sgt vs",
    "es": "d da dña dr dra prof sr sra srta sta sto",
    "fr": "dr m me mgr mlle mlles mme mmes pr prof st ste",
    "it": "avv dott ing on prof s sig sigg ss",
}

# 1. · 2.3. · IV. · b) · (c) · J., alone at the start of a sentence.
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[ivxlc]+|[IVXLC]+|\w)[.)]+")
# An ordinal number after an article or a preposition: im 19. Jahrhundert.
_GERMAN_ORDINAL = re.compile(
    r"\b(?:am|ab|beim|bis|dem|den|der|des|die|das|im|ins|seit|vom|zum|zur|und|einem|ihrem|seinem)"
    r" \d{1,2}\.$",
    re.IGNORECASE,
)


def continues(segment: str, rest: str, language: str) -> bool:
    """Whether a sentence goes on after a segment that ends with a full stop.

    Args:
        segment: The text before the end that was found; white space at its end counts.
        rest: The text after it.
        language: The two-letter code of the language; those without a list have common rules only.

    Example:
        >>> continues("1. ", "Scope of services.", "en"), continues("It was 1. ", "Then", "en")
        (True, False)
    """
    spaced, segment = segment[-1:].isspace(), segment.strip()
    if _ENUMERATOR.fullmatch(segment):
        return True
    if not spaced:  # av. J.-C.
        return segment.endswith(".") and rest.startswith(("-", "‐", "‑"))
    if rest[:1].isdigit():
        return _before_numbers(language).search(segment) is not None
    if language == "de" and _GERMAN_ORDINAL.search(segment):
        return True
    return _before_names(language).search(segment) is not None


@functools.cache
def _before_numbers(language: str) -> re.Pattern[str]:
    words = f"{_BEFORE_NUMBERS} {_BEFORE_NUMBERS_OF.get(language, '')}".split()
    return _at_end([*words, *map(str.capitalize, words)])


@functools.cache
def _before_names(language: str) -> re.Pattern[str]:
    words = _BEFORE_NAMES.get(language, "").split()
    return _at_end(["MM", *map(str.capitalize, words), *(word for word in words if len(word) > 2)])


def _at_end(abbreviations: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(abbreviations)})\.$")
