"""What is left out when pairs are read and written, counted by kind."""

from __future__ import annotations

from collections import Counter

Losses = Counter[str]
"""Counts of what was left out, by kind."""

BLANK_LINES = "blank lines"
OTHER_LANGUAGES = "units without both languages"
UNTRANSLATED = "messages without a translation"
UNFINISHED = "messages with an unfinished translation"
INLINE_CODES = "inline codes (formatting, line breaks, images)"
LINE_BREAKS = "line breaks and tabs in texts (now spaces)"
EMPTY_SIDES = "pairs with an empty side"
