"""Bead costs: distance relative to unrelated sentences, lengths, and kinds of beads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from babelite.alignment.banded_search import Point, Size
from babelite.alignment.lengths import Lengths, log_run_lengths
from babelite.alignment.runs import Floats, Runs, run_cosines

# The costs below were chosen on human translations: see docs/alignment.md.
# The cost of an unmatched sentence, before that of its share.
UNMATCHED = 0.25
# The cost of each sentence of a bead beyond a pair of sentences.
EXTRA_SENTENCE = 0.3
# The weight of the squared logarithm of the ratio of lengths, which is limited to 2.
LENGTH_WEIGHT = 0.75
_LONGEST_LOG_RATIO = 2.0
# A sentence is not part of a bead whose value rises by this much without it.
SUPERFLUOUS = 0.06
# The weights of the logarithm of the share of a kind of beads, and the limits of this cost.
KIND_WEIGHT = 0.06
KIND_LIMITS = -0.25, 0.25
UNMATCHED_WEIGHT = 0.15
UNMATCHED_LIMITS = -0.1, 0.4
# Shares of gaps (sequences of unmatched sentences), then of beads of 2, 3, 4, 5, more sentences.
EXPECTED_SHARES: NDArray[np.float64] = np.array([0.08, 0.72, 0.15, 0.035, 0.01, 0.005])
# The expected shares count as much as this many beads of a document.
_EXPECTED_BEADS = 15.0
# Float32 cosines of equal vectors lie on either side of 1 by this rounding error.
_ROUNDING = 1e-6

_SAMPLE = 100
_ROWS_PER_BLOCK = 1 << 14


def bead_kind(size: Size) -> int:
    """The kind of a bead: 0 for an unmatched sentence, else the place in `EXPECTED_SHARES`."""
    return min(sum(size) - 1, len(EXPECTED_SHARES) - 1) if all(size) else 0


def estimated_shares(path: Sequence[Point]) -> NDArray[np.float64]:
    """The shares of the kinds of beads along a path, smoothed by the expected ones.

    A gap, a sequence of unmatched sentences, counts as one: a long part that one version lacks does
    not make other omissions likely.
    """
    kinds = np.array([bead_kind((n, m)) for n, m in np.diff(np.array(path), axis=0).tolist()])
    continued = np.concatenate([[False], (kinds[1:] == 0) & (kinds[:-1] == 0)])
    counts = np.bincount(kinds[~continued], minlength=len(EXPECTED_SHARES))
    shares: NDArray[np.float64] = counts + _EXPECTED_BEADS * EXPECTED_SHARES
    shares /= shares.sum()
    return shares


class BeadCosts:
    """The costs of beads.

    The distance of a bead is that of Vecalign (Thompson & Koehn 2019, D19-1136) ::

        (1 - cos(x, y)) / mean distance of x and of y to unrelated sentences

    where unrelated sentences are drawn at random from the other document: 0 for equal vectors, 1
    for unrelated ones, with every encoder. The rest is our own. The value of a bead is its distance
    plus 0.75 · (logarithm of the ratio of the lengths)². A bead of n and m sentences costs ::

        ((n + m) / 2)^½ · value + 0.3 · (n + m - 2) + 0.06 · log(share of 1-1 / share of its kind)

    so a large bead must be better than the small ones that it could be split into. An unmatched
    sentence costs 0.25 + 0.15 · log(share of 1-1 / share of gaps). A kind is the number of
    sentences. Its share is that among the beads and the gaps (sequences of unmatched sentences) of
    these documents, for gaps are rare in a book, and common between two news articles.

    A bead is forbidden if its value would fall by 0.06 without its first or its last sentence on a
    side: it keeps omitted sentences out of the beads of their neighbours. Beads with a lower score
    (1 - distance) than ``min_score`` are forbidden too. No document is empty.

    Args:
        source: The runs of the source document.
        target: The runs of the target document. If the longest runs have s sentences, beads have
            at most s + 2.
        min_score: The minimum score of a bead.
        lengths: The lengths of the sentences; without them, lengths cost nothing.
        shares: The shares of the kinds of beads, as `EXPECTED_SHARES`.
    """

    def __init__(
        self,
        source: Runs,
        target: Runs,
        *,
        min_score: float,
        lengths: Lengths | None = None,
        shares: NDArray[np.float64] = EXPECTED_SHARES,
    ) -> None:
        self._source, self._target, self._min_score = source, target, min_score
        self._unrelated = _unrelated_distance(source, target), _unrelated_distance(target, source)
        self._logs = None if lengths is None else log_run_lengths(source, target, lengths)
        self.shape = (source.length, target.length)
        reach = source.max_size, target.max_size
        found = [(n + 1, m + 1) for n, m in np.ndindex(*reach)]
        self._matched = [size for size in found if sum(size) <= max(reach) + 2]
        self.sizes: list[Size] = [*self._matched, (1, 0), (0, 1)]
        self.set_shares(shares)

    def set_shares(self, shares: NDArray[np.float64]) -> None:
        """Set the shares of the kinds of beads."""
        rarity = np.log(shares[1] / shares)
        of_kind = (KIND_WEIGHT * rarity).clip(*KIND_LIMITS)
        of_kind[0] = (UNMATCHED_WEIGHT * rarity[0]).clip(*UNMATCHED_LIMITS)
        sizes = np.array(self.sizes)
        fixed = np.where(sizes.all(1), EXTRA_SENTENCE * (sizes.sum(1) - 2), UNMATCHED)
        fixed += of_kind[[bead_kind(size) for size in self.sizes]]
        self._fixed: Floats = fixed.astype(np.float32)

    def table(self, sources: slice, targets: slice) -> Floats:
        """See `babelite.alignment.banded_search.Costs`."""
        # One more point, for the costs of beads without their last sentence.
        distances, values = self._values(
            slice(max(sources.start - 1, 0), sources.stop),
            slice(max(targets.start - 1, 0), targets.stop),
        )
        forbidden = _superfluous(values, self._matched) | (distances > 1 - self._min_score)
        values[forbidden] = np.inf
        values = values[:, min(sources.start, 1) :, min(targets.start, 1) :]
        table = np.empty((len(self.sizes), *values.shape[1:]), np.float32)
        weights = np.sqrt(np.sum(self._matched, axis=1, dtype=np.float32) / 2)
        np.multiply(values, weights[:, None, None], out=table[: len(values)])
        table[len(values) :] = 0
        table += self._fixed[:, None, None]
        for costs_of_size, (n, m) in zip(table, self.sizes, strict=True):
            costs_of_size[: max(n - sources.start, 0)] = np.inf
            costs_of_size[:, : max(m - targets.start, 0)] = np.inf
        return table

    def _values(self, sources: slice, targets: slice) -> tuple[Floats, Floats]:
        """Relative distances and values of beads, shapes (sizes, sources, targets)."""
        distances = run_cosines(self._source, self._target, self._matched, sources, targets)
        np.subtract(1 - _ROUNDING, distances, out=distances)
        np.maximum(distances, 0, out=distances)
        unrelated = [
            means[:, part] / 2
            for means, part in zip(self._unrelated, (sources, targets), strict=True)
        ]
        for of_size, (n, m) in zip(distances, self._matched, strict=True):
            of_size /= unrelated[0][n - 1, :, None] + unrelated[1][m - 1]
        values = distances.copy()
        if self._logs is not None:
            left, right = self._logs[0][:, sources], self._logs[1][:, targets]
            for of_size, (n, m) in zip(values, self._matched, strict=True):
                ratios = left[n - 1, :, None] - right[m - 1]
                np.clip(ratios, -_LONGEST_LOG_RATIO, _LONGEST_LOG_RATIO, out=ratios)
                ratios *= ratios
                of_size += LENGTH_WEIGHT * ratios
        return distances, values

    def cosines(self, path: Sequence[Point]) -> tuple[Floats, Floats]:
        """Cosines and scores of the beads along a path, shape (beads,); 0 if a side is empty."""
        ends = np.array(path[1:])
        sizes = np.diff(np.array(path), axis=0)
        matched = sizes.all(1)
        (n, m), (i, j) = sizes[matched].T, ends[matched].T
        cosines, scores = np.zeros((2, len(ends)), np.float32)
        left, right = self._source.vectors(n, i), self._target.vectors(m, j)
        found = np.einsum("ij,ij->i", left, right)
        cosines[matched] = found
        unrelated = (self._unrelated[0][n - 1, i] + self._unrelated[1][m - 1, j]) / 2
        scores[matched] = 1 - (1 - found) / unrelated
        return cosines, scores


def _superfluous(values: Floats, sizes: Sequence[Size]) -> NDArray[np.bool_]:
    """Where a bead would be better without the first or the last sentence of a side."""
    superfluous = np.zeros(values.shape, np.bool_)
    places = {size: place for place, size in enumerate(sizes)}
    for found, of_size, (n, m) in zip(superfluous, values, sizes, strict=True):
        best = of_size - SUPERFLUOUS
        if n > 1:
            smaller = values[places[n - 1, m]]
            found |= smaller < best
            found[1:] |= smaller[:-1] < best[1:]
        if m > 1:
            smaller = values[places[n, m - 1]]
            found |= smaller < best
            found[:, 1:] |= smaller[:, :-1] < best[:, 1:]
    return superfluous


def _unrelated_distance(runs: Runs, others: Runs) -> Floats:
    """Mean of 1 - cosine of each run to sampled sentences, shape (sizes, sentences + 1)."""
    # In a short document the sample also holds the translation: the nearest distance is replaced
    # by 1, which is the whole estimate for a document of one sentence.
    drawn = np.random.default_rng(0).permutation(others.length)[:_SAMPLE]
    sample = others.sentences[drawn]
    means = np.empty((runs.max_size, runs.length + 1), np.float32)
    for start in range(0, runs.length + 1, _ROWS_PER_BLOCK):
        block = slice(start, min(start + _ROWS_PER_BLOCK, runs.length + 1))
        distances = np.maximum(1 - runs.products(sample, block), 0)
        means[:, block] = (distances.sum(-1) - distances.min(-1) + 1) / len(sample)
    return means
