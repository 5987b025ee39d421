"""Cross-lingual sentence retrieval of sentence pairs: P@1, xSIM error and cosines, both ways."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding import unit_rows
from babelite.errors import quantity
from babelite.evaluation.bootstrap_intervals import BootstrapInterval, bootstrap
from babelite.evaluation.retrieval_protocols import RetrievalSet, all_against_all, muse_protocol
from babelite.neighbors import clearly_above, margin_search, nearest

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Rows and columns of the similarity matrix: a single pair is still visible.
SHOWN_PAIRS = 60


class QueryCosines(NamedTuple):
    """Cosines of queries with translation and best other candidate (-1 if none), float32 (n,)."""

    translation: NDArray[np.float32]
    best_other: NDArray[np.float32]

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Whether the translation is nearest, by more than rounding noise; shape (n,)."""
        return clearly_above(self.translation, self.best_other)


def query_cosines(queries: ArrayLike, candidates: ArrayLike) -> QueryCosines:
    """Both cosines of each query (n, dim) among candidates (m, dim); see `precision_at_1`."""
    left, right = unit_rows(queries), unit_rows(candidates)
    if len(right) < len(left):
        raise ValueError(f"{len(left)} queries, but only {quantity(len(right), 'candidate')}")
    cosines, indices = nearest(left, right, k=2)
    true = np.einsum("ij,ij->i", left, right[: len(left)])
    if cosines.shape[1] < 2:
        return QueryCosines(true, np.full_like(true, -1.0))
    translation_is_first = indices[:, 0] == np.arange(len(left))
    return QueryCosines(true, np.where(translation_is_first, cosines[:, 1], cosines[:, 0]))


def precision_at_1(queries: ArrayLike, candidates: ArrayLike) -> NDArray[np.bool_]:
    """Whether each query's nearest candidate is its translation: booleans (n,); the mean is P@1.

    The translation must be nearer than every other candidate by a cosine difference above 1e-6.
    So results do not depend on the order of candidates, and an encoder that gives every sentence
    the same vector scores 0.

    Args:
        queries: Array of shape (n, dim).
        candidates: Array of shape (m, dim), m ≥ n: row i is the translation of query i; rows from
            n on are distractors.

    Raises:
        ValueError: There are fewer candidates than queries.
        BabeliteError: The vectors are not finite or of different dimensions.

    Example:
        >>> precision_at_1([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [1.0, 0.0]])
        array([False, False])
        >>> precision_at_1([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.5, 0.5]])
        array([ True,  True])
    """
    return query_cosines(queries, candidates).hits


def margin_hits(queries: ArrayLike, candidates: ArrayLike, k: int = 4) -> NDArray[np.bool_]:
    """Whether the best candidate by margin score is the translation: booleans (n,).

    The share of queries for which it is not is LASER's xSIM error. Arguments and errors are those
    of `precision_at_1`; ``k`` is the number of neighbours of the margin.

    Example:
        >>> margin_hits([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.1], [0.5, 0.5]], k=1)
        array([ True,  True])
    """
    margins, indices = margin_search(queries, candidates, k)
    found: NDArray[np.bool_] = indices[:, 0] == np.arange(len(indices))
    if margins.shape[1] > 1:
        found &= clearly_above(margins[:, 0], margins[:, 1])
    return found


def xsim_error(queries: ArrayLike, candidates: ArrayLike, k: int = 4) -> float:
    """LASER's xSIM error: share of queries whose best candidate by margin score is wrong."""
    return float((~margin_hits(queries, candidates, k)).mean())


@dataclass(frozen=True)
class DirectionResult:
    """Retrieval in one direction: P@1 and xSIM error (0 to 1), number of candidates, cosines."""

    precision_at_1: BootstrapInterval
    xsim_error: float
    candidates: int
    cosines: QueryCosines = field(repr=False, compare=False)

    @property
    def lead(self) -> float:
        """The mean cosine of translations minus that of the best other candidates."""
        return float((self.cosines.translation - self.cosines.best_other).mean())


