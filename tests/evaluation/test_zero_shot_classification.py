from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from word_encoder import WordEncoder

from babelite.classification import LogisticClassifier, MLPSettings
from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.zero_shot_classification import LabelledCorpus, evaluate_classification
from babelite.evaluation.zero_shot_result import sample_deviation

TOPICS = {
    "sport": ["goal", "match", "team", "ball", "run"],
    "food": ["salt", "bread", "soup", "rice", "cook"],
    "law": ["court", "judge", "bill", "vote", "act"],
}
FEW = MLPSettings(epochs=25)


def documents(count: int, seed: int, noise: float = 0.4) -> list[LabelledText]:
    rng = np.random.default_rng(seed)
    everything = [word for words in TOPICS.values() for word in words]
    rows = []
    for number in range(count):
        label = [*TOPICS][number % 3]
        words = [rng.choice(everything if rng.random() < noise else TOPICS[label]) for _ in "1234"]
        rows.append(LabelledText(label, " ".join(words)))
    return rows


class Translated(WordEncoder):
    """Reads ``xx:word`` as ``word``, with one error."""

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        return super().encode([s.replace("xx:", "").replace("goal", "salt") for s in sentences])


def foreign(rows: Sequence[LabelledText]) -> list[LabelledText]:
    return [row._replace(text="xx:" + row.text.replace(" ", " xx:")) for row in rows]


@pytest.fixture(scope="module")
def corpora() -> dict[str, LabelledCorpus]:
    train, dev, test = documents(60, 0), documents(30, 1), documents(45, 2)
    return {
        "en": LabelledCorpus(train, dev, test),
        "xx": LabelledCorpus(foreign(train), foreign(dev), foreign(test)[:30]),
        "yy": LabelledCorpus(test=foreign(documents(24, 3))),
    }


def test_every_language_is_trained_in_and_tested_in(corpora: dict[str, LabelledCorpus]) -> None:
    told: list[tuple[str, int, int]] = []
    result = evaluate_classification(
        Translated(),
        corpora,
        seeds=(0, 1),
        settings=FEW,
        name="topics",
        progress=lambda *what: told.append(what),
    )
    assert result.train_languages == ("en", "xx")
    assert result.test_languages == ("en", "xx", "yy")
    assert set(result.scores) == {(a, b) for a in ("en", "xx") for b in ("en", "xx", "yy")}
    for (_, test), score in result.scores.items():
        assert len(score.right) == len(corpora[test].test)
        assert score.right.max() <= 2
        assert score.accuracy.value == pytest.approx(score.right.mean() / 2)
        assert score.accuracy.value == pytest.approx(np.mean(score.accuracies))
        assert score.macro_f1.value == pytest.approx(np.mean(score.macro_f1s))
        assert score.accuracy.low <= score.accuracy.value <= score.accuracy.high
    others = [score.accuracy.value for (a, b), score in result.scores.items() if a != b]
    assert result.transfer is not None
    assert result.transfer.value == pytest.approx(np.mean(others))
    assert min(others) > 0.5  # chance level is a third
    assert {what for what, _, _ in told} == {
        "encoding",
        "training in en, epochs",
        "training in xx, epochs",
    }
    record = json.loads(json.dumps(result.as_dict()))
    assert record["scores"]["en-yy"]["documents"] == 24
    assert sum(record["scores"]["en-yy"]["seeds_right"]) == result.scores["en", "yy"].right.sum()
    assert record["dev_accuracy_of_seeds"]["en"] == pytest.approx(result.dev["en"])


def test_results_equal_those_of_the_classifier_alone(corpora: dict[str, LabelledCorpus]) -> None:
    result = evaluate_classification(
        WordEncoder(), corpora, train_languages=["en"], classifier="logistic", seeds=(3, 4)
    )
    encoder, corpus = WordEncoder(), corpora["en"]
    parts = [
        (encoder.encode([row.text for row in rows]), [row.label for row in rows])
        for rows in (corpus.train, corpus.dev, corpus.test)
    ]
    alone = LogisticClassifier().fit(*parts[0], *parts[1])
    answers = np.array(alone.predict(parts[2][0])) == np.array(parts[2][1])
    np.testing.assert_array_equal(result.scores["en", "en"].right, answers)
    assert result.seeds == (0,)
    assert result.train_languages == ("en",)


