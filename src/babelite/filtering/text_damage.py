"""Damage of text from the web: UTF-8 that was read in another encoding, and HTML markup."""

from __future__ import annotations

import html.entities
import re
from unicodedata import category

# The characters that CP1252 has for the bytes 0x80 to 0xBF. The five bytes that it lacks are read
# as control characters, as in Latin-1.
_CONTINUATION = "".join(
    bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xC0)
)
_BYTES = {char: 0x80 + place for place, char in enumerate(_CONTINUATION)} | {
    chr(byte): byte for byte in range(0x80, 0x100)
}
_CLASS = f"[{re.escape(_CONTINUATION)}\x80-\x9f]"
_SEQUENCE = re.compile(f"[\xc2-\xdf]{_CLASS}|[\xe0-\xef]{_CLASS}{{2}}|[\xf0-\xf4]{_CLASS}{{3}}")
# What may follow a letter in text that is right: "à «", MAÇÃ”, NESTLÉ®.
_AFTER_LETTERS = frozenset("\xa0«»‘’‚“”„–—…·°ºª®™")
_OPENING = frozenset("«‘“„")
# After Ã, the first byte of é, è, à and so on, and after Â, of a space or sign, fewer may.
_AFTER = {"Ã": _AFTER_LETTERS - set("°ºª®™·‚„"), "Â": frozenset("’”»")}

_TAGS = (
    *("a", "abbr", "article", "b", "big", "blockquote", "body", "br", "button", "center", "code"),
    *("dd", "del", "div", "dl", "dt", "em", "font", "footer", "form", "h[1-6]", "head", "header"),
    *("hr", "html", "i", "iframe", "img", "input", "ins", "label", "li", "link", "main", "meta"),
    *("nav", "ol", "option", "p", "pre", "s", "script", "section", "select", "small", "span"),
    *("strike", "strong", "style", "sub", "sup", "table", "tbody", "td", "textarea", "tfoot"),
    *("th", "thead", "title", "tr", "tt", "u", "ul", "video"),
)
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS)})(?:\s+[a-z:-]+\s*=[^<>]*|\s*)/?>|<!--", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|([A-Za-z][A-Za-z0-9]{1,31}));")


def is_mojibake(text: str) -> bool:
    r"""Whether a text contains UTF-8 that was read as CP1252 or Latin-1, such as "Ã©" for "é".

    The characters must be those of valid UTF-8, and unusual side by side.

    Example:
        >>> is_mojibake("Ã‰tÃ© Ã\xa0 la mer"), is_mojibake("Été à la mer")
        (True, False)
    """
    if text.isascii():
        return False
    return any(map(_is_damaged, _SEQUENCE.finditer(text)))


def _is_damaged(found: re.Match[str]) -> bool:
    """Whether a sequence is that of a character in UTF-8, and no letter with signs after it."""
    sequence, text = found[0], found.string
    usual = all(char in _AFTER.get(sequence[0], _AFTER_LETTERS) for char in sequence[1:])
    before, after = text[: found.start()][-1:], text[found.end() :][:1]
    opens = len(sequence) == 2 and sequence[1] in _OPENING and after.islower()
    if usual and not opens and not (sequence[0] == "Ã" and not before.isupper()):
        return False
    try:
        char = bytes(_BYTES[char] for char in sequence).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return category(char) not in ("Cc", "Cn", "Co")


def has_markup(text: str) -> bool:
    """Whether a text contains a tag, a comment or an entity of HTML.

    Example:
        >>> has_markup("a <b>bold</b> move"), has_markup("Q&amp;A"), has_markup("1 < 2 > 0, R&D;")
        (True, True, False)
    """
    if "<" in text and _TAG.search(text):
        return True
    return "&" in text and any(
        not found[1] or f"{found[1]};" in html.entities.html5 for found in _ENTITY.finditer(text)
    )