@dataclass(frozen=True)
class RetrievalResult:
    """Retrieval of one set of sentence pairs, in both directions.

    Attributes:
        name: Name of the pairs, such as a file name.
        languages: The source and the target language.
        protocol: ``all-against-all`` or ``muse``.
        pairs: Number of pairs that are queries.
        forward: P@1, xSIM error, candidates and cosines of source sentences as queries.
        backward: The same of target sentences as queries.
        mean: P@1 averaged over the two directions, with its interval over pairs.
        sentences_per_second: Encoding speed over both sides.
        similarity: float32 array: the cosines of the first pairs (60 at most), sources in rows.
    """

    name: str
    languages: tuple[str, str]
    protocol: str
    pairs: int
    forward: DirectionResult
    backward: DirectionResult
    mean: BootstrapInterval
    sentences_per_second: float
    similarity: NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def true_cosine(self) -> float:
        """The mean cosine of a sentence and its translation."""
        return float(self.forward.cosines.translation.mean())

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
            "best_wrong_cosine": {
                way: float(d.cosines.best_other.mean()) for way, d in ways.items()
            },
            "margin": {way: d.lead for way, d in ways.items()},
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
    """Measure how often sentences find their translations: P@1 and xSIM error, both ways.

    Every sentence is searched among all sentences of the other side (Tatoeba's protocol). If
    ``distractors`` or ``queries`` is given, `muse_protocol` is used instead.

    Args:
        encoder: The encoder to measure.
        pairs: Sentences and their translations.
        name: Name of the pairs to show in tables.
        languages: The source and the target language, for tables.
        distractors: Further pairs that are searched but are no queries.
        queries: Number of pairs to draw as queries; 2,000 if only ``distractors`` is given.
        seed: Random seed of the queries and of the bootstrap intervals.

    Raises:
        BabeliteError: There is no pair.

    Example:
        >>> import babelite
        >>> pairs = [("Where is the station?", "Où est la gare ?"), ("Thank you.", "Merci.")]
        >>> result = babelite.evaluate(babelite.open_encoder(), pairs, languages=("en", "fr"))
        >>> result.mean
        BootstrapInterval(value=1.0, low=1.0, high=1.0)
    """
    if distractors is None and queries is None:
        texts = all_against_all(pairs)
    else:
        count = 2000 if queries is None else queries
        texts = muse_protocol(pairs, distractors or (), queries=count, seed=seed)
    return _measure(encoder, texts, name, languages, seed)


def _measure(
    encoder: SentenceEncoder, texts: RetrievalSet, name: str, languages: tuple[str, str], seed: int
) -> RetrievalResult:
    started = time.perf_counter()
    sources = unit_rows(encoder.encode(texts.sources))
    targets = unit_rows(encoder.encode(texts.targets))
    seconds = time.perf_counter() - started
    forward = _measure_direction(sources[: texts.queries], targets, seed)
    backward = _measure_direction(targets[: texts.queries], sources, seed)
    hits = np.stack([forward.cosines.hits, backward.cosines.hits])
    shown = min(texts.queries, SHOWN_PAIRS)
    return RetrievalResult(
        name=name,
        languages=languages,
        protocol=texts.protocol,
        pairs=texts.queries,
        forward=forward,
        backward=backward,
        mean=bootstrap(hits.mean(axis=0), seed=seed),
        sentences_per_second=(len(sources) + len(targets)) / seconds,
        similarity=sources[:shown] @ targets[:shown].T,
    )


def _measure_direction(
    queries: NDArray[np.float32], candidates: NDArray[np.float32], seed: int
) -> DirectionResult:
    cosines = query_cosines(queries, candidates)
    return DirectionResult(
        precision_at_1=bootstrap(cosines.hits, seed=seed),
        xsim_error=xsim_error(queries, candidates),
        candidates=len(candidates),
        cosines=cosines,
    )