def test_every_text_is_encoded_once(corpora: dict[str, LabelledCorpus]) -> None:
    encoder = WordEncoder()
    evaluate_classification(encoder, corpora, train_languages=["en"], classifier="logistic")
    wanted = {row.text for part in ("train", "dev", "test") for row in getattr(corpora["en"], part)}
    wanted |= {row.text for code in ("xx", "yy") for row in corpora[code].test}
    assert encoder.encoded == len(wanted)


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_test_documents_does_not_matter(random: object) -> None:
    train, dev, test = documents(30, 0), documents(15, 1), documents(20, 2)
    shuffled = [*test]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    scores = [
        evaluate_classification(
            WordEncoder(), {"en": LabelledCorpus(train, dev, rows)}, classifier="logistic"
        ).scores["en", "en"]
        for rows in (test, shuffled)
    ]
    assert scores[0].accuracy == scores[1].accuracy
    assert scores[0].macro_f1 == scores[1].macro_f1


def test_parallel_documents_are_resampled_together(corpora: dict[str, LabelledCorpus]) -> None:
    same = {code: LabelledCorpus(corpora["en"].train, (), corpora["en"].test) for code in "abc"}

    def width(parallel: bool) -> float:
        result = evaluate_classification(
            WordEncoder(), same, classifier="logistic", parallel=parallel
        )
        assert result.transfer is not None
        return result.transfer.high - result.transfer.low

    # Three copies of one test set are no more data than one, so the interval is wider.
    assert width(True) > 1.4 * width(False)
    with pytest.raises(BabeliteError, match="the test documents in en and xx are not the same"):
        evaluate_classification(WordEncoder(), corpora, parallel=True)


def test_by_sentence_encodes_each_sentence(corpora: dict[str, LabelledCorpus]) -> None:
    encoder = WordEncoder()
    rows = [row._replace(text=row.text.replace(" ", ". ", 1)) for row in corpora["en"].train]
    corpus = {"en": LabelledCorpus(rows, (), rows)}
    evaluate_classification(encoder, corpus, classifier="logistic", by_sentence=True)
    assert encoder.encoded == 2 * len({row.text for row in rows})


def test_invalid_documents_are_refused(corpora: dict[str, LabelledCorpus]) -> None:
    def evaluate(wanted: list[str] | None = None, **given: LabelledCorpus) -> None:
        evaluate_classification(WordEncoder(), given, train_languages=wanted, settings=FEW)

    rows, odd = corpora["en"].train, [LabelledText("weather", "rain")]
    with pytest.raises(BabeliteError, match="no training documents in yy; train in one of: en"):
        evaluate(["yy"], en=corpora["en"], yy=corpora["yy"])
    with pytest.raises(BabeliteError, match="there are no training documents in yy; give some"):
        evaluate(yy=corpora["yy"])
    with pytest.raises(BabeliteError, match="there are no test documents"):
        evaluate(en=LabelledCorpus(rows))
    with pytest.raises(BabeliteError, match="test documents in yy have the label 'weather', which"):
        evaluate(en=corpora["en"], yy=LabelledCorpus(test=odd))
    with pytest.raises(BabeliteError, match="dev documents in en have the label 'weather'"):
        evaluate(en=LabelledCorpus(rows, odd, rows))
    with pytest.raises(BabeliteError, match="only the label 'sport'"):
        evaluate(en=LabelledCorpus(rows[:1], (), rows[:1]))


def test_sample_deviation() -> None:
    assert sample_deviation([0.5]) == 0
    assert sample_deviation([0.1, 0.4, 0.2]) == pytest.approx(np.std([0.1, 0.4, 0.2], ddof=1))
