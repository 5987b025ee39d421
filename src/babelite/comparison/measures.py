"""What a task comes to, column by column, and the languages it is measured in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

LanguagePair = tuple[str, str]


@dataclass(frozen=True)
class Measure:
    """What an encoder came to in one column of a table.

    Attributes:
        name: The column: ``en→fr``, or a language.
        value: From 0 to 1; correlations from -1.
        group: Measures of a task that are of one group have the same queries in the same order.
        right: How often each query was right, uint8 (queries,); None for correlations.
        repeats: How often each query was asked: by so many classifiers, else once.
        cosines: The cosine of each scored pair, float32 (pairs,); None for shares.
        gold: What people gave each scored pair, float32 (pairs,).
    """

    name: str
    value: float
    group: str
    right: NDArray[np.uint8] | None = None
    repeats: int = 1
    cosines: NDArray[np.float32] | None = None
    gold: NDArray[np.float32] | None = None

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """The share of right answers of each query, float64 (queries,)."""
        return None if self.right is None else self.right / self.repeats


@dataclass(frozen=True)
class Scope:
    """The language pairs that a model is measured on.

    Attributes:
        pairs: The pairs, in either order; None for all that a task has.
    """

    pairs: tuple[LanguagePair, ...] | None = None

    def holds(self, pair: LanguagePair) -> bool:
        """Whether a pair is among them."""
        return self.pairs is None or pair in self.pairs or pair[::-1] in self.pairs

    def among(self, languages: Sequence[str]) -> list[LanguagePair]:
        """The pairs both of whose languages are given, as ordered in the scope."""
        if self.pairs is None:
            return list(combinations(languages, 2))
        return [pair for pair in self.pairs if set(pair) <= set(languages)]

    def languages(self, among: Sequence[str]) -> list[str]:
        """Those of some languages that are in a pair."""
        return [
            code for code in among if self.pairs is None or any(code in pair for pair in self.pairs)
        ]
