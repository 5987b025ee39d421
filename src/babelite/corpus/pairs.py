"""Sentence pairs: a sentence, its translation, and a sampling weight."""

from __future__ import annotations

from typing import NamedTuple, TypeVar


class Pair(NamedTuple):
    """A sentence in the source language and its translation in the target language."""

    source: str
    target: str


class WeightedPair(NamedTuple):
    """A sentence, its translation, and how often an epoch contains it, on average."""

    source: str
    target: str
    weight: float = 1.0


AnyPair = TypeVar("AnyPair", Pair, WeightedPair)
