"""A model folder opens unchanged in the libraries people have, with the same vectors."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import random_model
from tokenizers import Tokenizer

from babelite import Encoder

pytestmark = pytest.mark.slow

SENTENCES = [
    *random_model.TEXT,
    "!?…",
    "Mixed: Слово, 言葉, word & 12,5 %",
    "  white   space\tand a\nline ",
    "long text, " * 100,
    "a",
    "\ufeffso\u00adft \u200bhyphens\u2060",
    "[MASK] and [PAD] in a text, [UNK] too",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    random_model.write(path)
    return path


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("asked for the network"))


@pytest.fixture(scope="module")
def vectors(folder: Path) -> np.ndarray:
    return Encoder.load(folder, precision="float32").encode(SENTENCES)


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert (found * expected).sum(1).min() >= 0.9999


def test_sentence_transformers(folder: Path, vectors: np.ndarray) -> None:
    from sentence_transformers import SentenceTransformer

    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        warnings.simplefilter("error", DeprecationWarning)
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert model.max_seq_length == random_model.MAX_TOKENS
    assert model.similarity_fn_name == "cosine"
    assert_same(model.encode(SENTENCES), vectors)


def test_fastembed_as_the_card_says(folder: Path, vectors: np.ndarray) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(from fastembed.*?)```", card, flags=re.DOTALL)
    names: dict[str, object] = {"SENTENCES": SENTENCES}
    code = code.replace("path/to/this/folder", str(folder))
    exec(re.sub(r"model\.embed\(.*\)\)", "model.embed(SENTENCES))", code), names)
    assert_same(np.stack(list(names["vectors"])), vectors)  # type: ignore[call-overload]


def test_fastembed_with_the_int8_graph(folder: Path) -> None:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    TextEmbedding.add_custom_model(
        "babelite-int8",
        pooling=PoolingType.DISABLED,
        normalization=False,
        output_name="sentence_embedding",
        sources=ModelSource(url="https://localhost"),
        dim=random_model.DIM,
        model_file="onnx/model_int8.onnx",
    )
    model = TextEmbedding("babelite-int8", specific_model_path=str(folder))
    vectors = Encoder.load(folder, precision="int8").encode(SENTENCES)
    assert_same(np.stack(list(model.embed(SENTENCES))), vectors)


def test_transformers_gives_the_same_token_ids(folder: Path) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ours = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert theirs.model_max_length == random_model.MAX_TOKENS
    for text in SENTENCES:
        ids = theirs(text, truncation=True)["input_ids"]
        assert ids == random_model.ids_of(ours, text)
    assert [theirs.pad_token_id, theirs.unk_token_id, theirs.mask_token_id] == [0, 1, 2]


def test_transformers_opens_the_network(folder: Path, vectors: np.ndarray) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model, report = AutoModel.from_pretrained(
        folder, local_files_only=True, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    batch = tokenizer(SENTENCES, truncation=True, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = model(batch["input_ids"], batch["attention_mask"]).last_hidden_state
    mask = batch["attention_mask"][..., None]
    means = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1))
    assert_same(means.numpy(), vectors)
