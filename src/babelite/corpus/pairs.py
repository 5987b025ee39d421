"""The one thing a corpus is made of: a sentence and its translation."""

from __future__ import annotations

from typing import NamedTuple, TypeVar


class Pair(NamedTuple):
    """A sentence and its translation.

    Attributes:
        source: The sentence in the source language.
        target: The sentence in the target language.
    """

    source: str
    target: str


class WeightedPair(NamedTuple):
    """A pair and how much of it training is to see.

    Attributes:
        source: The sentence in the source language.
        target: The sentence in the target language.
        weight: How often an epoch has it, on average.
    """

    source: str
    target: str
    weight: float = 1.0


AnyPair = TypeVar("AnyPair", Pair, WeightedPair)
