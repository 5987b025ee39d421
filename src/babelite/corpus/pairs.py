"""The one thing a corpus is made of: a sentence and its translation."""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """A sentence and its translation.

    Attributes:
        source: The sentence in the source language.
        target: The sentence in the target language.
    """

    source: str
    target: str
