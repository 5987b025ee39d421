"""A translated message of a catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What extraction tools note down for a message that is named by a key: #. Default: "The text".
_DEFAULT_NOTE = re.compile(r'Default:\s*"(.*)"', re.DOTALL)


@dataclass(frozen=True)
class Message:
    """One translated message; a message with plurals becomes two."""

    key: tuple[str, str, int]  # context, text and plural number: the same in all languages
    source: str  # a sentence, or the key of one
    target: str
    source_language: str | None  # as the catalog declares them
    target_language: str | None
    default: str | None = None  # the sentence of a key, if the catalog notes it


def default_text(note: str) -> str | None:
    """The sentence of a key in the note of an extraction tool; None without one."""
    found = _DEFAULT_NOTE.search(note)
    return found[1].replace('\\"', '"') if found else None
