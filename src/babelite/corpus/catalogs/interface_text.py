"""Sentences from interface messages: removes markup and access keys, checks placeholders."""

from __future__ import annotations

import html
import re
from collections import Counter

from babelite.corpus.normalization import normalize_text
from babelite.corpus.pairs import Pair

# %(name)s, %-5.2f, %1$s, Qt's %1; {}, {name}, {{name}}, ${name}; $name.
PLACEHOLDER = re.compile(
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
BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
INLINE_TAG = re.compile(rf"</?(?:{_INLINE_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]\w*);")

# East Asian translations append the access key to the text: (&F).
_APPENDED_KEY = re.compile(r"\s*\([&_~]\w\)")
_MNEMONIC = re.compile(r"[&_~](?=[^\W\d_])")
_CAPITALS = re.compile(r"[A-Z]&[A-Z]")


def clean_message(source: str, target: str) -> Pair | None:
    """Turn a message and its translation into a sentence pair.

    HTML tags and access-key marks (``&File``, ``_File``, ``E&xit``) are removed, entities decoded.
    Placeholders (``%s``, ``%(name)s``, ``{name}``, ``$name``) stay; None if they differ.

    Example:
        >>> clean_message("_Open <b>%s</b>&hellip;", "%s &amp;ouvrir")
        Pair(source='Open %s…', target='%s ouvrir')
    """
    source, target = _without_markup(source), _without_markup(target)
    if Counter(PLACEHOLDER.findall(source)) != Counter(PLACEHOLDER.findall(target)):
        return None
    return Pair(
        normalize_text(_without_mnemonic(source, target)),
        normalize_text(_without_mnemonic(target, source)),
    )


def _without_markup(text: str) -> str:
    text = INLINE_TAG.sub("", BLOCK_TAG.sub(" ", text))
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text).replace("%%", "%")


def _without_mnemonic(text: str, other: str) -> str:
    """Remove the access-key mark, if exactly one sign can be one."""
    text = _APPENDED_KEY.sub("", text)
    # Signs inside placeholders such as %(user_name)s are not access-key marks.
    outside = PLACEHOLDER.sub(lambda found: "\0" * len(found[0]), text)
    marks = list(_MNEMONIC.finditer(outside))
    if len(marks) != 1:
        return text
    place = marks[0].start()
    if place and outside[place - 1].isalnum() and _is_part_of_name(outside, place, other):
        return text
    return text[:place] + text[place + 1 :]


def _is_part_of_name(text: str, place: int, other: str) -> bool:
    """Whether a sign inside a word is part of it: B&W, file_name."""
    start = max(text.rfind(" ", 0, place), 0)
    word = text[start:].split()[0]
    return word in other or _CAPITALS.search(word) is not None
