"""Benchmarks of mining."""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import mining
import mining_distractors
import mining_scale
import numpy as np
import pytest
import random_model
from mining_distractors import Found, PairJudge, Task, draw_distractors
from vector_cache import VectorCache, fill

WORDS = np.random.default_rng(0).permutation([f"{a}{b}" for a in "bdfgklmn" for b in "aeiouy"])


def write_pairs(path: Path, start: int, count: int) -> Path:
    """Pairs whose two sides share their words, upper case being the other language."""
    rows = [" ".join(WORDS[(start + i) * step % 48] for step in (1, 5, 7)) for i in range(count)]
    path.write_text("".join(f"{row} {start + i}\t{row.upper()} {start + i}\tx\n"
                            for i, row in enumerate(rows)))  # fmt: skip
    return path


@pytest.fixture
def task(tmp_path: Path) -> Task:
    gold = [write_pairs(tmp_path / f"g.en-{x}.tsv", n, 40) for x, n in (("fr", 0), ("de", 40))]
    more = [write_pairs(tmp_path / f"t.en-{x}.tsv", n, 90) for x, n in (("fr", 100), ("de", 200))]
    return Task.of(gold, more, 60, seed=0)


def test_distractors_give_one_side_and_smaller_counts_are_prefixes(
    tmp_path: Path,
) -> None:
    file = write_pairs(tmp_path / "t.en-fr.tsv", 0, 100)
    few, many = (draw_distractors([file], count, {f"{WORDS[0]} {WORDS[0]} {WORDS[0]} 0"})
                 for count in (10, 30))  # fmt: skip
    for one, more in zip(few, many, strict=True):
        assert list(one) == list(more)[: len(one)]
    numbers = [{text.split()[-1] for text in side} for side in many]
    assert len(numbers[0]) == len(numbers[1]) == 30
    assert not numbers[0] & numbers[1]
    assert "0" not in numbers[0]
    with pytest.raises(SystemExit, match="fewer than 99 sentences"):
        draw_distractors([file], 99, set())


def test_sentences_are_distinct_and_half_of_the_pairs_is_for_fitting(task: Task) -> None:
    assert [len(side) for side in task.sides] == [140, 140]
    assert all(len(set(side)) == 140 for side in task.sides)
    assert sorted(task.in_order_of_use()) == sorted([*task.sides[0], *task.sides[1]])
    assert len(task.gold) == 80
    assert len(task.fitting) == 40
    assert set(task.languages.values()) == {"g.en-fr", "g.en-de"}


def test_precision_and_recall_of_both_ways_of_counting(task: Task) -> None:
    """Pairs of two distractors are wrong only in the strict way."""
    known = list(task.gold)
    strange = [
        pair for pair in zip(*task.sides, strict=True)
        if not {*pair} & {text for pair in known for text in pair}
    ]  # fmt: skip
    assert strange
    measured = [pair for pair in known if pair not in task.fitting]
    pairs = [*known, *strange, (measured[0][0], strange[0][1])]
    scores = np.array([2.0] * len(known) + [3.0] * len(strange) + [1.0], np.float32)
    found = Found(pairs, scores, 1.0, "")
    lenient, strict = (PairJudge(task, found, strict=s) for s in (False, True))
    at, best = lenient.measured(None)
    assert (at.precision, at.recall, best.f1) == (1.0, 1.0, 1.0)
    at, _ = strict.measured(None)
    assert at.recall == 1.0
    wrong = sum(mining_distractors.zlib.crc32(t.encode()) % 2 == 1 for _, t in strange)
    assert at.precision == pytest.approx(40 / (40 + wrong))
    shares = [lenient.measured(name)[0].pairs for name in ("g.en-fr", "g.en-de")]
    assert sum(shares) == 40


