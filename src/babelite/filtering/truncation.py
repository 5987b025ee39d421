"""Detection of truncated sentences by length, vector, end mark and last word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, unit_rows

# Weights of the signs, tuned on 3,000 English-French pairs, tested on English-German:
# benchmarks/filtering.py.
_THRESHOLD = 0.85
_GAIN_WEIGHT = 1.3
_END_MARK_WEIGHT = 0.45
_LAST_WORD_WEIGHT = 0.2
_MAX_LOG_ODDS = 2.5

# Pairs with a smaller difference of log lengths are not checked.
_MIN_LENGTH_DIFFERENCE = 0.2
_MIN_CHARACTERS = 20
# Pseudo-count of each word, with the average rate of ending a sentence.
_PSEUDO_COUNT = 5

_END_MARK = re.compile(r"[.!?…:;。！？][\"'»”’)\]\s]*$")
_WORD = re.compile(r"\w+")

Pair = tuple[str, str]


class LastWords:
    """How rarely a word ends a sentence, learned from thousands of sentences of one language."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._last, self._all = Counter[str](), Counter[str]()
        for sentence in sentences:
            words = _WORD.findall(sentence.lower())
            self._all.update(words)
            self._last.update(words[-1:])
        self._usual = self._last.total() / max(1, self._all.total())

    def oddness(self, sentence: str) -> float:
        """Log odds, 0 to 2.5, of the last word being inside a sentence; 0 after an end mark."""
        words = _WORD.findall(sentence.lower())
        if not words or has_end_mark(sentence):
            return 0.0
        count, last = self._all[words[-1]], self._last[words[-1]]
        share = (last + _PSEUDO_COUNT * self._usual) / (count + _PSEUDO_COUNT)
        return min(_MAX_LOG_ODDS, max(0.0, -log(share / self._usual))) if share else 0.0


class TruncationCheck:
    """Finds truncated pairs; learns usual lengths and last words from a sample of the corpus."""

    def __init__(self, sample: Sequence[Pair], encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._usual = float(np.median([log(len(t) / len(s)) for s, t in sample] or [0.0]))
        self._last_words = [LastWords([pair[side] for pair in sample]) for side in (0, 1)]

    def truncated(
        self,
        pairs: Sequence[Pair],
        vectors: tuple[NDArray[np.float32], NDArray[np.float32]],
        cosines: NDArray[np.float32],
    ) -> NDArray[np.bool_]:
        """Which pairs have a truncated side: a bool array of shape (n,); no side is blank."""
        # Four signs are added: how much shorter a side is than usual (log scale); how much nearer
        # its vector is to the start of the other side, cut to the usual length, than to all of it;
        # whether only the other side has an end mark; how rarely its last word ends a sentence.
        found = np.zeros(len(pairs), dtype=bool)
        suspects: list[tuple[int, int, float]] = []
        beginnings: list[str] = []
        for i, (source, target) in enumerate(pairs):
            beyond = log(len(target) / len(source)) - self._usual
            cut = 0 if beyond > 0 else 1
            longer = pairs[i][1 - cut]
            if abs(beyond) > _MIN_LENGTH_DIFFERENCE and len(longer) >= _MIN_CHARACTERS:
                usual = len(pairs[i][cut]) * exp(self._usual if cut == 0 else -self._usual)
                mark = has_end_mark(longer) and not has_end_mark(pairs[i][cut])
                oddness = self._last_words[cut].oddness(pairs[i][cut])
                signs = abs(beyond) + _END_MARK_WEIGHT * mark + _LAST_WORD_WEIGHT * oddness
                suspects.append((i, cut, signs))
                beginnings.append(beginning(longer, round(usual)))
        if suspects:
            shorter = np.stack([vectors[cut][i] for i, cut, _ in suspects])
            near = np.einsum("ij,ij->i", unit_rows(self._encoder.encode(beginnings)), shorter)
            for (i, _, signs), cosine in zip(suspects, near, strict=True):
                found[i] = signs + _GAIN_WEIGHT * (cosine - cosines[i]) > _THRESHOLD
        return found


def has_end_mark(text: str) -> bool:
    """Whether a text ends with a full stop or another end mark."""
    return bool(_END_MARK.search(text))


def beginning(text: str, length: int) -> str:
    """The start of a text, cut between the words nearest to a length in characters."""
    before, after = text.rfind(" ", 0, length + 1), text.find(" ", length)
    if before <= 0 and after < 0:
        return text[: max(1, length)]
    if before <= 0 or (after >= 0 and after - length <= length - before):
        return text[:after]
    return text[:before]
