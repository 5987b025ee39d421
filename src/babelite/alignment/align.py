"""Sentence alignment: which sentences of two versions of a document translate each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.alignment.banded_search import Point, band_about, cheapest_path
from babelite.alignment.costs import BeadCosts, Runs
from babelite.encoding import encode_stream, unit_rows
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

MAX_SIZE = 4
MIN_SCORE = 0.25

# Documents of at most so many points are searched as a whole.
_WHOLE = 1 << 17
# Points searched to either side of the path that was found at half the resolution.
_RADIUS = 20


@dataclass(frozen=True)
class Bead:
    """Neighbouring sentences of one document and what translates them in the other.

    Attributes:
        source: The rows of the source sentences, from 0; empty for an insertion.
        target: The rows of the target sentences; empty for a deletion.
        score: How much nearer the two sides are than unrelated sentences of these documents: 1 for
            the same meaning, 0 for none in common. 0 if a side is empty.
        cosine: The cosine of the two sides; 0 if one is empty.
    """

    source: range
    target: range
    score: float = 0.0
    cosine: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """How many sentences it has on either side."""
        return len(self.source), len(self.target)


def align(
    source: Sequence[str],
    target: Sequence[str],
    encoder: SentenceEncoder,
    *,
    max_size: int = MAX_SIZE,
    min_score: float = MIN_SCORE,
) -> list[Bead]:
    """Align the sentences of two versions of a document.

    Args:
        source: The sentences of one version, in order.
        target: The sentences of the other, in order, in any language of the encoder.
        encoder: What turns sentences into vectors.
        max_size: The most sentences on a side of a bead.
        min_score: Sentences whose best bead scores lower stay unmatched, each in a bead of its own.

    Returns:
        Beads in order; every sentence is in exactly one.

    Raises:
        BabeliteError: A document is a single string.
        ValueError: ``max_size`` is below 1.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> def letters(sentences):
        ...     return [np.bincount([*text.encode()], minlength=128) for text in sentences]
        >>> encoder = AdaptedEncoder("letters", letters)
        >>> for bead in align(["one two", "six"], ["one", "two", "six"], encoder):
        ...     print(bead.source, bead.target, f"{bead.cosine:.2f}")
        range(0, 1) range(0, 2) 0.94
        range(1, 2) range(2, 3) 1.00
    """
    for sentences in (source, target):
        if isinstance(sentences, str):
            raise BabeliteError(
                "a document is a sequence of sentences, and one string was given",
                hint="split it, for example with text.splitlines()",
            )
    vectors = [
        np.vstack([np.empty((0, encoder.dim), np.float32), *encode_stream(encoder, sentences)])
        for sentences in (source, target)
    ]
    return align_vectors(*vectors, max_size=max_size, min_score=min_score)


def align_vectors(
    source: ArrayLike,
    target: ArrayLike,
    *,
    max_size: int = MAX_SIZE,
    min_score: float = MIN_SCORE,
) -> list[Bead]:
    """Align two documents by the vectors of their sentences, whatever made them.

    The vector of a run of sentences is the sum of theirs.

    Args:
        source: Array of shape (n, dim), of any lengths.
        target: Array of shape (m, dim).
        max_size: The most sentences on a side of a bead.
        min_score: Sentences whose best bead scores lower stay unmatched, each in a bead of its own.

    Returns:
        Beads in order; every sentence is in exactly one.

    Raises:
        BabeliteError: The vectors differ in their numbers of components, or a value is not a
            finite number.
        ValueError: ``max_size`` is below 1.

    Example:
        >>> beads = align_vectors(np.eye(3), np.eye(3)[[0, 2]])
        >>> [bead.size for bead in beads]
        [(1, 1), (1, 0), (1, 1)]
    """
    return align_runs(sum_runs(source, max_size), sum_runs(target, max_size), min_score=min_score)


def align_runs(
    source: Sequence[ArrayLike], target: Sequence[ArrayLike], *, min_score: float = MIN_SCORE
) -> list[Bead]:
    """Align two documents by the vectors of their sentences and of runs of these.

    The beads are those of least total cost: see `babelite.alignment.costs.BeadCosts`. Documents
    are searched coarse to fine (Thompson & Koehn 2019, "Vecalign", D19-1136): at half the
    resolution, where two sentences are one, the best path is found in the same way, and here only
    its neighbourhood is searched. So time and memory grow with the length of the documents, not
    with its square.

    Args:
        source: The vectors of runs, as `sum_runs` or `encode_runs` makes them.
        target: The same of the other document.
        min_score: Beads that score lower may not be.

    Returns:
        Beads in order; every sentence is in exactly one.

    Raises:
        BabeliteError: The shapes do not fit, or a value is not a finite number.
    """
    left, right = Runs.of(source), Runs.of(target)
    if left.vectors.shape[2] != right.vectors.shape[2]:
        raise BabeliteError(
            f"the source vectors have {left.vectors.shape[2]} components and those of the target "
            f"{right.vectors.shape[2]}",
            hint="encode both with the same model",
        )
    if not (left.length and right.length):
        path = [*(Point(i, 0) for i in range(left.length)), Point(left.length, 0)]
        path += [Point(left.length, j + 1) for j in range(right.length)]
        return _beads(path, np.zeros((2, len(path) - 1), np.float32))
    costs = BeadCosts(left, right, min_score=min_score)
    path = cheapest_path(costs, band_about(*_neighbourhood(left, right)))
    path = _deletions_first(path)
    return _beads(path, costs.cosines(path))


def sum_runs(vectors: ArrayLike, max_size: int = MAX_SIZE) -> list[NDArray[np.float32]]:
    """Give runs of sentences the sums of their vectors.

    Every sentence counts the same, however short, so that a bead with one too many is noticed.

    Args:
        vectors: Array of shape (n, dim): the vectors of the sentences.
        max_size: The most sentences in a run.

    Returns:
        float32 arrays of shape (n, dim), (n - 1, dim) and so on: unit vectors of the runs of one
        sentence, of two, and so on.

    Raises:
        ValueError: ``max_size`` is below 1.
    """
    rows = unit_rows(vectors)
    _require_size(max_size)
    runs = [rows]
    while len(runs) < min(max_size, len(rows)):
        runs.append(runs[-1][:-1] + rows[len(runs) :])
    return [unit_rows(run) for run in runs]


def encode_runs(
    encoder: SentenceEncoder, sentences: Sequence[str], max_size: int = MAX_SIZE
) -> list[NDArray[np.float32]]:
    """Give runs of sentences the vectors of their joined text (as Vecalign does).

    This encodes some ``max_size`` (``max_size`` + 1) / 2 times as much text as the sentences alone,
    and lets an encoder see a run as a whole.

    Args:
        encoder: What turns text into vectors.
        sentences: The sentences of a document, in order.
        max_size: The most sentences in a run.

    Returns:
        float32 arrays of shape (n, dim), (n - 1, dim) and so on, for `align_runs`.

    Raises:
        ValueError: ``max_size`` is below 1.
    """
    _require_size(max_size)
    sizes = range(1, max(min(max_size, len(sentences)), 1) + 1)
    return [
        np.vstack(
            [
                np.empty((0, encoder.dim), np.float32),
                *encode_stream(
                    encoder,
                    (
                        " ".join(sentences[first : first + size])
                        for first in range(len(sentences) - size + 1)
                    ),
                ),
            ]
        )
        for size in sizes
    ]


def _require_size(max_size: int) -> None:
    if max_size < 1:
        raise ValueError(f"max_size is {max_size}; it must be at least 1")


def _neighbourhood(source: Runs, target: Runs) -> tuple[list[Point], int]:
    """The path to search about, and how far to either side."""
    lengths = source.length, target.length
    if sum(lengths) * min(lengths) <= _WHOLE:
        return [Point(0, 0), Point(*lengths)], min(lengths)
    halves = source.halved(), target.halved()
    costs = BeadCosts(*halves, min_score=-np.inf)
    path = cheapest_path(costs, band_about(*_neighbourhood(*halves)))
    return [Point(min(2 * i, lengths[0]), min(2 * j, lengths[1])) for i, j in path], _RADIUS


def _deletions_first(path: list[Point]) -> list[Point]:
    """Put deletions before insertions where they touch: in either order they cost the same."""
    ordered = path[:1]
    for matched, beads in groupby(pairwise(path), lambda bead: all(np.subtract(*bead))):
        steps = [(end.source - start.source, end.target - start.target) for start, end in beads]
        for step in steps if matched else sorted(steps, reverse=True):
            ordered.append(Point(ordered[-1].source + step[0], ordered[-1].target + step[1]))
    return ordered


def _beads(
    path: Sequence[Point], measures: Sequence[NDArray[np.float32]] | NDArray[np.float32]
) -> list[Bead]:
    cosines, scores = (measure.tolist() for measure in measures)
    return [
        Bead(range(start.source, end.source), range(start.target, end.target), score, cosine)
        for (start, end), cosine, score in zip(pairwise(path), cosines, scores, strict=True)
    ]
