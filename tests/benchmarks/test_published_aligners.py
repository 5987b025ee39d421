from pathlib import Path

import numpy as np
import pytest
from alignment import drop_lines, pooled, read_gold
from numpy.typing import NDArray
from published_aligners import Beads, bertalign, vecalign

Runs = list[NDArray[np.float32]]


def runs(rows: NDArray[np.float64]) -> Runs:
    """Unit vectors of sums of up to four neighbouring rows."""
    sums = [
        np.array([rows[i : i + size].sum(0) for i in range(len(rows) - size + 1)])
        for size in range(1, 5)
    ]
    return [
        (sum_ / np.linalg.norm(sum_, axis=1, keepdims=True)).astype(np.float32) for sum_ in sums
    ]


def planted() -> tuple[Runs, Runs, tuple[list[int], list[int]], Beads]:
    """A document and its version with a merged and a missing sentence."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, 64))
    target = np.vstack([rows[:10], rows[10:12].sum(0), rows[12:20], rows[21:]])
    target += rng.standard_normal(target.shape) * 0.5
    lengths = [100] * 40, [100] * 10 + [200] + [100] * 27
    beads: Beads = [([i], [i]) for i in range(10)] + [([10, 11], [10])]
    beads += [([i], [i - 1]) for i in range(12, 20)] + [([20], [])]
    beads += [([i], [i - 2]) for i in range(21, 40)]
    return runs(rows), runs(target), lengths, beads


def test_published_costs_find_what_was_planted() -> None:
    source, target, lengths, beads = planted()
    for found in (vecalign(source, target), bertalign(source, target, lengths)):
        # The missing sentence may be joined to a neighbour.
        assert sum(bead in found for bead in beads) >= len(beads) - 2
        assert ([10, 11], [10]) in found


def test_gold_documents_are_read_and_pooled(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.de").write_text("eins\nzwei\n")
        (tmp_path / f"{name}.fr").write_text("un deux\ntrois\n")
        (tmp_path / f"{name}.defr").write_text("[0, 1]:[0]\n[]:[1]\n")
    found = read_gold(tmp_path, "de-fr")
    assert found["a"].source == ["eins", "zwei"]
    assert found["a"].gold == [([0, 1], [0]), ([], [1])]
    measured = {"beads": [([0], [0])], "seconds": 1.0, "memory": 2.0}
    gold, all_ = pooled([(documents, measured) for documents in found.values()])
    assert gold.gold == [([0, 1], [0]), ([], [1]), ([2, 3], [2]), ([], [3])]
    assert all_["beads"] == [([0], [0]), ([2], [2])]
    with pytest.raises(SystemExit):
        read_gold(tmp_path, "en-fr")


def test_dropped_lines_are_missing_on_both_sides() -> None:
    pairs = [(f"s{i}", f"t{i}") for i in range(1_000)]
    documents = drop_lines(pairs, 0.3, seed=0)
    kept = sum(bool(source and target) for source, target in documents.gold)
    assert 430 < kept < 550
    for source, target in documents.gold:
        if source and target:
            assert documents.source[source[0]][1:] == documents.target[target[0]][1:]
    assert 650 < len(documents.source) < 750
