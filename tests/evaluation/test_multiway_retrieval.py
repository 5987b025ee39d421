import json
from collections.abc import Sequence
from itertools import chain, permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.evaluation.multiway_retrieval import evaluate_multiway

LANGUAGES = ("en", "fr", "de")


class Noisy:
    """A vector for each sentence "en 7": that of 7, with noise of its language."""

    dim = 12

    def __init__(self, noise: float) -> None:
        self._noise = noise
        self.asked: list[str] = []

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        self.asked += sentences
        rows = []
        for sentence in sentences:
            language, number = sentence.split()
            meaning = np.random.default_rng(int(number)).standard_normal(self.dim)
            seed = [LANGUAGES.index(language), int(number)]
            rows.append(
                meaning + self._noise * np.random.default_rng(seed).standard_normal(self.dim)
            )
        return np.array(rows, dtype=np.float32)


def texts(count: int) -> dict[str, list[str]]:
    return {language: [f"{language} {i}" for i in range(count)] for language in LANGUAGES}


def test_every_direction_equals_its_definition() -> None:
    encoder = Noisy(noise=0.8)
    result = evaluate_multiway(encoder, texts(50), name="made up")
    assert sorted(encoder.asked) == sorted(chain(*texts(50).values()))  # each sentence once
    shares = []
    for source, target in permutations(LANGUAGES, 2):
        a, b = (
            v / np.linalg.norm(v, axis=1, keepdims=True)
            for v in (encoder.encode(texts(50)[language]) for language in (source, target))
        )
        share = float(np.mean((a @ b.T).argmax(axis=1) == np.arange(50)))
        assert result.precision_at_1[source, target].value == pytest.approx(share)
        shares.append(share)
    assert len(set(shares)) > 1
    assert result.mean.value == pytest.approx(np.mean(shares))
    assert result.mean.low < result.mean.value < result.mean.high
    assert (result.name, result.languages, result.sentences) == ("made up", LANGUAGES, 50)
    record = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert record["precision_at_1"]["en-fr"]["value"] == pytest.approx(shares[0])
    assert len(record["precision_at_1"]) == 7  # six directions and their mean


def test_without_noise_precision_is_1() -> None:
    result = evaluate_multiway(Noisy(noise=0), texts(20))
    assert {share.value for share in result.precision_at_1.values()} == {1.0}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "texts in 0 languages; give at least two"),
        ({"en": ["en 1"]}, "texts in 1 language; give at least two"),
        ({"en": ["en 1", "en 2"], "fr": ["fr 1"]}, "there are 2 sentences in en and 1 in fr"),
        ({"en": [], "fr": []}, "the texts are empty"),
    ],
)
def test_texts_that_are_not_parallel(given: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(BabeliteError, match=problem):
        evaluate_multiway(Noisy(noise=0), given)
