"""`Encoder` encodes any text, and results do not depend on batch composition."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import random_model
from hypothesis import given
from hypothesis import strategies as st

import babelite
from babelite import BabeliteError, Encoder, SentenceEncoder
from babelite.encoding.model_writer import write_model_folder

SENTENCES = [text[i:j] for text in random_model.TEXT for i in (0, 5) for j in (7, 20, 60)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    random_model.write(path)
    return path


@pytest.fixture(scope="module", params=["int8", "float32"])
def encoder(folder: Path, request: pytest.FixtureRequest) -> Encoder:
    return Encoder.load(folder, precision=request.param, threads=2)


def test_vectors_are_of_unit_length(encoder: Encoder) -> None:
    vectors = encoder.encode(SENTENCES)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(SENTENCES), encoder.dim) == (len(SENTENCES), random_model.DIM)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_encoder_has_the_facts_of_its_description(folder: Path) -> None:
    encoder = Encoder.load(folder)
    assert isinstance(encoder, SentenceEncoder)
    assert encoder.languages == ("en", "no")
    assert encoder.description.name == "small & random"
    assert encoder.precision == "int8"  # what the folder recommends
    assert Encoder.load(folder, precision="float32").precision == "float32"


def test_precisions_agree(folder: Path) -> None:
    small = Encoder.load(folder, precision="int8").encode(SENTENCES)
    exact = Encoder.load(folder, precision="float32").encode(SENTENCES)
    cosines = (small * exact).sum(1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.97


@given(st.randoms(use_true_random=False), st.integers(1, 500))
def test_order_and_batches_do_not_matter(
    encoder: Encoder, random: np.random.Generator, batch_tokens: int
) -> None:
    expected = encoder.encode(SENTENCES)
    order = list(range(len(SENTENCES)))
    random.shuffle(order)
    vectors = encoder.encode([SENTENCES[i] for i in order], batch_tokens=batch_tokens)
    np.testing.assert_allclose(vectors, expected[order], atol=2e-5)


def test_threads_do_not_matter(folder: Path, encoder: Encoder) -> None:
    alone = Encoder.load(folder, precision=encoder.precision, threads=1)
    expected = alone.encode(SENTENCES, batch_tokens=64)
    np.testing.assert_array_equal(encoder.encode(SENTENCES, batch_tokens=64), expected)


def test_options_of_sentence_transformers_are_accepted(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = encoder.encode(SENTENCES)
    assert capsys.readouterr().err == ""
    for normalize in (True, False):
        vectors = encoder.encode(
            SENTENCES,
            batch_size=3,
            show_progress_bar=True,
            normalize_embeddings=normalize,
            convert_to_numpy=True,
        )
        np.testing.assert_allclose(vectors, expected, atol=2e-5)
    assert f"{len(SENTENCES)} sentences" in capsys.readouterr().err
    for options in ({"batch_size": 0}, {"convert_to_numpy": False}):
        with pytest.raises(BabeliteError) as caught:
            encoder.encode(SENTENCES, **options)  # type: ignore[arg-type]
        assert caught.value.code == "option-invalid"


def test_similarity_is_the_cosine_of_all_pairs(encoder: Encoder) -> None:
    vectors = encoder.encode(SENTENCES[:3])
    cosines = encoder.similarity(2 * vectors, vectors[:2])
    np.testing.assert_allclose(cosines, vectors @ vectors[:2].T, atol=1e-6)
    assert encoder.similarity(vectors[0], vectors).shape == (1, 3)


def test_tokenize_and_encode_tokens_equal_encode(encoder: Encoder) -> None:
    ids = encoder.tokenize([*SENTENCES, "", "word " * 500])
    assert [len(ids[-2]), len(ids[-1])] == [0, random_model.MAX_TOKENS]
    vectors = encoder.encode([*SENTENCES, "", "word " * 500])
    np.testing.assert_allclose(encoder.encode_tokens(ids), vectors, atol=1e-6)
    with pytest.raises(BabeliteError, match="single string"):
        encoder.tokenize("one string")


def test_stream_equals_encode_and_reads_one_block_at_a_time(encoder: Encoder) -> None:
    taken = 0

    def lines() -> Iterator[str]:
        nonlocal taken
        for sentence in SENTENCES:
            taken += 1
            yield sentence

    blocks = encoder.stream(lines(), block_size=10)
    first = next(blocks)
    assert taken == 10
    vectors = np.concatenate([first, *blocks])
    np.testing.assert_allclose(vectors, encoder.encode(SENTENCES), atol=2e-5)
    assert list(encoder.stream([])) == []


@pytest.mark.parametrize(
    "text", ["", " ", "\t\n", "\u00a0\u3000", " " * 100_000, "\ufeff\u200b", "\0"]
)
def test_text_without_tokens_is_the_zero_vector(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode(["a", text, "b"])
    assert not vectors[1].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2]], axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "...",
        "¿?!",
        "\ud800 half",
        "e\u0301" * 50,
        "1234567890",
        "3,50 €",
        "Wetter",
        "Погода",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
        "a" * 10_000,
        "heute ist es schön. " * 500,
    ],
)
def test_any_other_text_has_a_unit_vector(encoder: Encoder, text: str) -> None:
    assert abs(np.linalg.norm(encoder.encode([text])) - 1) < 1e-5


@pytest.mark.parametrize("text", ["😀" * 90, "漢字", "漢字!", "مرحبا بالعالم", "สวัสดี", "€ !"])
def test_text_of_unknown_characters_is_the_zero_vector(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode(["heute", text, f"heute {text}"])
    assert not vectors[1].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2]], axis=1), 1, atol=1e-5)


def test_a_folder_whose_special_tokens_are_found_in_a_text_opens(tmp_path: Path) -> None:
    contents = random_model.contents(layers=0)
    tokenizer = json.loads(contents.tokenizer)
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    names = enumerate(("[PAD]", "[UNK]", "[MASK]"))
    tokenizer["added_tokens"] = [
        {"id": i, "content": t, "special": True, **plain} for i, t in names
    ]
    older = replace(contents, tokenizer=json.dumps(tokenizer))
    write_model_folder(tmp_path, older, random_model.description())
    encoder = Encoder.load(tmp_path)
    for _ in range(2):  # by `FastBpe`, then by the tokenizers library
        assert not {0, 2} & set(encoder.tokenize(["[MASK] heute [PAD]"])[0])
        encoder.warm_up()


@given(st.lists(st.text(max_size=40), max_size=8))
def test_all_of_unicode_is_encoded(encoder: Encoder, texts: list[str]) -> None:
    lengths = np.linalg.norm(encoder.encode(texts), axis=1)
    assert (np.isclose(lengths, 1, atol=1e-5) | (lengths == 0)).all()


@pytest.mark.parametrize("text", ["heute ", "schön", "a. "])
def test_long_text_is_cut_after_max_tokens(encoder: Encoder, text: str) -> None:
    long = text * (100_000 // len(text))
    shorter = text * 200
    vectors = encoder.encode([long, shorter])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


def test_long_leading_white_space_is_skipped(encoder: Encoder) -> None:
    vectors = encoder.encode([" " * 100_000 + "heute schön", "heute schön"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.parametrize(
    ("sentences", "fact"),
    [
        ("one sentence", "put it in a list"),
        (["a", None], r"sentence 1 \(counted from 0\) is not a string but NoneType"),
        (["a", b"b"], "not a string but bytes"),
        ([float("nan")], "not a string but float"),
    ],
)
def test_input_other_than_a_list_of_strings_is_refused(
    encoder: Encoder, sentences: list[str], fact: str
) -> None:
    with pytest.raises(BabeliteError, match=fact) as caught:
        encoder.encode(sentences)
    assert caught.value.code == "input-invalid"


def test_precision_that_the_folder_lacks_is_refused(tmp_path: Path) -> None:
    contents = random_model.contents(layers=0)
    only_int8 = {"int8": contents.graphs["int8"]}
    contents = type(contents)(contents.config, contents.tokenizer, only_int8, None)
    babelite.encoding.write_model_folder(tmp_path, contents, random_model.description())
    assert Encoder.load(tmp_path).encode(["heute"]).any()
    with pytest.raises(BabeliteError, match=r"no file onnx/model\.onnx.*int8"):
        Encoder.load(tmp_path, precision="float32")


def test_unknown_precision_is_refused(folder: Path) -> None:
    with pytest.raises(BabeliteError, match="'int4'") as caught:
        Encoder.load(folder, precision="int4")
    assert caught.value.code == "option-invalid"


def test_an_encoder_spec_is_refused_with_a_hint() -> None:
    with pytest.raises(BabeliteError, match=r"open_encoder\('sentence-transformers:x'\)") as caught:
        Encoder.load("sentence-transformers:x")
    assert caught.value.code == "model-not-found"


def test_tampered_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    random_model.write(tmp_path, layers=0)
    graph = tmp_path / "onnx/model_int8.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(BabeliteError, match="model_int8") as caught:
        Encoder.load(tmp_path)
    assert caught.value.code == "model-damaged"


def test_the_first_vector_imports_no_slow_library_and_opens_no_connection(folder: Path) -> None:
    program = f"""
import socket, sys
def refuse(*_): raise AssertionError("a connection")
socket.socket.connect = refuse
from babelite import Encoder
Encoder.load({str(folder)!r}).encode(["heute"])
slow = ["pydantic", "lzma", "tempfile", "concurrent.futures"]
heavy = {{"torch", "transformers", "safetensors", "onnx", "faiss", *slow}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_import_is_light() -> None:
    program = (
        "import babelite, sys; assert not {'numpy', 'onnxruntime', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_onnxruntime_sends_nothing_home(tmp_path: Path) -> None:
    """Release 1.32 would keep what it sends, and a number of the machine, below the home."""
    variables = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "HOME")}
    program = "from babelite import Encoder; Encoder.load().encode(['heute'])"
    environment = {**variables, "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


def test_repr() -> None:
    assert repr(Encoder.load()) == (
        "<Encoder babelite-en-fr-de-es-it: en, fr, de, es, it; dim 256, int8>"
    )
    for threads in (0, 100_000):
        with pytest.raises(BabeliteError, match=f"threads is {threads}"):
            Encoder.load(threads=threads)
