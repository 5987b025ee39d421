"""Does one side of a pair lack a part of the other? Length, vector and last word say so."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, unit_rows

# The signs and what each is worth, chosen on 3,000 pairs of English and French, tried on English
# and German: benchmarks/filtering.py.
_THRESHOLD = 0.85
_WEIGHT_OF_GAIN = 1.3
_WEIGHT_OF_MARK = 0.45
_WEIGHT_OF_LAST_WORD = 0.2
_HIGHEST_ODDS = 2.5

# Pairs whose lengths differ by less are not looked at.
_SUSPICIOUS_LENGTH = 0.2
_FEWEST_CHARACTERS = 20
# So many words at the usual place are added to the counts of each word.
_PRIOR = 5

_CLOSED = re.compile(r"[.!?…:;。！？][\"'»”’)\]\s]*$")
_WORD = re.compile(r"\w+")

Pair = tuple[str, str]


class LastWords:
    """How seldom words end a sentence, learnt from sentences of one language.

    Args:
        sentences: Some thousands.

    Example:
        >>> words = LastWords(["in the house", "the cat saw the house", "the house"] * 9)
        >>> words.oddness("the cat saw the") > 1 > words.oddness("the cat saw the house")
        True
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        self._last, self._all = Counter[str](), Counter[str]()
        for sentence in sentences:
            words = _WORD.findall(sentence.lower())
            self._all.update(words)
            self._last.update(words[-1:])
        self._usual = self._last.total() / max(1, self._all.total())

    def oddness(self, sentence: str) -> float:
        """How odd the last word of a sentence is as such.

        Returns:
            The log of how many times as seldom it ends sentences as any word does, 0 to 2.5; 0
            for a sentence that ends with a full stop or the like.
        """
        words = _WORD.findall(sentence.lower())
        if not words or is_closed(sentence):
            return 0.0
        share = (self._last[words[-1]] + _PRIOR * self._usual) / (self._all[words[-1]] + _PRIOR)
        return min(_HIGHEST_ODDS, max(0.0, -log(share / self._usual))) if share else 0.0


class TruncationCheck:
    """Finds pairs a side of which was cut off.

    Args:
        sample: Pairs of the corpus, from which it learns usual lengths and last words.
        encoder: The one that made the vectors.
    """

    def __init__(self, sample: Sequence[Pair], encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self._usual = float(np.median([log(len(t) / len(s)) for s, t in sample] or [0.0]))
        self._last_words = [LastWords([pair[side] for pair in sample]) for side in (0, 1)]

    def found(
        self,
        pairs: Sequence[Pair],
        vectors: tuple[NDArray[np.float32], NDArray[np.float32]],
        cosines: NDArray[np.float32],
    ) -> NDArray[np.bool_]:
        """Which pairs have a side that lacks a part.

        Four signs are added up: by how much a side is shorter than is usual, on a log scale; by how
        much nearer its vector is to the beginning of the other side, cut to the usual length,
        than to all of it; whether the other side alone ends with a full stop or the like; and how
        seldom sentences end with its last word.

        Args:
            pairs: Sentences and their translations, none blank.
            vectors: Their unit vectors, two arrays of shape (n, dim).
            cosines: Of the pairs, shape (n,).

        Returns:
            Array of shape (n,).
        """
        found = np.zeros(len(pairs), dtype=bool)
        suspects: list[tuple[int, int, float]] = []
        beginnings: list[str] = []
        for i, (source, target) in enumerate(pairs):
            beyond = log(len(target) / len(source)) - self._usual
            cut = 0 if beyond > 0 else 1
            longer = pairs[i][1 - cut]
            if abs(beyond) > _SUSPICIOUS_LENGTH and len(longer) >= _FEWEST_CHARACTERS:
                usual = len(pairs[i][cut]) * exp(self._usual if cut == 0 else -self._usual)
                suspects.append((i, cut, abs(beyond) + self._text_signs(pairs[i], cut)))
                beginnings.append(beginning(longer, round(usual)))
        if suspects:
            shorter = np.stack([vectors[cut][i] for i, cut, _ in suspects])
            near = np.einsum("ij,ij->i", unit_rows(self._encoder.encode(beginnings)), shorter)
            for (i, _, signs), cosine in zip(suspects, near, strict=True):
                found[i] = signs + _WEIGHT_OF_GAIN * (cosine - cosines[i]) > _THRESHOLD
        return found

    def _text_signs(self, pair: Pair, cut: int) -> float:
        mark = is_closed(pair[1 - cut]) and not is_closed(pair[cut])
        oddness = self._last_words[cut].oddness(pair[cut])
        return _WEIGHT_OF_MARK * mark + _WEIGHT_OF_LAST_WORD * oddness


def is_closed(text: str) -> bool:
    """Whether a text ends with a full stop or the like.

    Example:
        >>> is_closed("She said: “Yes.”"), is_closed("Open the")
        (True, False)
    """
    return bool(_CLOSED.search(text))


def beginning(text: str, length: int) -> str:
    """The beginning of a text, cut between words where that is nearest to a length.

    Args:
        text: The text.
        length: In characters.

    Example:
        >>> beginning("the house is old", 8), beginning("the house is old", 10)
        ('the house', 'the house')
    """
    before, after = text.rfind(" ", 0, length + 1), text.find(" ", length)
    if before <= 0 and after < 0:
        return text[: max(1, length)]
    if before <= 0 or (after >= 0 and after - length <= length - before):
        return text[:after]
    return text[:before]
