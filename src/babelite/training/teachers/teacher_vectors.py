"""The vectors of a teacher on disk: one float16 row for each distinct sentence.

The folder of a teacher holds ``teacher.json`` (the encoder's fingerprint), ``keys.bin`` (uint64,
the key of each sentence, see `babelite.training.data.tokens.sentence_keys`),
``vectors.bin`` (float16, row by row) and ``progress.json`` (lines read, rows written, seconds).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from babelite.cluster import WorkerPool, encode_blocks
from babelite.corpus import HashSet
from babelite.encoding import EncoderFingerprint, SentenceEncoder, encode_lines, fingerprint_of
from babelite.errors import BabeliteError
from babelite.training.data.tokens import append_to, tokenize_side
from babelite.training.run_folder import checked, read_record, write_record

_LINES_PER_BLOCK = 4_096
_SENTENCES_PER_CALL = 512


@dataclass(frozen=True)
class TeacherVectors:
    """The vectors of one teacher, memory-mapped."""

    keys: NDArray[np.uint64]  # (n,), sorted
    order: NDArray[np.int64]  # (n,), the row of each key in `rows`
    rows: NDArray[np.float16]  # (n, dim), of unit length or zero

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        return int(self.rows.shape[1])

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The rows of sentences: int32 (len(keys),), −1 for a sentence without a vector."""
        if not len(self.keys):
            return np.full(len(keys), -1, np.int32)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.order[places], -1).astype(np.int32)

    def take(self, numbers: NDArray[np.int32]) -> NDArray[np.float32]:
        """Vectors by row number: float32 (len(numbers), dim), zero where the number is −1."""
        found = np.zeros((len(numbers), self.dim), np.float32)
        known = numbers >= 0
        found[known] = self.rows[numbers[known]]
        return found


def vectors_are_complete(folder: Path) -> bool:
    """Whether `compute_vectors` has finished in a folder."""
    return bool(_read_progress(folder).get("finished"))


def compute_vectors(
    texts: Iterable[str],
    encoder: SentenceEncoder,
    folder: Path,
    tokenizer: Tokenizer,
    *,
    spec: str,
    max_tokens: int,
    pool: WorkerPool | None = None,
    minutes: float | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Encode each distinct sentence once with a teacher; called again after a kill, it resumes.

    The sentences have the same order at every call. Sentences with the same tokens of the encoder
    that is trained are the same. A folder with vectors of another teacher is an error. The workers
    of a pool have the same encoder; the rows and their order do not depend on their number.
    After some `minutes` in all, the rest is left without vectors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _require_same_teacher(folder, encoder, spec)
    done = _read_progress(folder)
    if done.get("finished"):
        return
    lines, count = int(done.get("lines", 0)), int(done.get("rows", 0))
    started = time.monotonic() - done.get("seconds", 0)
    seen = HashSet()
    if count:
        seen.add(np.fromfile(folder / "keys.bin", np.uint64, count))
    stream = iter(texts)
    advance(sum(1 for _ in islice(stream, lines)))
    blocks, ahead = tee(_blocks(stream, seen, tokenizer, max_tokens))
    calls = (call for block in ahead for call in block.calls())
    encoded: Iterator[NDArray[np.floating]] = (
        (encode_lines(encoder, call) for call in calls)
        if pool is None
        else encode_blocks(pool, calls, "float16")
    )
    for block in blocks:
        vectors = block.vectors(encoded, encoder.dim)
        append_to(folder / "keys.bin", block.keys, count * block.keys.itemsize)
        append_to(folder / "vectors.bin", vectors, count * vectors.itemsize * encoder.dim)
        lines, count = lines + block.lines, count + len(vectors)
        seconds = time.monotonic() - started
        done = {"lines": lines, "rows": count} | ({} if minutes is None else {"seconds": seconds})
        write_record(folder / "progress.json", done)
        advance(block.lines)
        if minutes is not None and seconds >= 60 * minutes:
            break
    else:
        next(encoded, None)  # the end of the results: the pool stays open
    finished = {"lines": lines, "rows": count, "finished": 1}
    write_record(folder / "progress.json", finished)


def count_vectors(folder: Path) -> int:
    """The number of vectors in a folder."""
    return int(_read_progress(folder).get("rows", 0))


def open_vectors(folder: Path) -> TeacherVectors:
    """Open what `compute_vectors` wrote."""
    dim = EncoderFingerprint.model_validate(read_record(folder / "teacher.json")).dim
    count = count_vectors(folder)
    keys = np.fromfile(checked(folder / "keys.bin"), np.uint64, count)
    order = np.argsort(keys, kind="stable")
    rows = np.memmap(checked(folder / "vectors.bin"), np.float16, "r", shape=(count, dim))
    return TeacherVectors(keys[order], order, rows)


@dataclass(frozen=True)
class _Block:
    """The new sentences of a block of lines."""

    lines: int
    keys: NDArray[np.uint64]  # (n,)
    texts: list[str]  # n

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """The sentences by length, as many encoders pad those of a call."""
        return np.argsort([len(text) for text in self.texts], kind="stable")

    @cached_property
    def _rows_of_calls(self) -> list[NDArray[np.int64]]:
        starts = range(0, len(self.texts), _SENTENCES_PER_CALL)
        return [self._order[start : start + _SENTENCES_PER_CALL] for start in starts]

    def calls(self) -> Iterator[list[str]]:
        """The sentences of each call of the encoder."""
        return ([self.texts[row] for row in rows] for rows in self._rows_of_calls)

    def vectors(self, encoded: Iterator[NDArray[np.floating]], dim: int) -> NDArray[np.float16]:
        """The vectors, (n, dim), from an iterator over the results of the calls."""
        vectors = np.empty((len(self.texts), dim), np.float16)
        for rows in self._rows_of_calls:
            vectors[rows] = next(encoded)
        return vectors


def _blocks(
    stream: Iterator[str], seen: HashSet, tokenizer: Tokenizer, max_tokens: int
) -> Iterator[_Block]:
    while lines := list(islice(stream, _LINES_PER_BLOCK)):
        keys = tokenize_side(lines, tokenizer, max_tokens).keys
        new = np.flatnonzero(seen.add(keys))
        yield _Block(len(lines), keys[new], [lines[row] for row in new])


def _require_same_teacher(folder: Path, encoder: SentenceEncoder, spec: str) -> None:
    description = folder / "teacher.json"
    found = fingerprint_of(encoder, spec)
    if not description.exists():
        write_record(description, found.model_dump())
        return
    recorded = EncoderFingerprint.model_validate(read_record(description))
    if recorded != found:
        raise BabeliteError(
            f"contains vectors of another version of the teacher {spec}",
            code="encoder-mismatch",
            path=folder,
            hint="restore that version, or start a new run in another folder with --out",
        )


def _read_progress(folder: Path) -> dict[str, float]:
    path = folder / "progress.json"
    if not path.exists():
        return {}
    found: dict[str, float] = read_record(path)
    return found
