"""Cross-lingual sentence retrieval: does a sentence find its translation?"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.evaluation.intervals import Estimate, bootstrap
from babelite.evaluation.protocols import RetrievalTask, all_against_all, muse
from babelite.neighbors import TIE, margin_search, nearest

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# So many pairs still make a similarity matrix in which a pair can be seen.
SHOWN_PAIRS = 60


class PairScores(NamedTuple):
    """How near each query is to its translation and to the best of the others.

    Attributes:
        true: float32 array of shape (n,): the cosine with the translation.
        wrong: float32 array of shape (n,): the highest cosine with anything else; -1 where there
            is nothing else.
    """

    true: NDArray[np.float32]
    wrong: NDArray[np.float32]

    @property
    def hits(self) -> NDArray[np.bool_]:
        """For each query, (n,): whether its translation is nearest, by more than rounding noise."""
        return self.true - self.wrong > TIE


def pair_scores(queries: ArrayLike, candidates: ArrayLike) -> PairScores:
    """Compare the cosine of true pairs with the best wrong one.

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ n: row i is the translation of query i; rows from
            n on are distractors.

    Returns:
        Both cosines of each query.

    Raises:
        ValueError: There are fewer candidates than queries.
        BabeliteError: As `babelite.neighbors.nearest`.
    """
    left, right = unit_rows(queries), unit_rows(candidates)
    if len(right) < len(left):
        raise ValueError(f"{len(left)} queries, but only {len(right)} candidates")
    scores, indices = nearest(left, right, k=2)
    true = np.einsum("ij,ij->i", left, right[: len(left)])
    if scores.shape[1] < 2:
        return PairScores(true, np.full_like(true, -1.0))
    own_is_best = indices[:, 0] == np.arange(len(left))
    return PairScores(true, np.where(own_is_best, scores[:, 1], scores[:, 0]))


def precision_at_1(queries: ArrayLike, candidates: ArrayLike) -> NDArray[np.bool_]:
    """Whether each query's nearest candidate is its translation.

    The translation must be nearer than every other candidate: an encoder that cannot tell two
    candidates apart (cosines within 1e-6) has not found it. So the order of the file never
    matters, and an encoder that gives every sentence the same vector scores 0.

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ n: row i is the translation of query i; rows from
            n on are distractors.

    Returns:
        Truth values of shape (n,); their mean is P@1.

    Raises:
        ValueError: There are fewer candidates than queries.
        BabeliteError: As `babelite.neighbors.nearest`.

    Example:
        >>> precision_at_1([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [1.0, 0.0]])
        array([False, False])
        >>> precision_at_1([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.5, 0.5]])
        array([ True,  True])
    """
    return pair_scores(queries, candidates).hits


def xsim_error(queries: ArrayLike, candidates: ArrayLike, k: int = 4) -> float:
    """The share of queries whose best candidate by margin is not their translation.

    The xSIM error of LASER: margin search with the ratio over the ``k`` nearest neighbours. A tie
    counts as an error, as in `precision_at_1`.

    Args:
        queries: Array of shape (n, dim), n ≥ 1.
        candidates: Array of shape (m, dim), m ≥ n: row i is the translation of query i.
        k: The size of the neighbourhood, clamped to what there is.

    Returns:
        The error, from 0 to 1; lower is better.

    Raises:
        BabeliteError: As `babelite.neighbors.nearest`.

    Example:
        >>> xsim_error([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.1, 1.0]])
        0.0
    """
    margins, indices = margin_search(queries, candidates, k)
    found = indices[:, 0] == np.arange(len(indices))
    if margins.shape[1] > 1:
        found &= margins[:, 0] - margins[:, 1] > TIE
    return float((~found).mean())


@dataclass(frozen=True)
class Direction:
    """What was measured searching from one language into the other.

    Attributes:
        precision_at_1: The share of queries that found their translation, 0 to 1.
        xsim_error: The share that did not by margin search, 0 to 1.
        candidates: How many sentences were searched.
        scores: The cosines of each query with its translation and with the best of the others.
    """

    precision_at_1: Estimate
    xsim_error: float
    candidates: int
    scores: PairScores = field(repr=False, compare=False)

    @property
    def margin(self) -> float:
        """How much nearer the translation is than the best of the others, in cosine, on average."""
        return float((self.scores.true - self.scores.wrong).mean())


@dataclass(frozen=True)
class RetrievalResult:
    """How well an encoder finds the translations of one set of pairs.

    Attributes:
        name: What was evaluated on, such as a file's name.
        languages: The source and the target language.
        protocol: ``all-against-all`` or ``muse``.
        pairs: How many pairs were looked for.
        forward: From the source language into the target language.
        backward: The other way.
        mean: P@1 averaged over the two directions, pair by pair.
        sentences_per_second: How fast the encoder encoded both sides.
        similarity: float32 array: the cosines of the first pairs (60 at most), sources in rows.
    """

    name: str
    languages: tuple[str, str]
    protocol: str
    pairs: int
    forward: Direction
    backward: Direction
    mean: Estimate
    sentences_per_second: float
    similarity: NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def true_cosine(self) -> float:
        """The mean cosine of a sentence and its translation."""
        return float(self.forward.scores.true.mean())

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        ways = {"forward": self.forward, "backward": self.backward}
        return {
            "name": self.name,
            "languages": list(self.languages),
            "protocol": self.protocol,
            "pairs": self.pairs,
            "candidates": {way: d.candidates for way, d in ways.items()},
            "precision_at_1": {
                **{way: d.precision_at_1._asdict() for way, d in ways.items()},
                "mean": self.mean._asdict(),
            },
            "xsim_error": {way: d.xsim_error for way, d in ways.items()},
            "true_cosine": self.true_cosine,
            "best_wrong_cosine": {way: float(d.scores.wrong.mean()) for way, d in ways.items()},
            "margin": {way: d.margin for way, d in ways.items()},
            "sentences_per_second": self.sentences_per_second,
        }


def evaluate(
    encoder: SentenceEncoder,
    pairs: Iterable[tuple[str, str]],
    *,
    name: str = "pairs",
    languages: tuple[str, str] = ("source", "target"),
    distractors: Iterable[tuple[str, str]] | None = None,
    queries: int | None = None,
    seed: int = 0,
) -> RetrievalResult:
    """Measure retrieval in both directions on sentence pairs.

    Every pair is looked for among all (Tatoeba's protocol), unless ``distractors`` or ``queries``
    is given: then MUSE's protocol is followed (`babelite.evaluation.muse`).

    Args:
        encoder: What turns sentences into vectors.
        pairs: Sentences and their translations.
        name: What to call them in tables.
        languages: The source and the target language.
        distractors: Further pairs that are searched but never looked for.
        queries: How many pairs to look for; 2,000 if only ``distractors`` is given.
        seed: Of drawing the queries and of the intervals.

    Returns:
        P@1 with intervals, xSIM errors and cosines, both ways.

    Raises:
        BabeliteError: There is no pair.

    Example:
        >>> class Letters:
        ...     dim = 256
        ...     def encode(self, sentences):
        ...         return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
        >>> result = evaluate(Letters(), [("Paris", "Parigi"), ("Rome", "Roma")])
        >>> result.mean.value
        1.0
    """
    if distractors is None and queries is None:
        task = all_against_all(pairs)
    else:
        count = 2000 if queries is None else queries
        task = muse(pairs, distractors or (), queries=count, seed=seed)
    return _evaluate(encoder, task, name, languages, seed)


def _evaluate(
    encoder: SentenceEncoder,
    task: RetrievalTask,
    name: str,
    languages: tuple[str, str],
    seed: int,
) -> RetrievalResult:
    started = time.perf_counter()
    sources = unit_rows(encoder.encode(task.sources))
    targets = unit_rows(encoder.encode(task.targets))
    seconds = time.perf_counter() - started
    forward = _direction(sources[: task.queries], targets, seed)
    backward = _direction(targets[: task.queries], sources, seed)
    hits = np.stack([forward.scores.hits, backward.scores.hits])
    shown = min(task.queries, SHOWN_PAIRS)
    return RetrievalResult(
        name=name,
        languages=languages,
        protocol=task.protocol,
        pairs=task.queries,
        forward=forward,
        backward=backward,
        mean=bootstrap(hits.mean(axis=0), seed=seed),
        sentences_per_second=(len(sources) + len(targets)) / seconds,
        similarity=sources[:shown] @ targets[:shown].T,
    )


def _direction(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], seed: int
) -> Direction:
    scores = pair_scores(queries, candidates)
    return Direction(
        precision_at_1=bootstrap(scores.hits, seed=seed),
        xsim_error=xsim_error(queries, candidates),
        candidates=len(candidates),
        scores=scores,
    )
