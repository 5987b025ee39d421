"""How much parallel text there is, and how long its sentences are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from babelite.corpus.keys import KeySet, hash_keys
from babelite.corpus.pairs import Pair
from babelite.corpus.text import comparison_key, count_words

_BLOCK = 8192


@dataclass(frozen=True)
class SideStatistics:
    """One side of a corpus.

    Attributes:
        distinct: Sentences that differ by more than case, punctuation and spacing.
        words: Words altogether.
        characters: Characters altogether.
        mean_words: Words a sentence, on average.
        median_words: Half of the sentences have at most so many words.
        p95_words: 95 of 100 sentences have at most so many words.
        max_words: Words of the longest sentence.
    """

    distinct: int
    words: int
    characters: int
    mean_words: float
    median_words: int
    p95_words: int
    max_words: int


@dataclass(frozen=True)
class CorpusStatistics:
    """A corpus: the number of pairs, and each side."""

    pairs: int
    source: SideStatistics
    target: SideStatistics

    def as_dict(self) -> dict[str, object]:
        """The numbers as nested dictionaries."""
        return asdict(self)


def measure(pairs: Iterable[Pair]) -> CorpusStatistics:
    """Measure a stream of pairs in one pass; memory is 8 bytes a distinct sentence.

    Args:
        pairs: At least one pair.

    Example:
        >>> measure([Pair("Good day to you", "Bonjour"), Pair("Bye", "Salut")]).source.words
        5
    """
    sides = _Side(), _Side()
    iterator = iter(pairs)
    count = 0
    while block := list(islice(iterator, _BLOCK)):
        count += len(block)
        for side, sentences in zip(sides, zip(*block, strict=True), strict=True):
            side.add(sentences)
    return CorpusStatistics(count, sides[0].statistics(), sides[1].statistics())


class _Side:
    def __init__(self) -> None:
        self._keys = KeySet()
        self._lengths: Counter[int] = Counter()
        self._characters = 0

    def add(self, sentences: Sequence[str]) -> None:
        self._keys.add(hash_keys(map(comparison_key, sentences)))
        self._lengths.update(map(count_words, sentences))
        self._characters += sum(map(len, sentences))

    def statistics(self) -> SideStatistics:
        sentences = self._lengths.total()
        words = sum(length * times for length, times in self._lengths.items())
        return SideStatistics(
            distinct=len(self._keys),
            words=words,
            characters=self._characters,
            mean_words=words / sentences,
            median_words=self._quantile(0.5),
            p95_words=self._quantile(0.95),
            max_words=max(self._lengths),
        )

    def _quantile(self, share: float) -> int:
        """The smallest length that so large a share of the sentences does not exceed."""
        wanted = share * self._lengths.total()
        below = 0
        for length in sorted(self._lengths):
            below += self._lengths[length]
            if below >= wanted:
                return length
        return 0
