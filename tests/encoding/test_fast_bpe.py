"""The first words of a process are split as the tokenizer's library splits them."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_model
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Encoding, Tokenizer

from babelite import BabeliteError, Encoder
from babelite.encoding import tokenizer as tokenizer_module
from babelite.encoding.fast_bpe import FastBpe, fast_bpe_files
from babelite.encoding.model_folder import (
    BPE_CHARACTERS,
    BPE_MERGES,
    DEFAULT_MODEL,
    TOKENIZER,
    read_model_folder,
)
from babelite.encoding.model_writer import ModelContents, write_model_folder
from babelite.encoding.tokenizer import LazyTokenizer, open_tokenizer
from babelite.encoding.words import TOKEN_DTYPE
from babelite.server.batching import batch_encoder
from babelite.training import train_vocabulary

LETTERS = st.text("aábcdeéfhilmnoprsßtuüœ▁ .,'’-«»İ[MASK]", max_size=60)
REPEATED = ["ababab abab", "aaaa aaa aa a", "banana bandana", "na na nana"]


def packaged() -> str:
    return (DEFAULT_MODEL / TOKENIZER).read_text(encoding="utf-8")


def fast_bpe_of(tokenizer: str) -> FastBpe:
    files = fast_bpe_files(json.loads(tokenizer))
    assert files is not None
    return FastBpe(*files)


def ids(tokenizer: LazyTokenizer, texts: list[str]) -> list[list[int]]:
    return [np.frombuffer(row, TOKEN_DTYPE).tolist() for row in tokenizer.rows(texts)]


@pytest.fixture(scope="module", params=["packaged", "small"])
def both(request: pytest.FixtureRequest) -> tuple[FastBpe, Tokenizer]:
    small = train_vocabulary([*random_model.TEXT, *REPEATED] * 9, 120)
    tokenizer = packaged() if request.param == "packaged" else small.to_str()
    return fast_bpe_of(tokenizer), Tokenizer.from_str(tokenizer)


def test_the_files_in_the_package_are_made_from_its_tokenizer() -> None:
    files = (DEFAULT_MODEL / BPE_CHARACTERS, DEFAULT_MODEL / BPE_MERGES)
    assert fast_bpe_files(json.loads(packaged())) == tuple(file.read_bytes() for file in files)


@given(st.one_of(st.text(max_size=60), LETTERS, st.sampled_from([*random_model.TEXT, *REPEATED])))
def test_any_text_is_split_as_by_the_library(both: tuple[FastBpe, Tokenizer], text: str) -> None:
    fast_bpe, library = both
    assert fast_bpe.ids(text) == library.encode(text).ids


@pytest.mark.parametrize("text", ["a[MASK]b [PAD]", "x" * 300, "abc" * 100, "天気 👍🏽 \x00 ﷽"])
def test_uncommon_text_is_split_as_by_the_library(
    both: tuple[FastBpe, Tokenizer], text: str
) -> None:
    fast_bpe, library = both
    assert fast_bpe.ids(text) == library.encode(text).ids


def test_pieces_are_those_of_the_library(both: tuple[FastBpe, Tokenizer]) -> None:
    fast_bpe, library = both
    size = library.get_vocab_size()
    ids = [*range(0, size, max(1, size // 500)), size - 1, size]
    assert [fast_bpe.piece(id_) for id_ in ids] == [library.id_to_token(id_) for id_ in ids]


@pytest.mark.parametrize(
    "change",
    [
        {"type": "WordPiece"},
        {"dropout": 0.1},
        {"continuing_subword_prefix": "##"},
        {"end_of_word_suffix": "</w>"},
        {"byte_fallback": True},
        {"ignore_merges": True},
        {"merges": []},
        {"merges": ["a b", "a b"]},
        {"merges": ["a c", "a b"]},
    ],
)
def test_a_tokenizer_other_than_plain_bpe_is_not_supported(change: dict[str, Any]) -> None:
    vocabulary = {"a": 0, "b": 1, "c": 2, "ab": 3, "ac": 4}
    model = {"type": "BPE", "vocab": vocabulary, "merges": ["a b", "a c"]}
    assert fast_bpe_files({"model": model}) is not None
    assert fast_bpe_files({"model": {**model, **change}}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"truncation": {"max_length": 5}},
        {"padding": {"strategy": {"Fixed": 9}}},
        {"post_processor": {"type": "TemplateProcessing"}},
        {"added_tokens": [{"id": 4, "content": "ac"}]},
    ],
)
def test_a_tokenizer_with_further_steps_is_not_supported(change: dict[str, Any]) -> None:
    tokenizer = json.loads(packaged())
    assert fast_bpe_files(tokenizer) is not None
    if "added_tokens" in change:
        last = max(tokenizer["model"]["vocab"].values())
        change = {"added_tokens": [*tokenizer["added_tokens"], {"id": last, "content": "x"}]}
    assert fast_bpe_files({**tokenizer, **change}) is None


def test_the_library_takes_over_after_a_few_sentences() -> None:
    class Other:
        def ids(self, _: str) -> list[int]:
            return [-1, -2, -3]

    lazy = LazyTokenizer(packaged().encode(), 2, 1, Other())  # type: ignore[arg-type]
    library = Tokenizer.from_str(packaged())
    text = "Where is the nearest train station, please? " * 5
    assert ids(lazy, [text, text]) == [[-1, -2], [-1, -2]]
    expected = [library.encode("Where is the").ids[:2]]
    assert ids(lazy, [text]) == ids(lazy, ["Where is the"]) == expected


def test_threads_may_tokenize_while_the_library_is_loaded() -> None:
    tokenizer = open_tokenizer(read_model_folder(DEFAULT_MODEL), threads=1)
    texts = ["Where is the nearest train station, please?"] * 4
    results: list[list[list[int]]] = []

    def work() -> None:
        results.extend(ids(tokenizer, texts) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[Tokenizer.from_str(packaged()).encode(texts[0]).ids] * 4] * 160


def test_the_folder_is_not_needed_after_loading(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, tmp_path / "model")
    encoder = Encoder.load(tmp_path / "model")
    shutil.rmtree(tmp_path / "model")
    texts = ["Wo ist der Bahnhof?"] * 100
    np.testing.assert_array_equal(encoder.encode(texts[:1])[0], encoder.encode(texts)[0])


def test_a_copy_without_the_fast_bpe_files_gives_the_same_vectors(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "first_words")
    texts = [*random_model.TEXT, "\ud800 half"]
    expected = Encoder.load().encode(texts)
    np.testing.assert_array_equal(Encoder.load(tmp_path / "model").encode(texts), expected)


def test_fast_bpe_files_that_are_not_part_of_the_model_are_not_read(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, tmp_path / "model")
    path = tmp_path / "model" / "babelite.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    for name in (BPE_CHARACTERS, BPE_MERGES):
        del described["files"][name]
        (tmp_path / "model" / name).write_bytes(b"of another model")
    path.write_text(json.dumps(described), encoding="utf-8")
    texts = ["Wo ist der Bahnhof?"]
    expected = Encoder.load().encode(texts)
    np.testing.assert_array_equal(Encoder.load(tmp_path / "model").encode(texts), expected)


def test_a_server_loads_the_full_tokenizer_before_the_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = Encoder.load()
    encode = batch_encoder(encoder)
    monkeypatch.setattr(FastBpe, "ids", None)
    monkeypatch.setattr("babelite.encoding.tokenizer.Tokenizer", None)
    vectors, tokens = encode(["Wo ist der Bahnhof?"])
    assert (len(vectors), len(tokens)) == (1, 1)


def test_changed_fast_bpe_files_are_refused(tmp_path: Path) -> None:
    random_model.write(tmp_path, layers=0)
    with (tmp_path / "first_words" / "merges.npy").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(BabeliteError, match=r"merges\.npy: was changed after it was written"):
        Encoder.load(tmp_path)


def test_a_model_without_plain_bpe_is_written_without_these_files(tmp_path: Path) -> None:
    contents = random_model.contents(layers=0)
    tokenizer = json.loads(contents.tokenizer)
    tokenizer["model"]["fuse_unk"] = tokenizer["model"]["ignore_merges"] = True
    other = ModelContents(contents.config, json.dumps(tokenizer), contents.graphs)
    write_model_folder(tmp_path, other, random_model.description())
    assert not (tmp_path / "first_words").exists()
    assert Encoder.load(tmp_path).encode(["heute"]).any()


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("threads", [1, 3, 4])
def test_no_more_threads_tokenize_than_given(
    threads: int, remembered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library divides a batch among all cores, so bounded work is batches of one text."""
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    monkeypatch.setattr(tokenizer_module, "usable_cores", lambda: 4)
    sizes: list[int] = []
    running, most, lock = 0, 0, threading.Lock()

    class Recorder:
        def encode_batch_fast(self, texts: list[str]) -> list[Encoding]:
            return self.encode_batch(texts)

        def encode_batch(
            self, texts: list[str] | list[list[str]], is_pretokenized: bool = False
        ) -> list[Encoding]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            sizes.append(len(texts))
            time.sleep(0.0001)
            with lock:
                running -= 1
            return [library.encode(text, is_pretokenized=is_pretokenized) for text in texts]

    tokenizer = LazyTokenizer(packaged().encode(), 200, threads)
    library = tokenizer.full_tokenizer()
    if not remembered:
        monkeypatch.setattr(tokenizer, "_words", None)
    monkeypatch.setattr(tokenizer, "full_tokenizer", Recorder)
    texts = [f"text number {n}" for n in range(300)]
    assert ids(tokenizer, texts) == [library.encode(text).ids for text in texts]
    if threads < 4:
        assert set(sizes) == {1}
    else:
        assert sizes == ([3] if remembered else [300])  # tasks of new words, or texts
    assert most <= threads
