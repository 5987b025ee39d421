"""Needs ``pip install 'babelite[mteb]'``, which the test command does not install: it is large."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from word_encoder import WordEncoder

from babelite import Encoder


def test_without_mteb_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['mteb'] = None\n"
        "try:\n    import babelite.evaluation.mteb\n"
        "except ImportError as error:\n    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == (
        "evaluating with mteb needs libraries that are not installed; "
        "run: pip install 'babelite[mteb]'.\n"
    )


TOPICS = [["goal", "match", "team"], ["salt", "bread", "soup"]]


@pytest.fixture
def mteb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MTEB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return pytest.importorskip("mteb")


def metadata(kind: str, name: str) -> Any:
    from mteb.abstasks.task_metadata import TaskMetadata

    return TaskMetadata(
        name=name,
        type=kind,
        description="A few made-up sentences.",
        dataset={"path": "none", "revision": "none"},
        category="t2t",
        eval_splits=["test"],
        eval_langs=["eng-Latn"],
        main_score="accuracy" if kind == "Classification" else "f1",
    )


def evaluate(mteb: Any, model: Any, task: Any) -> dict[str, Any]:
    results = mteb.evaluate(model, task, cache=None, co2_tracker=False, show_progress_bar=False)
    [scores] = results.task_results[0].scores["test"]
    return dict(scores)


def test_a_classification_task(mteb: Any) -> None:
    from datasets import Dataset, DatasetDict
    from mteb.abstasks.classification import AbsTaskClassification

    from babelite.evaluation.mteb import MTEBEncoder

    def rows(order: int) -> Dataset:
        texts = [f"{w[i]} {w[(i + order) % 3]}" for w in TOPICS for i in range(3)] * 4
        return Dataset.from_dict({"text": texts, "label": [0, 0, 0, 1, 1, 1] * 4})

    class Topics(AbsTaskClassification):  # type: ignore[misc]
        metadata = metadata("Classification", "MadeUpTopics")
        samples_per_label = 4
        n_experiments = 2

        def load_data(self, *_: Any, **__: Any) -> None:
            self.dataset = DatasetDict({"train": rows(1), "test": rows(2)})
            self.data_loaded = True

    scores = evaluate(mteb, MTEBEncoder(WordEncoder(), name="words"), Topics())
    assert scores["accuracy"] == 1.0


def test_a_bitext_mining_task(mteb: Any) -> None:
    from datasets import Dataset, DatasetDict
    from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

    from babelite.evaluation.mteb import MTEBEncoder

    class Reversed(WordEncoder):
        def encode(self, sentences: Sequence[str]) -> np.ndarray:
            return super().encode([s.lower() for s in sentences])

    sentences = [f"{a} {b}" for a in TOPICS[0] for b in TOPICS[1]]

    class Capitals(AbsTaskBitextMining):  # type: ignore[misc]
        metadata = metadata("BitextMining", "MadeUpCapitals")

        def load_data(self, *_: Any, **__: Any) -> None:
            upper = [" ".join(s.upper().split()[::-1]) for s in sentences]
            data = {"sentence1": sentences, "sentence2": upper}
            self.dataset = DatasetDict({"test": Dataset.from_dict(data)})
            self.data_loaded = True

    assert evaluate(mteb, MTEBEncoder(Reversed()), Capitals())["f1"] == 1.0
    assert evaluate(mteb, MTEBEncoder(WordEncoder()), Capitals())["f1"] < 0.5


def test_metadata_of_a_model(mteb: Any) -> None:
    from mteb.models.models_protocols import EncoderProtocol

    from babelite.evaluation.mteb import MTEBEncoder

    model = MTEBEncoder()
    assert isinstance(model, EncoderProtocol)
    meta, encoder = model.mteb_model_meta, Encoder.load()
    assert meta.name == f"babelite/{encoder.description.name}"
    assert sorted(meta.languages) == ["deu-Latn", "eng-Latn", "fra-Latn", "ita-Latn", "spa-Latn"]
    assert meta.embed_dim == encoder.dim
    assert meta.n_parameters == encoder.description.parameters
    other = MTEBEncoder(Encoder.load(threads=1))
    assert len(meta.revision) == 64
    assert other.mteb_model_meta.revision == meta.revision
    batches = [{"text": ["Where is it?", "Où est-ce ?"]}, {"text": ["Da ist es."]}]
    vectors = model.encode(batches, task_metadata=None, hf_split="test", hf_subset="default")
    expected = encoder.encode([text for batch in batches for text in batch["text"]])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert model.similarity(vectors, vectors).shape == (3, 3)
    own = MTEBEncoder(WordEncoder(), "2", name="my words").mteb_model_meta
    assert (own.name, own.revision) == ("babelite/my-words", "2")
