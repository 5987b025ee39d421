"""Two languages that nobody speaks and a machine learns in seconds."""

from __future__ import annotations

import random


class Bilingual:
    """Two made-up languages: a dictionary of words, and another order of words.

    Words are drawn with probabilities as in real text, so a handful of them is everywhere.

    Args:
        seed: Decides the dictionary.
        words: Size of the dictionary.
    """

    def __init__(self, seed: int = 0, words: int = 300) -> None:
        self._random = random.Random(seed)
        self._first = self._lexicon(words, "bdgklmn", "aeo")
        self._second = self._lexicon(words, "fprstvz", "iuy")
        self._weights = [1 / (rank + 5) for rank in range(words)]

    def _lexicon(self, size: int, consonants: str, vowels: str) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < size:
            syllables = self._random.choice((1, 2, 2, 3))
            words[
                "".join(
                    self._random.choice(consonants) + self._random.choice(vowels)
                    for _ in range(syllables)
                )
            ] = None
        return list(words)

    def pairs(self, count: int) -> list[tuple[str, str]]:
        """Different sentence pairs of three to twelve words."""
        found: dict[tuple[str, str], None] = {}
        while len(found) < count:
            length = self._random.randint(3, 12)
            sentence = self._random.choices(range(len(self._first)), self._weights, k=length)
            moved = sorted(range(length), key=lambda i: i + self._random.uniform(0, 2.5))
            source = " ".join(self._first[word] for word in sentence)
            target = " ".join(self._second[sentence[i]] for i in moved)
            found[source.capitalize() + ".", target.capitalize() + "."] = None
        return list(found)
