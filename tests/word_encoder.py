"""An encoder that needs no model: a sentence is the sum of its words, each a random direction."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class WordEncoder:
    """Sentences that share words are near each other.

    Args:
        dim: The number of components.
        seed: Encoders of different seeds have nothing in common.
        fail_after: Raise when more sentences than this were encoded.
    """

    def __init__(self, dim: int = 16, seed: int = 0, fail_after: int | None = None) -> None:
        self.dim, self.seed, self.fail_after = dim, seed, fail_after
        self.encoded = 0
        self._words: dict[str, NDArray[np.float32]] = {}

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences; of no word, the zero vector."""
        self.encoded += len(sentences)
        if self.fail_after is not None and self.encoded > self.fail_after:
            raise KeyboardInterrupt
        vectors = np.zeros((len(sentences), self.dim), np.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            for word in sentence.split():
                row += self._word(word)
            if length := np.linalg.norm(row):
                row /= length
        return vectors

    def _word(self, word: str) -> NDArray[np.float32]:
        if word not in self._words:
            number = zlib.crc32(word.encode("utf-8", "replace"))
            rng = np.random.default_rng((self.seed, number))
            self._words[word] = rng.standard_normal(self.dim).astype(np.float32)
        return self._words[word]
