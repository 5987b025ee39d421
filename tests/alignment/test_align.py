from collections.abc import Sequence
from functools import cache
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.alignment.align import Bead, align, align_runs, align_vectors, encode_runs, sum_runs
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


def assert_covers(beads: Sequence[Bead], source: int, target: int) -> None:
    """Every sentence is in one bead, in order, and no bead is empty."""
    assert [row for bead in beads for row in bead.source] == list(range(source))
    assert [row for bead in beads for row in bead.target] == list(range(target))
    assert all(any(bead.size) for bead in beads)
    assert all(min(bead.size) > 0 or sum(bead.size) == 1 for bead in beads)


def distance(source: Rows, target: Rows, rows: range, columns: range) -> float:
    """In units of the distance of strangers, for documents of at most 100 sentences."""

    def strange(vector: Rows, others: Rows) -> float:
        distances = sorted(1 - unit(others) @ vector)
        return (sum(distances[1:]) + 1) / len(distances)

    x, y = (
        unit(unit(side)[list(part)].sum(0)) for side, part in ((source, rows), (target, columns))
    )
    return 2 * (1 - x @ y) / (strange(x, target) + strange(y, source))


def cost_of_bead(source: Rows, target: Rows, rows: range, columns: range) -> float:
    """The cost by its definition."""
    if not (rows and columns):
        return 0.55
    found = distance(source, target, rows, columns)
    smaller = [(part, columns) for part in (rows[1:], rows[:-1]) if part]
    smaller += [(rows, part) for part in (columns[1:], columns[:-1]) if part]
    if found > 0.75 or any(distance(source, target, *bead) < found - 0.06 for bead in smaller):
        return np.inf
    return len(rows) * len(columns) * found


def least_cost(source: Rows, target: Rows, max_size: int) -> float:
    """The least total cost, by trying all beads."""

    @cache
    def least(i: int, j: int) -> float:
        if i == j == 0:
            return 0.0
        sizes = [(1, 0), (0, 1), *((n + 1, m + 1) for n, m in np.ndindex(max_size, max_size))]
        return min(
            least(i - n, j - m) + cost_of_bead(source, target, range(i - n, i), range(j - m, j))
            for n, m in sizes
            if i >= n and j >= m
        )

    return least(len(source), len(target))


@given(
    seed=st.integers(0, 10_000),
    lengths=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    dim=st.sampled_from([1, 2, 16]),
    max_size=st.integers(1, 5),
    min_score=st.sampled_from([-1.0, 0.25, 0.9]),
)
def test_every_sentence_once_and_in_order(
    seed: int, lengths: tuple[int, int], dim: int, max_size: int, min_score: float
) -> None:
    source, target = (drawn(seed + side, n, dim) for side, n in enumerate(lengths))
    beads = align_vectors(source, target, max_size=max_size, min_score=min_score)
    assert_covers(beads, *lengths)
    for bead in beads:
        assert max(bead.size) <= max_size
        if all(bead.size):
            x, y = (
                unit(unit(side)[list(rows)].sum(0))
                for side, rows in ((source, bead.source), (target, bead.target))
            )
            assert bead.cosine == pytest.approx(x @ y, abs=1e-4)
            assert min_score - 1e-4 <= bead.score <= 1 + 1e-4
        else:
            assert bead.score == bead.cosine == 0


@given(
    seed=st.integers(0, 10_000),
    lengths=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    max_size=st.integers(1, 3),
)
def test_no_alignment_is_cheaper(seed: int, lengths: tuple[int, int], max_size: int) -> None:
    rng = np.random.default_rng(seed)
    source, target = (rng.standard_normal((n, 4)) + 0.5 for n in lengths)
    beads = align_vectors(source, target, max_size=max_size)
    found = sum(cost_of_bead(source, target, bead.source, bead.target) for bead in beads)
    assert found == pytest.approx(least_cost(source, target, max_size), abs=1e-4)


