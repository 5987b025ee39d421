from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.alignment.align import (
    SegmentPair,
    align,
    align_runs,
    align_vectors,
    encode_runs,
)
from babelite.alignment.banded_search import Point, band_around, cheapest_path
from babelite.alignment.costs import BeadCosts, estimated_shares
from babelite.alignment.runs import SummedRuns
from babelite.encoding import AdaptedEncoder
from babelite.errors import BabeliteError

Rows = NDArray[np.float64]


def drawn(seed: int, count: int, dim: int) -> Rows:
    """Vectors of all kinds: of any length, some equal, some zero."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, dim)) * rng.choice([1e-3, 1.0, 50.0], (count, 1))
    if count:
        rows = rows[rng.integers(0, count, count)]
    rows[rng.random(count) < 0.1] = 0.0
    return rows


def unit(rows: Rows) -> Rows:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths)


def assert_covers(pairs: Sequence[SegmentPair], source: int, target: int) -> None:
    """Every sentence is in one pair, in order, and no pair is empty."""
    assert [row for pair in pairs for row in pair.source] == list(range(source))
    assert [row for pair in pairs for row in pair.target] == list(range(target))
    assert all(any(pair.size) for pair in pairs)
    assert all(min(pair.size) > 0 or sum(pair.size) == 1 for pair in pairs)


def run_vector(side: Rows, weights: Rows, part: range) -> Rows:
    return unit((unit(side) * weights[:, None])[list(part)].sum(0))


@dataclass(frozen=True)
class Definition:
    """The costs by their definition, with the lengths of equally long translations."""

    source: Rows
    target: Rows
    lengths: tuple[Rows, Rows]
    ratio: float
    shares: Rows
    max_sum: int

    def distance(self, rows: range, columns: range) -> float:
        weights = [np.sqrt(side) for side in self.lengths]
        x = run_vector(self.source, weights[0], rows)
        y = run_vector(self.target, weights[1], columns)
        mean = unrelated(x, self.target) + unrelated(y, self.source)
        return 2 * (1 - x @ y) / mean

    def value(self, rows: range, columns: range) -> float:
        long, other = (
            side[list(part)].sum() * scale + 10
            for side, part, scale in zip(
                self.lengths,
                (rows, columns),
                (self.ratio**0.5, self.ratio**-0.5),
                strict=True,
            )
        )
        return self.distance(rows, columns) + 0.75 * min(abs(np.log(long / other)), 2) ** 2

    def cost(self, rows: range, columns: range) -> float:
        n, m = len(rows), len(columns)
        kind = min(n + m - 1, 5) if rows and columns else 0
        rarity = np.log(self.shares[1] / self.shares[kind])
        if not kind:
            return float(0.25 + np.clip(0.15 * rarity, -0.1, 0.4))
        of_kind = np.clip(0.06 * rarity, -0.25, 0.25)
        found = self.value(rows, columns)
        smaller = [(part, columns) for part in (rows[1:], rows[:-1]) if part]
        smaller += [(rows, part) for part in (columns[1:], columns[:-1]) if part]
        if (
            n + m > self.max_sum
            or self.distance(rows, columns) > 0.9
            or any(self.value(*pair) < found - 0.06 for pair in smaller)
        ):
            return np.inf
        return float(((n + m) / 2) ** 0.5 * found + 0.3 * (n + m - 2) + of_kind)


def unrelated(vector: Rows, others: Rows) -> float:
    """For documents of at most 100 sentences."""
    distances = sorted(1 - unit(others) @ vector)
    return float(sum(distances[1:]) + 1) / len(distances)


def least_cost(definition: Definition, max_size: int) -> float:
    """The least total cost, by trying all pairs."""

    @cache
    def least(i: int, j: int) -> float:
        if i == j == 0:
            return 0.0
        sizes = [(1, 0), (0, 1), *((n + 1, m + 1) for n, m in np.ndindex(max_size, max_size))]
        return min(
            least(i - n, j - m) + definition.cost(range(i - n, i), range(j - m, j))
            for n, m in sizes
            if i >= n and j >= m
        )

    return least(len(definition.source), len(definition.target))


@given(
    seed=st.integers(0, 10_000),
    lengths=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    dim=st.sampled_from([1, 2, 16]),
    max_size=st.integers(1, 5),
    min_score=st.sampled_from([-1.0, 0.25, 0.9]),
)
def test_every_sentence_is_aligned_once_and_in_order(
    seed: int, lengths: tuple[int, int], dim: int, max_size: int, min_score: float
) -> None:
    source, target = (drawn(seed + side, n, dim) for side, n in enumerate(lengths))
    pairs = align_vectors(source, target, max_size=max_size, min_score=min_score)
    assert_covers(pairs, *lengths)
    for pair in pairs:
        assert max(pair.size) <= max_size
        if all(pair.size):
            x, y = (
                unit(unit(side)[list(rows)].sum(0))
                for side, rows in ((source, pair.source), (target, pair.target))
            )
            assert pair.cosine == pytest.approx(x @ y, abs=1e-4)
            assert min_score - 1e-4 <= pair.score <= 1 + 1e-4
        else:
            assert pair.score == pair.cosine == 0


@given(
    seed=st.integers(0, 10_000),
    counts=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    max_size=st.integers(1, 3),
)
def test_no_alignment_is_cheaper(seed: int, counts: tuple[int, int], max_size: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = (rng.standard_normal((n, 4)) + 0.5 for n in counts)
    # Equal lengths: their ratio is 2 whichever sentences are taken for translations.
    lengths = np.full(counts[0], 40.0), np.full(counts[1], 80.0)
    runs = [
        SummedRuns.of(side, np.sqrt(length), max_size)
        for side, length in zip((source, target), lengths, strict=True)
    ]
    costs = BeadCosts(runs[0], runs[1], min_score=0.1, lengths=lengths)
    band = band_around([Point(0, 0), Point(*counts)], min(counts))
    shares = estimated_shares(cheapest_path(costs, band))
    costs.set_shares(shares)
    max_sum = max(run.max_size for run in runs) + 2
    definition = Definition(source, target, lengths, 2.0, shares, max_sum)
    steps = [
        (range(start.source, end.source), range(start.target, end.target))
        for start, end in pairwise(cheapest_path(costs, band))
    ]
    found = sum(definition.cost(*step) for step in steps)
    assert found == pytest.approx(least_cost(definition, max_size), abs=1e-4)
    pairs = align_vectors(source, target, lengths=lengths, max_size=max_size)
    assert sum(definition.cost(pair.source, pair.target) for pair in pairs) == pytest.approx(
        found, abs=1e-4
    )


def test_more_kinds_of_segment_pairs_than_a_byte_can_number() -> None:
    source = np.random.default_rng(0).standard_normal((20, 8))
    few, many = (align_vectors(source, source[1:-1], max_size=size) for size in (3, 17))
    assert many == few
    assert [pair.size for pair in many if not all(pair.size)] == [(1, 0), (1, 0)]


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), repeated=st.booleans())
def test_a_document_aligns_with_itself(seed: int, count: int, repeated: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 8))
    if repeated:
        rows = rows[np.sort(rng.integers(0, count, count))]
    pairs = align_vectors(rows, rows)
    assert [(pair.source, pair.target) for pair in pairs] == [
        (range(i, i + 1), range(i, i + 1)) for i in range(count)
    ]
    assert all(pair.score == pytest.approx(1, abs=1e-4) for pair in pairs)


@given(seed=st.integers(0, 10_000), lengths=st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_swapping_the_documents_swaps_the_sides(seed: int, lengths: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    source, target = (rng.standard_normal((n, 6)) for n in lengths)
    pairs = align_vectors(source, target)
    mirrored = align_vectors(target, source)
    assert {(pair.target, pair.source) for pair in mirrored} == {
        (pair.source, pair.target) for pair in pairs
    }


def versions(
    seed: int, count: int, noise: float = 0.5, gaps: Sequence[range] = ()
) -> tuple[Rows, Rows, list[tuple[range, range]]]:
    """Two versions of a document, and their pairs of two sides."""
    rng = np.random.default_rng(seed)
    meanings = unit(rng.standard_normal((count, 64)))
    source, target, pairs = [], [], []
    place = 0
    while place < count:
        kind = rng.random()
        n, m = (2, 1) if kind < 0.04 else (1, 2) if kind < 0.08 else (1, 1)
        part = meanings[place : place + max(n, m)]
        place += max(n, m)
        if len(part) < max(n, m) or any(place in gap for gap in gaps):
            source.extend(part)
            continue
        sides = [part if size == len(part) else part.sum(0, keepdims=True) for size in (n, m)]
        pairs.append((range(len(source), len(source) + n), range(len(target), len(target) + m)))
        source.extend(sides[0])
        target.extend(sides[1])
    return (
        *(
            unit(np.array(side)) + rng.standard_normal((len(side), 64)) * noise / 8
            for side in (source, target)
        ),
        pairs,
    )


@pytest.mark.parametrize(
    "gaps", [[], [range(900)], [range(400, 460), range(1000, 1500)], [range(1200, 2000)]]
)
def test_long_documents_with_gaps_are_aligned(gaps: list[range]) -> None:
    source, target, planted = versions(0, 2_000, gaps=gaps)
    pairs = align_vectors(source, target)
    assert_covers(pairs, len(source), len(target))
    found = {(pair.source, pair.target) for pair in pairs if all(pair.size)}
    assert len(found & set(planted)) / len(planted) > 0.98
    assert len(found & set(planted)) / len(found) > 0.98


def test_coarse_to_fine_search_finds_the_best_path(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target, _ = versions(1, 500, gaps=[range(200, 260)])
    near = align_vectors(source, target)
    monkeypatch.setattr(import_module("babelite.alignment.align"), "_FULL_SEARCH_POINTS", 1 << 40)
    assert align_vectors(source, target) == near


@pytest.mark.parametrize("lengths", [(1, 3_000), (3_000, 1), (2, 2_000)])
def test_one_sentence_against_thousands(lengths: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    rows = unit(rng.standard_normal((max(lengths), 256)))
    sides = [rows[1_500 : 1_500 + n] if n < 3 else rows for n in lengths]
    pairs = align_vectors(*sides)
    assert_covers(pairs, *lengths)
    matched = [pair for pair in pairs if all(pair.size)]
    assert [pair.size for pair in matched] == [(1, 1)] * min(lengths)
    assert [max(pair.source[0], pair.target[0]) for pair in matched] == [
        1_500 + row for row in range(min(lengths))
    ]


def test_unrelated_documents_are_not_matched() -> None:
    rng = np.random.default_rng(0)
    source, target = (rng.standard_normal((n, 256)) for n in (500, 700))
    pairs = align_vectors(source, target)
    assert_covers(pairs, 500, 700)
    assert sum(all(pair.size) for pair in pairs) < 10


def test_deletions_come_before_insertions() -> None:
    pairs = align_vectors(np.eye(9)[:4], np.eye(9)[4:])
    assert [pair.size for pair in pairs] == [(1, 0)] * 4 + [(0, 1)] * 5


def test_an_omitted_sentence_stays_unmatched() -> None:
    rows = np.eye(6)
    pairs = align_vectors(rows, rows[[0, 1, 3, 4]])
    assert [pair.size for pair in pairs] == [(1, 1), (1, 1), (1, 0), (1, 1), (1, 1), (1, 0)]


def test_a_crossing_becomes_one_segment_pair() -> None:
    rows = np.eye(6)
    pairs = align_vectors(rows, rows[[0, 2, 1, 3, 4, 5]])
    assert [pair.size for pair in pairs] == [(1, 1), (2, 2), (1, 1), (1, 1), (1, 1)]


def letters(sentences: Sequence[str]) -> Rows:
    return np.array([np.bincount([*text.encode()], minlength=128) for text in sentences])


ENCODER = AdaptedEncoder("letters", letters)


def test_align_accepts_sentences() -> None:
    pairs = align(
        ["the cat sat", "a dog", "zzz", "birds fly"],
        ["the", "cat sat", "a dog", "birds fly"],
        ENCODER,
    )
    assert [pair.size for pair in pairs] == [(1, 2), (1, 1), (1, 0), (1, 1)]
    assert align([], ["a"], ENCODER) == [SegmentPair(range(0, 0), range(0, 1))]
    assert align(["a"], [], ENCODER) == [SegmentPair(range(0, 1), range(0, 0))]
    assert align([], [], ENCODER) == []
    with pytest.raises(BabeliteError, match="a single string was given"):
        align("One. Two.", ["Un."], ENCODER)


def test_lengths_must_fit_the_sentences() -> None:
    rows = np.eye(3)
    for lengths in (([1, 2], [1, 2, 3]), ([1, 2, 3], [1, 2, np.inf]), ([1, 2, 3], 5)):
        with pytest.raises(BabeliteError, match="3 sentences"):
            align_vectors(rows, rows, lengths=lengths)


def test_missing_lines_stay_unmatched() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 128))
    for share in (0.02, 0.3):
        kept = [np.flatnonzero(rng.random(400) > share) for _ in range(2)]
        source, target = (rows[side] + rng.standard_normal((len(side), 128)) * 0.5 for side in kept)
        lengths = 40 + kept[0] % 7 * 20, 50 + kept[1] % 7 * 25
        pairs = align_vectors(source, target, lengths=lengths)
        found = {
            (kept[0][pair.source[0]], kept[1][pair.target[0]])
            for pair in pairs
            if pair.size == (1, 1)
        }
        right = {(row, row) for row in set(kept[0]) & set(kept[1])}
        matched = sum(all(pair.size) for pair in pairs)
        assert len(found & right) / matched > 0.95
        assert len(found & right) / len(right) > 0.95


def test_encode_runs_encodes_joined_text() -> None:
    sentences = ["one", "two", "three"]
    runs = encode_runs(ENCODER, sentences, max_size=8)
    assert [run.shape for run in runs] == [(3, 128), (2, 128), (1, 128)]
    for run, texts in zip(
        runs, [sentences, ["one two", "two three"], ["one two three"]], strict=True
    ):
        np.testing.assert_allclose(run, ENCODER.encode(texts))
    pairs = align_runs(encode_runs(ENCODER, ["one two", "three"]), runs)
    assert [pair.size for pair in pairs] == [(1, 2), (1, 1)]
    assert pairs[0].cosine == pytest.approx(1)
    assert [run.shape for run in encode_runs(ENCODER, [])] == [(0, 128)]


@pytest.mark.parametrize(
    ("source", "target", "fact"),
    [
        (np.eye(2), np.eye(3), "2 components .* 3"),
        (np.eye(2), np.full((2, 2), np.nan), "sentence 1"),
        (np.zeros(3), np.eye(2), "shape"),
    ],
)
def test_invalid_vectors_are_rejected(source: Rows, target: Rows, fact: str) -> None:
    with pytest.raises(BabeliteError, match=fact):
        align_vectors(source, target)


def test_invalid_runs_are_rejected() -> None:
    with pytest.raises(BabeliteError, match=r"\(3, 3\), \(3, 3\)"):
        align_runs([np.eye(3), np.eye(3)], [np.eye(3)])
    for function in (
        lambda: align_vectors([], [], max_size=0),
        lambda: encode_runs(ENCODER, ["a"], 0),
    ):
        with pytest.raises(ValueError, match="at least 1"):
            function()


def test_segment_pairs_are_contiguous() -> None:
    source, target, _ = versions(2, 300)
    for before, after in pairwise(align_vectors(source, target)):
        assert before.source.stop == after.source.start
        assert before.target.stop == after.target.start
