"""Semantic textual similarity (STS): rank correlation of cosines with human scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError
from babelite.storage import read_lines

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Cosines are rounded to this many decimals: further ones are rounding noise that would break ties.
_DECIMALS = 6


class ScoredPair(NamedTuple):
    """Two sentences and a human similarity score, higher being more similar (0 to 5 in STS)."""

    first: str
    second: str
    score: float


@dataclass(frozen=True)
class SimilarityResult:
    """Spearman's rank correlation (-1 to 1) of cosines and human scores of sentence pairs."""

    name: str
    languages: tuple[str, str]
    pairs: int
    spearman: float

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON."""
        return asdict(self) | {"languages": list(self.languages)}


def read_sts(path: str | Path) -> list[ScoredPair]:
    """Read scored pairs (STS Benchmark): two sentences and a score separated by tabs.

    Raises:
        BabeliteError: The file is missing, or a line is not of that layout; names file and line.
    """
    pairs = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line:
            continue
        try:
            first, second, score = line.split("\t")
            pairs.append(ScoredPair(first, second, float(score)))
        except ValueError:
            raise BabeliteError(
                "is not two sentences and a score separated by tabs",
                code="format-invalid",
                path=path,
                line=number,
                hint="give the publishers' original file",
            ) from None
    return pairs


def evaluate_similarity(
    encoder: SentenceEncoder,
    pairs: Sequence[ScoredPair],
    *,
    name: str = "pairs",
    languages: tuple[str, str] = ("first", "second"),
) -> SimilarityResult:
    """Correlate the cosines of sentence pairs with human similarity scores (STS).

    The measure of the STS tasks (Cer et al. 2017, arXiv:1708.00055), with Spearman's correlation
    instead of Pearson's: a cosine need not be a linear function of the score (Reimers et al. 2016).

    Args:
        encoder: The encoder to measure.
        pairs: Sentence pairs and their scores, at least two.
        name: Name of the pairs to show in tables.
        languages: The languages of the first and of the second sentences.

    Raises:
        BabeliteError: There are fewer than two pairs, or a score is not a finite number.

    Example:
        >>> import babelite
        >>> pairs = [ScoredPair("A cat.", "Un chat.", 5.0), ScoredPair("A cat.", "Merci.", 0.5)]
        >>> round(evaluate_similarity(babelite.open_encoder(), pairs).spearman, 6)
        1.0
    """
    if len(pairs) < 2:
        raise BabeliteError(
            f"{len(pairs)} scored pairs cannot be ranked", code="too-few", hint="give at least two"
        )
    scores = np.array([pair.score for pair in pairs], dtype=np.float64)
    if len(invalid := np.flatnonzero(~np.isfinite(scores))):
        problem = f"the score of pair {invalid[0] + 1} is {scores[invalid[0]]}"
        raise BabeliteError(problem, code="input-invalid", hint="remove the pair")
    correlation = spearman(pair_cosines(encoder, pairs), scores)
    return SimilarityResult(name, languages, len(pairs), correlation)


def pair_cosines(encoder: SentenceEncoder, pairs: Sequence[ScoredPair]) -> NDArray[np.float32]:
    """The cosine of the two sentences of each pair, float32 (pairs,), rounded to 6 decimals."""
    first = unit_rows(encoder.encode([pair.first for pair in pairs]))
    second = unit_rows(encoder.encode([pair.second for pair in pairs]))
    cosines: NDArray[np.float32] = np.einsum("ij,ij->i", first, second).round(_DECIMALS)
    return cosines


def cross_lingual_pairs(
    first: Sequence[ScoredPair], second: Sequence[ScoredPair]
) -> list[ScoredPair]:
    """Make cross-lingual pairs from the same scored pairs in two languages.

    Pair i joins the first sentence of ``first[i]`` and the second sentence of ``second[i]``.

    Raises:
        BabeliteError: The number of pairs or a score differs.

    Example:
        >>> en, fr = ScoredPair("A cat.", "A dog.", 1.0), ScoredPair("Un chat.", "Un chien.", 1.0)
        >>> cross_lingual_pairs([en], [fr])
        [ScoredPair(first='A cat.', second='Un chien.', score=1.0)]
    """
    if len(first) != len(second):
        problem = f"{len(first):,} scored pairs in one language, {len(second):,} in another"
        hint = "give the same split of both languages"
        raise BabeliteError(problem, code="input-invalid", hint=hint)
    pairs = []
    for number, (here, there) in enumerate(zip(first, second, strict=True), start=1):
        if here.score != there.score:
            problem = f"scored pair {number} has two scores, {here.score:g} and {there.score:g}"
            hint = "give files whose lines correspond"
            raise BabeliteError(problem, code="input-invalid", hint=hint)
        pairs.append(ScoredPair(here.first, there.second, here.score))
    return pairs


def spearman(left: ArrayLike, right: ArrayLike) -> float:
    """Spearman's rank correlation of two arrays (n,), -1 to 1; 0 if one is constant.

    Example:
        >>> spearman([1, 2, 3, 4], [10, 30, 20, 40])
        0.8
    """
    ranks = [mean_ranks(np.asarray(values, dtype=np.float64)) for values in (left, right)]
    if ranks[0].shape != ranks[1].shape:
        raise ValueError(f"lengths differ: {len(ranks[0])} and {len(ranks[1])}")
    a, b = (r - r.mean() for r in ranks)
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread else 0.0


def resampled_spearman(
    left: ArrayLike, right: ArrayLike
) -> Callable[[ArrayLike], NDArray[np.float64]]:
    """Spearman's correlation of left and right (pairs,) as a function of resamples.

    The function takes how often each of n resamples has each pair, (n, pairs), and returns the
    correlations, (n,). Every resample uses the ranks of all pairs: ranking each resample would
    hardly change the result, but take a thousand times as long.

    Example:
        >>> resampled_spearman([1, 2, 3, 4], [10, 30, 20, 40])([[1, 1, 1, 1]]).round(6)
        array([0.8])
    """
    ranks = (mean_ranks(values) for values in (left, right))
    x, y = ((one - one.mean()) / max(one.std(), 1e-12) for one in ranks)

    def correlations(counts: ArrayLike) -> NDArray[np.float64]:
        drawn = np.asarray(counts, dtype=np.float64)
        total = drawn.sum(axis=1)
        mean_x, mean_y = drawn @ x / total, drawn @ y / total
        covariance = drawn @ (x * y) / total - mean_x * mean_y
        spread = (drawn @ x**2 / total - mean_x**2) * (drawn @ y**2 / total - mean_y**2)
        return np.asarray(covariance / np.sqrt(np.maximum(spread, 1e-12)))

    return correlations


def mean_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks (n,) of values (n,), counted from 1; equal values share their mean rank.

    Example:
        >>> mean_ranks([5, 3, 5])
        array([2.5, 1. , 2.5])
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
