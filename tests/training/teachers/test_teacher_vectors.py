"""The vectors of a teacher: each distinct sentence once, resumed after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from babelite.cluster import WorkerPool, open_pool
from babelite.encoding import AdaptedEncoder, unit_rows
from babelite.errors import BabeliteError
from babelite.training.data.tokens import tokenize_side
from babelite.training.data.vocabulary import train_vocabulary
from babelite.training.run_folder import write_record
from babelite.training.teachers import teacher_vectors as module
from babelite.training.teachers.teacher_vectors import (
    compute_vectors,
    open_vectors,
    vectors_are_complete,
)

SENTENCES = [f"sentence number {n % 70} of {n % 50} ." for n in range(200)]
MAX_TOKENS = 20


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_vocabulary(SENTENCES, 100)


class KilledError(Exception):
    """What a test raises in the middle of the work."""


def letters(sentences: Sequence[str]) -> NDArray[np.float64]:
    return np.array([np.bincount([*s.encode()], minlength=128) for s in sentences], float)


def teacher() -> AdaptedEncoder:
    return AdaptedEncoder("letters", letters)


def compute(
    folder: Path, tokenizer: Tokenizer, encoder: AdaptedEncoder, pool: WorkerPool | None = None
) -> None:
    compute_vectors(
        SENTENCES,
        encoder,
        folder,
        tokenizer,
        spec="letters:letters",
        max_tokens=MAX_TOKENS,
        pool=pool,
    )


def test_every_sentence_finds_its_vector(tmp_path: Path, tokenizer: Tokenizer) -> None:
    compute(tmp_path, tokenizer, teacher())
    found = open_vectors(tmp_path)
    assert vectors_are_complete(tmp_path)
    assert len(found.rows) == len(set(SENTENCES))
    rows = found.find(tokenize_side(SENTENCES, tokenizer, MAX_TOKENS).keys)
    expected = unit_rows(letters(SENTENCES))
    np.testing.assert_allclose(found.take(rows), expected, atol=1e-3)


def test_a_sentence_without_a_vector_gets_zeros(tmp_path: Path, tokenizer: Tokenizer) -> None:
    compute(tmp_path, tokenizer, teacher())
    found = open_vectors(tmp_path)
    rows = found.find(tokenize_side(["never seen", SENTENCES[0]], tokenizer, MAX_TOKENS).keys)
    assert rows[0] == -1
    assert not found.take(rows)[0].any()
    assert found.take(rows)[1].any()


def test_a_killed_run_resumes_and_encodes_nothing_twice(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LINES_PER_BLOCK", 30)
    encoded: list[str] = []

    def encode_until_killed(sentences: Sequence[str]) -> NDArray[np.float64]:
        if len(encoded) > 60:
            raise KilledError
        encoded.extend(sentences)
        return letters(sentences)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    compute(whole, tokenizer, teacher())
    with pytest.raises(BabeliteError):
        compute(killed, tokenizer, AdaptedEncoder("letters", encode_until_killed))
    assert not vectors_are_complete(killed)
    done = len(encoded)
    encoded.clear()

    def encode_the_rest(sentences: Sequence[str]) -> NDArray[np.float64]:
        encoded.extend(sentences)
        return letters(sentences)

    compute(killed, tokenizer, AdaptedEncoder("letters", encode_the_rest))
    tried = 2  # each adapter tries its function on one sentence
    assert done + len(encoded) - tried < len(set(SENTENCES)) + 30
    keys = tokenize_side(SENTENCES, tokenizer, MAX_TOKENS).keys
    one, other = open_vectors(whole), open_vectors(killed)
    np.testing.assert_array_equal(one.take(one.find(keys)), other.take(other.find(keys)))


LETTERS = """
import numpy as np

def letters(sentences):
    return np.array([np.bincount([*s.encode()], minlength=128) for s in sentences], float)
"""


def test_rows_do_not_depend_on_the_number_of_processes(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LINES_PER_BLOCK", 30)
    monkeypatch.setattr(module, "_SENTENCES_PER_CALL", 7)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "letters.py").write_text(LETTERS)
    one, two, killed = (tmp_path / name for name in ("one", "two", "killed"))
    compute(one, tokenizer, teacher())

    def write_until_killed(path: Path, record: dict[str, object]) -> None:
        write_record(path, record)
        if path.name == "progress.json" and record["lines"] == 90:
            raise KilledError

    with open_pool("letters:letters", workers=2) as pool:
        compute(two, tokenizer, teacher(), pool)
        with monkeypatch.context() as patch, pytest.raises(KilledError):
            patch.setattr(module, "write_record", write_until_killed)
            compute(killed, tokenizer, teacher(), pool)
    compute(killed, tokenizer, teacher())
    for name in ("keys.bin", "vectors.bin", "teacher.json", "progress.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert (one / name).read_bytes() == (killed / name).read_bytes()


def test_encoding_ends_after_some_minutes(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LINES_PER_BLOCK", 30)
    seconds = iter(range(0, 10_000, 40))  # what the clock shows
    monkeypatch.setattr(module.time, "monotonic", lambda: next(seconds))
    compute_vectors(
        SENTENCES, teacher(), tmp_path, tokenizer, spec="letters", max_tokens=MAX_TOKENS, minutes=1
    )
    assert vectors_are_complete(tmp_path)
    found = open_vectors(tmp_path)
    assert len(found.rows) == len(set(SENTENCES[:60]))
    rows = found.find(tokenize_side(SENTENCES, tokenizer, MAX_TOKENS).keys)
    assert (rows[:60] >= 0).all()
    assert (rows == -1).any()


def test_another_encoder_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    compute(tmp_path, tokenizer, teacher())
    other = AdaptedEncoder("letters", lambda sentences: letters(sentences)[:, :64])
    with pytest.raises(BabeliteError) as caught:
        compute(tmp_path, tokenizer, other)
    assert caught.value.code == "encoder-mismatch"
