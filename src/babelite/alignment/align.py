"""Sentence alignment by vectors: segment pairs ("beads") found coarse to fine (Vecalign)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.alignment.banded_search import Point, band_around, cheapest_path
from babelite.alignment.costs import BeadCosts, estimated_shares
from babelite.alignment.lengths import Lengths, positive_lengths
from babelite.alignment.runs import JoinedRuns, Runs, SummedRuns
from babelite.encoding import encode_stream, list_texts
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

MAX_SIZE = 4
MIN_SCORE = 0.1

# Documents with at most this many points are searched without a band.
_FULL_SEARCH_POINTS = 1 << 17
# Points searched on either side of the path found at half the resolution.
_RADIUS = 20


@dataclass(frozen=True)
class SegmentPair:
    """Neighbouring sentences of one document and their translation in the other (a "bead").

    Attributes:
        source: The rows of the source sentences, from 0; may be empty.
        target: The rows of the target sentences; may be empty.
        score: Similarity relative to unrelated sentences of these documents. 1: same meaning;
            0: unrelated. 0 if a side is empty.
        cosine: The cosine of the two sides; 0 if one is empty.
    """

    source: range
    target: range
    score: float = 0.0
    cosine: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """The number of sentences on each side."""
        return len(self.source), len(self.target)


def align(
    source: Iterable[str],
    target: Iterable[str],
    encoder: SentenceEncoder,
    *,
    max_size: int = MAX_SIZE,
    min_score: float = MIN_SCORE,
) -> list[SegmentPair]:
    """Align the sentences of two versions of a document.

    Args:
        source: The sentences of one version, in order.
        target: The sentences of the other, in order.
        encoder: The encoder of both.
        max_size: The maximum number of sentences on a side of a segment pair.
        min_score: The minimum score of a segment pair; other sentences stay unmatched.

    Returns:
        Segment pairs in order; every sentence is in exactly one.

    Raises:
        BabeliteError: A document is a single string, a table, a dictionary or a set.
        ValueError: ``max_size`` is below 1.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> def letters(sentences):
        ...     return [np.bincount([*text.encode()], minlength=128) for text in sentences]
        >>> encoder = AdaptedEncoder("letters", letters)
        >>> for pair in align(["one two", "six"], ["one", "two", "six"], encoder):
        ...     print(pair.source, pair.target, f"{pair.cosine:.2f}")
        range(0, 1) range(0, 2) 0.94
        range(1, 2) range(2, 3) 1.00
    """
    sides = list_texts(source), list_texts(target)
    return align_vectors(
        *(_encoded(encoder, sentences) for sentences in sides),
        lengths=text_lengths(*sides),
        max_size=max_size,
        min_score=min_score,
    )


def text_lengths(source: Iterable[str], target: Iterable[str]) -> Lengths:
    """The lengths of the sentences of two documents in characters, for `align_vectors`."""
    return [len(text) for text in source], [len(text) for text in target]


def align_vectors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    lengths: Lengths | None = None,
    max_size: int = MAX_SIZE,
    min_score: float = MIN_SCORE,
) -> list[SegmentPair]:
    """Align two documents by the vectors of their sentences, from any encoder.

    The vector of a run of sentences is the sum of their unit vectors, each weighted by the square
    root of its length.

    Args:
        source: The vectors of the sentences of one version, shape (n, dim), rows of any norm.
        target: The vectors of the other, shape (m, dim).
        lengths: The lengths of the sentences of both, as `text_lengths` makes them. They make the
            alignment better. Without them, all sentences weigh the same.
        max_size: See `align`.
        min_score: See `align`.

    Raises:
        BabeliteError: The dimensions differ, a value is not a finite number, or the number of
            lengths is not that of the vectors.

    Example:
        >>> pairs = align_vectors(np.eye(3), np.eye(3)[[0, 2]])
        >>> [pair.size for pair in pairs]
        [(1, 1), (1, 0), (1, 1)]
    """
    _require_size(max_size)
    runs = []
    for place, vectors in enumerate((source, target)):
        weights = None
        if lengths is not None:
            weights = np.sqrt(positive_lengths(lengths[place], len(np.asarray(vectors))))
        runs.append(SummedRuns.of(vectors, weights, max_size))
    return _aligned(runs[0], runs[1], lengths, min_score)


def align_runs(
    source: Sequence[ArrayLike],
    target: Sequence[ArrayLike],
    *,
    lengths: Lengths | None = None,
    min_score: float = MIN_SCORE,
) -> list[SegmentPair]:
    """Align two documents by the vectors of all runs of neighbouring sentences.

    Args:
        source: Unit vectors of the runs of one sentence, of two, and so on: arrays of shape
            (n, dim), (n - 1, dim), ... as `encode_runs` makes them.
        target: The same for the other document.
        lengths: See `align_vectors`.
        min_score: See `align`.

    Raises:
        BabeliteError: The shapes do not fit, or a value is not a finite number.
    """
    return _aligned(JoinedRuns.of(source), JoinedRuns.of(target), lengths, min_score)


def _aligned(
    source: Runs, target: Runs, lengths: Lengths | None, min_score: float
) -> list[SegmentPair]:
    """The segment pairs of least total cost (`babelite.alignment.costs.BeadCosts`).

    The search is coarse to fine (Thompson & Koehn 2019, "Vecalign", D19-1136): the best path at
    half the resolution, where two sentences are one, is found first, and only its neighbourhood is
    searched at full resolution. Time and memory are linear in the length of the documents. A first
    alignment gives the shares of the kinds of beads, with which the second is made.
    """
    dims = source.sentences.shape[1], target.sentences.shape[1]
    if dims[0] != dims[1]:
        raise BabeliteError(
            f"the source vectors have {dims[0]} components and the target vectors {dims[1]}",
            code="dimension-mismatch",
            hint="encode both with the same model",
        )
    if not (source.length and target.length):
        path = [*(Point(i, 0) for i in range(source.length)), Point(source.length, 0)]
        path += [Point(source.length, j + 1) for j in range(target.length)]
        return _segment_pairs(path, np.zeros((2, len(path) - 1), np.float32))
    costs = BeadCosts(source, target, min_score=min_score, lengths=lengths)
    band = band_around(*_coarse_path(source, target))
    costs.set_shares(estimated_shares(cheapest_path(costs, band)))
    path = _deletions_first(cheapest_path(costs, band))
    return _segment_pairs(path, costs.cosines(path))


def encode_runs(
    encoder: SentenceEncoder, sentences: Iterable[str], max_size: int = MAX_SIZE
) -> list[NDArray[np.float32]]:
    """Encode the joined text of runs of sentences (as Vecalign does).

    The encoder sees each run of up to ``max_size`` sentences as a whole, but must encode about
    ``max_size`` (``max_size`` + 1) / 2 times as much text.

    Returns:
        float32 arrays of shape (n, dim), (n - 1, dim) and so on, for `align_runs`.
    """
    _require_size(max_size)
    rows, runs = list_texts(sentences), []
    for size in range(1, max(min(max_size, len(rows)), 1) + 1):
        starts = range(len(rows) - size + 1)
        texts = [" ".join(rows[start : start + size]) for start in starts]
        runs.append(_encoded(encoder, texts))
    return runs


def _encoded(encoder: SentenceEncoder, texts: Iterable[str]) -> NDArray[np.float32]:
    """The vectors of texts, shape (n, dim), n may be 0."""
    return np.vstack([np.empty((0, encoder.dim), np.float32), *encode_stream(encoder, texts)])


def _require_size(max_size: int) -> None:
    if max_size < 1:
        raise ValueError(f"max_size is {max_size}; it must be at least 1")


def _coarse_path(source: Runs, target: Runs) -> tuple[list[Point], int]:
    """The path at half the resolution, in points of the full one, and the search radius."""
    lengths = source.length, target.length
    if sum(lengths) * min(lengths) <= _FULL_SEARCH_POINTS:
        return [Point(0, 0), Point(*lengths)], min(lengths)
    halves = source.halved(), target.halved()
    costs = BeadCosts(*halves, min_score=-np.inf)
    path = cheapest_path(costs, band_around(*_coarse_path(*halves)))
    return [Point(min(2 * i, lengths[0]), min(2 * j, lengths[1])) for i, j in path], _RADIUS


def _deletions_first(path: list[Point]) -> list[Point]:
    """Put deletions before adjacent insertions: both orders cost the same."""
    ordered = path[:1]
    for matched, beads in groupby(pairwise(path), lambda bead: all(np.subtract(*bead))):
        steps = [(end.source - start.source, end.target - start.target) for start, end in beads]
        for step in steps if matched else sorted(steps, reverse=True):
            ordered.append(Point(ordered[-1].source + step[0], ordered[-1].target + step[1]))
    return ordered


def _segment_pairs(
    path: Sequence[Point], measures: Iterable[NDArray[np.float32]]
) -> list[SegmentPair]:
    """The segment pairs between the points of a path; ``measures`` are cosines and scores."""
    cosines, scores = (measure.tolist() for measure in measures)
    return [
        SegmentPair(range(start.source, end.source), range(start.target, end.target), score, cosine)
        for (start, end), cosine, score in zip(pairwise(path), cosines, scores, strict=True)
    ]