def test_more_kinds_of_beads_than_a_byte_can_number() -> None:
    source = np.random.default_rng(0).standard_normal((20, 8))
    few, many = (align_vectors(source, source[1:-1], max_size=size) for size in (3, 17))
    assert many == few
    assert [bead.size for bead in many if not all(bead.size)] == [(1, 0), (1, 0)]


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), repeated=st.booleans())
def test_a_document_aligns_with_itself(seed: int, count: int, repeated: bool) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 8))
    if repeated:
        rows = rows[np.sort(rng.integers(0, count, count))]
    beads = align_vectors(rows, rows)
    assert [(bead.source, bead.target) for bead in beads] == [
        (range(i, i + 1), range(i, i + 1)) for i in range(count)
    ]
    assert all(bead.score == pytest.approx(1, abs=1e-4) for bead in beads)


@given(seed=st.integers(0, 10_000), lengths=st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_swapped_sides_give_the_mirror_image(seed: int, lengths: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    source, target = (rng.standard_normal((n, 6)) for n in lengths)
    beads = align_vectors(source, target)
    mirrored = align_vectors(target, source)
    assert {(bead.target, bead.source) for bead in mirrored} == {
        (bead.source, bead.target) for bead in beads
    }


def versions(
    seed: int, count: int, noise: float = 0.5, gaps: Sequence[range] = ()
) -> tuple[Rows, Rows, list[tuple[range, range]]]:
    """Two versions of a document, and their beads of two sides."""
    rng = np.random.default_rng(seed)
    meanings = unit(rng.standard_normal((count, 64)))
    source, target, beads = [], [], []
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
        beads.append(
            (
                range(len(source), len(source) + n),
                range(len(target), len(target) + m),
            )
        )
        source.extend(sides[0])
        target.extend(sides[1])
    return (
        *(
            unit(np.array(side)) + rng.standard_normal((len(side), 64)) * noise / 8
            for side in (source, target)
        ),
        beads,
    )


@pytest.mark.parametrize(
    "gaps", [[], [range(900)], [range(400, 460), range(1000, 1500)], [range(1200, 2000)]]
)
def test_long_documents_are_followed_through_gaps(gaps: list[range]) -> None:
    source, target, planted = versions(0, 2_000, gaps=gaps)
    beads = align_vectors(source, target)
    assert_covers(beads, len(source), len(target))
    found = {(bead.source, bead.target) for bead in beads if all(bead.size)}
    assert len(found & set(planted)) / len(planted) > 0.98
    assert len(found & set(planted)) / len(found) > 0.98


def test_the_neighbourhood_of_the_coarse_path_holds_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target, _ = versions(1, 500, gaps=[range(200, 260)])
    near = align_vectors(source, target)
    monkeypatch.setattr(import_module("babelite.alignment.align"), "_WHOLE", 1 << 40)
    assert align_vectors(source, target) == near


@pytest.mark.parametrize("lengths", [(1, 3_000), (3_000, 1), (2, 2_000)])
def test_one_sentence_against_thousands(lengths: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    rows = unit(rng.standard_normal((max(lengths), 256)))
    sides = [rows[1_500 : 1_500 + n] if n < 3 else rows for n in lengths]
    beads = align_vectors(*sides)
    assert_covers(beads, *lengths)
    matched = [bead for bead in beads if all(bead.size)]
    assert [bead.size for bead in matched] == [(1, 1)] * min(lengths)
    assert [max(bead.source[0], bead.target[0]) for bead in matched] == [
        1_500 + row for row in range(min(lengths))
    ]


def test_documents_with_nothing_in_common_stay_apart() -> None:
    rng = np.random.default_rng(0)
    source, target = (rng.standard_normal((n, 256)) for n in (500, 700))
    beads = align_vectors(source, target)
    assert_covers(beads, 500, 700)
    assert sum(all(bead.size) for bead in beads) < 10


def test_deletions_come_before_insertions() -> None:
    beads = align_vectors(np.eye(9)[:4], np.eye(9)[4:])
    assert [bead.size for bead in beads] == [(1, 0)] * 4 + [(0, 1)] * 5


def test_an_omitted_sentence_is_left_alone() -> None:
    rows = np.eye(6)
    beads = align_vectors(rows, rows[[0, 1, 3, 4]])
    assert [bead.size for bead in beads] == [(1, 1), (1, 1), (1, 0), (1, 1), (1, 1), (1, 0)]


def test_a_crossing_becomes_one_bead() -> None:
    rows = np.eye(6)
    beads = align_vectors(rows, rows[[0, 2, 1, 3, 4, 5]])
    assert [bead.size for bead in beads] == [(1, 1), (2, 2), (1, 1), (1, 1), (1, 1)]


def letters(sentences: Sequence[str]) -> Rows:
    return np.array([np.bincount([*text.encode()], minlength=128) for text in sentences])


ENCODER = AdaptedEncoder("letters", letters)


def test_align_takes_sentences() -> None:
    beads = align(
        ["the cat sat", "a dog", "zzz", "birds fly"],
        ["the", "cat sat", "a dog", "birds fly"],
        ENCODER,
    )
    assert [bead.size for bead in beads] == [(1, 2), (1, 1), (1, 0), (1, 1)]
    assert align([], ["a"], ENCODER) == [Bead(range(0, 0), range(0, 1))]
    assert align(["a"], [], ENCODER) == [Bead(range(0, 1), range(0, 0))]
    assert align([], [], ENCODER) == []
    with pytest.raises(BabeliteError, match="one string was given; split it"):
        align("One. Two.", ["Un."], ENCODER)


def test_runs_of_joined_text() -> None:
    sentences = ["one", "two", "three"]
    runs = encode_runs(ENCODER, sentences, max_size=8)
    assert [run.shape for run in runs] == [(3, 128), (2, 128), (1, 128)]
    for run, texts in zip(
        runs, [sentences, ["one two", "two three"], ["one two three"]], strict=True
    ):
        np.testing.assert_allclose(run, ENCODER.encode(texts))
    beads = align_runs(encode_runs(ENCODER, ["one two", "three"]), runs)
    assert [bead.size for bead in beads] == [(1, 2), (1, 1)]
    assert beads[0].cosine == pytest.approx(1)
    assert [run.shape for run in encode_runs(ENCODER, [])] == [(0, 128)]


def test_runs_of_summed_vectors() -> None:
    rows = np.random.default_rng(0).standard_normal((5, 3))
    for size, run in enumerate(sum_runs(rows, 3), start=1):
        wanted = unit(np.array([unit(rows)[i : i + size].sum(0) for i in range(6 - size)]))
        np.testing.assert_allclose(run, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.eye(2), np.eye(3), "2 components and those of the target 3"),
        (np.eye(2), np.full((2, 2), np.nan), "the vector of sentence 1 holds"),
        (np.zeros(3), np.eye(2), "have the shape"),
    ],
)
def test_vectors_that_do_not_fit(source: Rows, target: Rows, message: str) -> None:
    with pytest.raises(BabeliteError, match=message):
        align_vectors(source, target)


def test_runs_that_do_not_fit() -> None:
    with pytest.raises(BabeliteError, match=r"\(2, 3\) and so on"):
        align_runs([np.eye(3), np.eye(3)], [np.eye(3)])
    for function in (lambda: sum_runs(np.eye(2), 0), lambda: encode_runs(ENCODER, ["a"], 0)):
        with pytest.raises(ValueError, match="at least 1"):
            function()


def test_beads_meet() -> None:
    source, target, _ = versions(2, 300)
    for before, after in pairwise(align_vectors(source, target)):
        assert before.source.stop == after.source.start
        assert before.target.stop == after.target.start