def test_a_kill_during_a_write_loses_at_most_one_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vector_cache._PIECE", 3)
    given: list[str] = []

    def encode(sentences: list[str]) -> np.ndarray:
        given.extend(sentences)
        return np.array([[len(s), ord(s[0])] for s in sentences], np.float32)

    sentences = ["one", "two", "three", "one", "four", "five", "six", "seven"]
    assert not fill(VectorCache(tmp_path), sentences, encode, minutes=-1)
    assert given == []
    assert not fill(VectorCache(tmp_path), sentences, lambda piece: None)
    assert fill(VectorCache(tmp_path), sentences[:4], encode)
    with (tmp_path / "vectors.2.bin").open("ab") as stream:
        stream.write(b"half")
    with (tmp_path / "keys.bin").open("ab") as stream:
        stream.write(b"half a key")
    assert fill(VectorCache(tmp_path), sentences, encode)
    assert given == list(dict.fromkeys(sentences))
    kept = VectorCache(tmp_path)
    assert (len(kept), kept.dim) == (7, 2)
    np.testing.assert_array_equal(kept.encode(["six", "one"]), [[3, ord("s")], [3, ord("o")]])


def test_sides_of_different_sentences(tmp_path: Path) -> None:
    file = tmp_path / "t.tsv"
    rows = [f"e{i % 20}\tf{i}" for i in range(40)]
    file.write_text("\n".join([*rows, "e90\tf1", "\tf91", "e92\t"]) + "\n")
    mining_scale.write_sides([file], 25, tmp_path)
    sides = [(tmp_path / f"{side}.txt").read_text().splitlines() for side in ("source", "target")]
    assert [len(set(side)) for side in sides] == [25, 25]
    gold = (tmp_path / "gold.tsv").read_text().splitlines()
    assert sorted(gold) == sorted(rows[:20])
    assert not {*sides[0]} & {*sides[1]}
    with pytest.raises(SystemExit, match="fewer than 40"):
        mining_scale.write_sides([file], 40, tmp_path)


def test_growth_is_computed_and_extrapolated() -> None:
    results = {
        n: {
            "seconds": 3 * n / 1e4 + (n / 1e4) ** 1.5,
            "memory": 100 + n / 1e4,
            "steps": {"encoding": [n, 2 * n / 1e4], "neighbours": [n, (n / 1e4) ** 1.5]},
        }
        for n in (10**4, 10**5, 10**6)
    }
    told = list(mining_scale.growth(results, 10**8))
    assert "10,000 to 100,000 lines" in told[0]
    assert "encoding 1.00, neighbours 1.50" in told[1]
    cores = mining_scale.search_threads()
    few, many = ((3 * 1e4 + search) * cores / 3600 for search in (1e6, 1e7))
    assert f"{few:,.0f} core-hours if the search grew with the exponent 1.50" in told[2]
    assert f"{many:,.0f} if it became quadratic" in told[2]
    assert "10 GB of memory, 100 bytes a line" in told[2]
    assert math.isclose(mining_scale.exponent((10, 1000), (1, 100)), 1.0)


@pytest.mark.slow
def test_a_run_is_measured_killed_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining_scale, "_INTO_A_BLOCK", 0)
    model = random_model.write(tmp_path / "model").path
    file = write_pairs(tmp_path / "t.tsv", 0, 9_000)
    options = argparse.Namespace(corpora=[file], work=tmp_path / "w", kill=True, model=model)
    result = mining_scale.measure(9_000, options)
    assert result["pairs"] > 1_000
    assert result["kill"]["same"]
    assert result["kill"]["lost"] == 0
    assert len(result["kill"]["seconds"]) == 2
    assert result["steps"]["encoding"][0] == 18_000
    assert (tmp_path / "w" / "9000" / "measured.json").exists()
    assert "the same pairs" in mining_scale.row(9_000, result)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_excludes_the_parent_process(tmp_path: Path) -> None:
    for side in ("source", "target"):
        np.save(tmp_path / f"{side}.npy", np.eye(8, dtype=np.float32))
    np.ones(50_000_000)  # 400 MB in the parent process
    command = [sys.executable, mining.__file__, "--measure", "LASER's algorithm", str(tmp_path)]
    subprocess.run(command, check=True)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert len(result["pairs"]) == 8
    assert 10 < result["memory"] < 400
