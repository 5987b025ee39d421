"""Semantic textual similarity: do cosines rank sentence pairs as people do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Cosines are compared to so many decimals: what follows is the machine's rounding, and would rank
# pairs that are equally near.
_DECIMALS = 6


class ScoredPair(NamedTuple):
    """Two sentences and how alike people found them.

    Attributes:
        first: One sentence.
        second: The other.
        score: Higher is more alike; the scale does not matter (0 to 5 in STS).
    """

    first: str
    second: str
    score: float


@dataclass(frozen=True)
class SimilarityResult:
    """How well cosines agree with people.

    Attributes:
        name: What was evaluated on.
        languages: The language of the first and of the second sentences.
        pairs: How many pairs were ranked.
        spearman: Spearman's rank correlation of cosines and scores, -1 to 1.
    """

    name: str
    languages: tuple[str, str]
    pairs: int
    spearman: float

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON."""
        return asdict(self) | {"languages": list(self.languages)}


def evaluate_similarity(
    encoder: SentenceEncoder,
    pairs: Sequence[ScoredPair],
    *,
    name: str = "pairs",
    languages: tuple[str, str] = ("first", "second"),
) -> SimilarityResult:
    """Correlate the cosines of sentence pairs with the scores that people gave them.

    The measure of the STS tasks (Cer et al. 2017, arXiv:1708.00055; Spearman instead of Pearson
    after Reimers et al. 2016: a cosine need not be a linear function of the score).

    Args:
        encoder: What turns sentences into vectors.
        pairs: Sentence pairs and their scores, at least two.
        name: What to call them in tables.
        languages: The language of the first and of the second sentences.

    Returns:
        The rank correlation.

    Raises:
        BabeliteError: There are fewer than two pairs, or a score is not a finite number.

    Example:
        >>> class Letters:
        ...     dim = 256
        ...     def encode(self, sentences):
        ...         return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
        >>> pairs = [("cat", "cat", 5.0), ("cat", "cats", 4.0), ("cat", "dog", 0.5)]
        >>> round(evaluate_similarity(Letters(), [ScoredPair(*p) for p in pairs]).spearman, 6)
        1.0
    """
    if len(pairs) < 2:
        raise BabeliteError(f"{len(pairs)} scored pairs cannot be ranked", hint="give at least two")
    scores = np.array([pair.score for pair in pairs], dtype=np.float64)
    if not np.isfinite(scores).all():
        row = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise BabeliteError(
            f"the score of pair {row + 1} is {scores[row]}", hint="leave the pair out"
        )
    correlation = spearman(pair_cosines(encoder, pairs), scores)
    return SimilarityResult(name, languages, len(pairs), correlation)


def pair_cosines(encoder: SentenceEncoder, pairs: Sequence[ScoredPair]) -> NDArray[np.float32]:
    """The cosine of the two sentences of each pair, as they are ranked.

    Args:
        encoder: What turns sentences into vectors.
        pairs: Sentence pairs.

    Returns:
        float32 (len(pairs),), rounded: what follows is the machine's rounding.
    """
    first = unit_rows(encoder.encode([pair.first for pair in pairs]))
    second = unit_rows(encoder.encode([pair.second for pair in pairs]))
    cosines: NDArray[np.float32] = np.einsum("ij,ij->i", first, second).round(_DECIMALS)
    return cosines


def cross_lingual(first: Sequence[ScoredPair], second: Sequence[ScoredPair]) -> list[ScoredPair]:
    """Pairs across languages from the same pairs in two languages.

    Args:
        first: Pairs in one language, of which the first sentences are taken.
        second: The same pairs in another language, of which the second sentences are taken.

    Returns:
        As many pairs, with their scores.

    Raises:
        BabeliteError: The two are not the same pairs: their number or a score differs.

    Example:
        >>> en, fr = ScoredPair("A cat.", "A dog.", 1.0), ScoredPair("Un chat.", "Un chien.", 1.0)
        >>> cross_lingual([en], [fr])
        [ScoredPair(first='A cat.', second='Un chien.', score=1.0)]
    """
    if len(first) != len(second):
        raise BabeliteError(
            f"there are {len(first):,} scored pairs in one language and {len(second):,} in the "
            "other",
            hint="take the same part of both",
        )
    pairs = []
    for number, (here, there) in enumerate(zip(first, second, strict=True), start=1):
        if here.score != there.score:
            raise BabeliteError(
                f"scored pair {number} has the score {here.score:g} in one language and "
                f"{there.score:g} in the other",
                hint="take files whose lines belong together",
            )
        pairs.append(ScoredPair(here.first, there.second, here.score))
    return pairs


def spearman(left: ArrayLike, right: ArrayLike) -> float:
    """Spearman's rank correlation: Pearson's correlation of ranks, ties given their mean rank.

    Args:
        left: Array of shape (n,).
        right: Array of shape (n,).

    Returns:
        The correlation, -1 to 1; 0 where one side is constant, for it ranks nothing.

    Raises:
        ValueError: The two are not of one length.

    Example:
        >>> spearman([1, 2, 3, 4], [10, 30, 20, 40])
        0.8
    """
    ranks = [mean_ranks(np.asarray(values, dtype=np.float64)) for values in (left, right)]
    if ranks[0].shape != ranks[1].shape:
        raise ValueError(f"{len(ranks[0])} values are compared with {len(ranks[1])}")
    a, b = (r - r.mean() for r in ranks)
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else 0.0


def mean_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs.

    Args:
        values: Array of shape (n,).

    Returns:
        float64 array of shape (n,).

    Example:
        >>> mean_ranks([5, 3, 5])
        array([2.5, 1. , 2.5])
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
