"""Turning the messages of a program's interface into sentences."""

from __future__ import annotations

import html
import re
from collections import Counter

from babelite.corpus.pairs import Pair
from babelite.corpus.text import normalize

# %(name)s, %-5.2f, %1$s, Qt's %1; {}, {name}, {{name}}, ${name}; $name.
_PLACEHOLDER = re.compile(
    r"%\([^()]*\)[-+#0 ]*\d*(?:\.\d+)?[A-Za-z]"
    r"|%(?:\d+\$)?[-+#0]*\d*(?:\.\d+)?(?:[hlz]|ll)?[A-Za-z](?![^\W\d_])"
    r"|%\d+"
    r"|\$?\{\{?[^{}]*\}?\}"
    r"|\$[A-Za-z_]\w*"
)

_BLOCK_TAGS = "blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|option|p|pre|table|tbody|td|th|tr|ul"
_INLINE_TAGS = (
    "a|abbr|acronym|b|bdi|bdo|big|button|cite|code|del|dfn|em|font|i|img|ins|kbd|label|mark|q|s"
    "|samp|small|span|strike|strong|sub|sup|svg|tt|u|var"
)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]\w*);")

# East Asian translations put the access key behind the text: (&F).
_KEY_BEHIND = re.compile(r"\s*\([&_~]\w\)")
_MNEMONIC = re.compile(r"[&_~](?=[^\W\d_])")
_CAPITALS = re.compile(r"[A-Z]&[A-Z]")


def tidy(source: str, target: str) -> Pair | None:
    """Make a sentence pair of a message and its translation.

    HTML tags and the marks of access keys (``&File``, ``_File``, ``E&xit``) go, entities become
    characters. Placeholders (``%s``, ``%(name)s``, ``{name}``, ``$name``) stay.

    Args:
        source: The message.
        target: Its translation.

    Returns:
        The pair, or None if the two sides do not hold the same placeholders.

    Example:
        >>> tidy("_Open <b>%s</b>&hellip;", "%s &amp;ouvrir")
        Pair(source='Open %s…', target='%s ouvrir')
    """
    source, target = _without_markup(source), _without_markup(target)
    if Counter(_PLACEHOLDER.findall(source)) != Counter(_PLACEHOLDER.findall(target)):
        return None
    return Pair(
        normalize(_without_mnemonic(source, target)), normalize(_without_mnemonic(target, source))
    )


def _without_markup(text: str) -> str:
    text = _INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", text))
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text).replace("%%", "%")


def _without_mnemonic(text: str, other: str) -> str:
    """Take away the mark before the access key, if there is exactly one that looks like it."""
    text = _KEY_BEHIND.sub("", text)
    # Names such as %(user_name)s hold signs too, but none that marks a key.
    outside = _PLACEHOLDER.sub(lambda found: "\0" * len(found[0]), text)
    marks = list(_MNEMONIC.finditer(outside))
    if len(marks) != 1:
        return text
    place = marks[0].start()
    if place and outside[place - 1].isalnum() and _is_part_of_name(outside, place, other):
        return text
    return text[:place] + text[place + 1 :]


def _is_part_of_name(text: str, place: int, other: str) -> bool:
    """Whether a sign inside a word belongs to it: B&W, file_name."""
    start = max(text.rfind(" ", 0, place), 0)
    word = text[start:].split()[0]
    return word in other or _CAPITALS.search(word) is not None
