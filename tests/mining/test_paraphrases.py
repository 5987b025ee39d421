"""Paraphrases: the most similar pairs of one collection, each once."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_encoder import WordEncoder

from babelite import BabeliteError
from babelite.mining import paraphrase_mining, paraphrases

WORDS = st.sampled_from(["red", "green", "blue", "sun", "moon"])
LINES = st.lists(st.lists(WORDS, max_size=3).map(" ".join), max_size=12)


@given(LINES, st.integers(1, 4), st.integers(1, 20), st.sampled_from([-1.0, 0.5, 0.99]))
def test_pairs_are_those_of_all_comparisons(
    lines: list[str], top_k: int, max_pairs: int, min_cosine: float
) -> None:
    encoder = WordEncoder()
    vectors = encoder.encode(lines)
    cosines = {
        (i, j): float(vectors[i] @ vectors[j])
        for i, j in combinations(range(len(lines)), 2)
        if lines[i] and lines[j] and vectors[i] @ vectors[j] >= min_cosine
    }
    found = paraphrase_mining(
        encoder, lines, top_k=len(lines) + 1, max_pairs=max_pairs, min_cosine=min_cosine
    )
    best = sorted(cosines.values(), reverse=True)[:max_pairs]
    np.testing.assert_allclose([pair.cosine for pair in found], best, atol=1e-5)
    for cosine, i, j in found:
        assert i < j
        assert cosine == pytest.approx(cosines[i, j], abs=1e-5)
    assert len({pair[1:] for pair in found}) == len(found)
    few = paraphrase_mining(encoder, lines, top_k=top_k)
    assert {pair[1:] for pair in few} <= set(combinations(range(len(lines)), 2))
    assert len(few) <= top_k * len(lines)


def test_many_pairs_are_cut_while_they_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        paraphrases, "query_blocks", lambda n: (slice(i, i + 2) for i in range(0, n, 2))
    )
    lines = [f"{a} {b}" for a in "abcdef" for b in "ghijk"]
    cut = paraphrase_mining(WordEncoder(), lines, max_pairs=5)
    everything = paraphrase_mining(WordEncoder(), lines)
    assert [pair.cosine for pair in cut] == [pair.cosine for pair in everything[:5]]


def test_clusters_find_near_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paraphrases, "choose_search_kind", lambda *_: "clusters")
    lines = [f"w{n} v{n}" for n in range(600)] + [f"v{n} w{n}" for n in range(600)]
    found = paraphrase_mining(WordEncoder(64), lines, top_k=1, min_cosine=0.999)
    assert sorted(pair[1:] for pair in found) == [(n, n + 600) for n in range(600)]


@pytest.mark.parametrize("lines", [[], ["one"], ["", " "], ["one", ""]])
def test_fewer_than_two_sentences_have_no_pair(lines: list[str]) -> None:
    assert paraphrase_mining(WordEncoder(), lines) == []


def test_progress_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    paraphrase_mining(WordEncoder(), ["a b", "b a"], show_progress_bar=True)
    assert "encoding" in capsys.readouterr().err


@pytest.mark.parametrize("options", [{"top_k": 0}, {"max_pairs": 0}])
def test_numbers_below_one_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(BabeliteError) as caught:
        paraphrase_mining(WordEncoder(), ["a"], **options)  # type: ignore[arg-type]
    assert caught.value.code == "option-invalid"
