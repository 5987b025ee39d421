"""Corpus statistics, compared with plain counting."""

from __future__ import annotations

import statistics

from babelite.corpus import Pair, measure_corpus


def test_measure() -> None:
    lengths = [1, 2, 2, 3, 5, 8, 13, 21, 34, 55] * 1000
    pairs = [Pair(" ".join(["w"] * length), f"t{length}") for length in lengths]
    measured = measure_corpus(iter(pairs))
    assert measured.pairs == 10_000
    assert measured.source.words == sum(lengths)
    assert measured.source.characters == sum(len(pair.source) for pair in pairs)
    assert measured.source.mean_words == statistics.fmean(lengths)
    assert measured.source.median_words == statistics.median_low(lengths)
    assert (measured.source.p95_words, measured.source.max_words) == (55, 55)
    assert (measured.source.distinct, measured.target.distinct) == (9, 9)
    assert measured.as_dict()["target"]["words"] == 10_000  # type: ignore[index]
