"""Tokenised text on disk: written in blocks, read through memory maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from babelite.corpus import WeightedPair, WeightedSentence
from babelite.storage import append_checksums
from babelite.training.data.vocabulary import PAD, UNK, WORD_START
from babelite.training.run_folder import checked, read_record, write_record

Device = torch.device | str

_BLOCK = 50_000
_SIDES: dict[int, tuple[str, ...]] = {1: ("text",), 2: ("source", "target")}
# An odd 64-bit number, whose powers are the multipliers of a polynomial hash.
_MULTIPLIER = 0x9E3779B97F4A7C15


def take_spans(
    values: NDArray[np.integer],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    device: Device = "cpu",
) -> tuple[Tensor, Tensor]:
    """Concatenate rows of different lengths, which end at `ends`, int64 (all rows + 1,).

    Returns their values, int64 (values,), and where each row begins, int64 (rows,).
    """
    starts = ends[rows]
    lengths = ends[rows + 1] - starts
    begins = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(starts - begins, lengths)
    found = values[places].astype(np.int64)
    return torch.from_numpy(found).to(device), torch.from_numpy(begins).to(device)


@dataclass(frozen=True)
class Side:
    """One side of tokenised pairs."""

    tokens: NDArray[np.integer]  # sentence after sentence
    ends: NDArray[np.int64]  # (pairs + 1,), where sentences end; the first entry is 0
    keys: NDArray[np.uint64]  # (pairs,), equal for equal sentences

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each sentence, int64 (pairs,)."""
        return np.diff(self.ends)

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of tokens of some sentences, int64 (rows,)."""
        return self.ends[rows + 1] - self.ends[rows]

    def flat(self, rows: NDArray[np.int64], device: Device = "cpu") -> tuple[Tensor, Tensor]:
        """Concatenate sentences: int64 (tokens,), and where each begins, int64 (rows,)."""
        return take_spans(self.tokens, self.ends, rows, device)

    def longest(self, rows: NDArray[np.int64]) -> int:
        """Length of the longest of some sentences in tokens, at least 1."""
        return int(self.lengths_of(rows).max(initial=1))

    def padded(
        self, rows: NDArray[np.int64], width: int | None = None, device: Device = "cpu"
    ) -> Tensor:
        """Sentences as a block, int64 (rows, width), with PAD after the end."""
        width = self.longest(rows) if width is None else width
        block = torch.full((len(rows), width), PAD)
        lengths = torch.from_numpy(self.lengths_of(rows))
        block[torch.arange(width) < lengths[:, None]] = self.flat(rows)[0]
        return block.to(device)


class TokenizedText(Protocol):
    """Tokenised rows: pairs of sentences, or single sentences."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """The two sides of pairs, or the one of sentences."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """Average occurrences of each row in an epoch, (rows,)."""

    def __len__(self) -> int:
        """The number of rows."""


@dataclass(frozen=True)
class TokenizedPairs:
    """The tokenised pairs of one language pair, memory-mapped."""

    name: str  # for example en-fr
    source: Side
    target: Side
    weights: NDArray[np.float32]  # (pairs,), average occurrences of each pair in an epoch

    @property
    def sides(self) -> tuple[Side, ...]:
        """See `TokenizedText`."""
        return self.source, self.target

    def __len__(self) -> int:
        return len(self.source.keys)


@dataclass(frozen=True)
class TokenizedSentences:
    """The tokenised sentences of one language without translations, memory-mapped."""

    text: Side
    weights: NDArray[np.float32]  # (sentences,), average occurrences of each in an epoch

    @property
    def sides(self) -> tuple[Side, ...]:
        """See `TokenizedText`."""
        return (self.text,)

    def __len__(self) -> int:
        return len(self.text.keys)


def tokenize(
    rows: Iterable[WeightedPair] | Iterable[WeightedSentence],
    tokenizer: Tokenizer,
    folder: Path,
    *,
    max_tokens: int,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Tokenise pairs, or sentences, into a folder; called again with the same rows, it resumes.

    All cores are used. Rows with a side of unknown characters only are omitted. Sentences of more
    than `max_tokens` tokens are truncated. `advance` is called with the number of rows done since
    the last call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    progress = folder / "progress.json"
    done: dict[str, int] = read_record(progress) if progress.exists() else {"read": 0}
    if done.get("finished"):
        return
    kind = _token_type(tokenizer)
    stream: Iterator[WeightedPair | WeightedSentence] = iter(rows)
    skipped = sum(1 for _ in islice(stream, done["read"]))
    advance(skipped)
    while block := list(islice(stream, _BLOCK)):
        for name, array in _encode(block, tokenizer, max_tokens, kind).items():
            done[name] = append_to(folder / f"{name}.bin", array, done.get(name, 0))
        done["read"] += len(block)
        write_record(progress, done)
        advance(len(block))
    write_record(progress, done | {"finished": 1})


def open_tokens(folder: Path, name: str, tokenizer: Tokenizer) -> TokenizedPairs:
    """Open pairs that `tokenize` wrote with the same tokenizer; `name` is the language pair."""
    source, target = (_open_side(folder, side, tokenizer) for side in _SIDES[2])
    return TokenizedPairs(name, source, target, _open_array(folder, "weights", np.float32))


def open_sentence_tokens(folder: Path, tokenizer: Tokenizer) -> TokenizedSentences:
    """Open sentences that `tokenize` wrote with the same tokenizer."""
    text = _open_side(folder, _SIDES[1][0], tokenizer)
    return TokenizedSentences(text, _open_array(folder, "weights", np.float32))


def _open_side(folder: Path, side: str, tokenizer: Tokenizer) -> Side:
    lengths = _open_array(folder, f"{side}.lengths", np.int64)
    return Side(
        tokens=_open_array(folder, f"{side}.tokens", _token_type(tokenizer)),
        ends=np.concatenate([[0], np.cumsum(lengths)]),
        keys=_open_array(folder, f"{side}.keys", np.uint64),
    )


def _open_array(folder: Path, part: str, kind: type[np.generic]) -> NDArray[Any]:
    path = folder / f"{part}.bin"
    if not path.exists() or path.stat().st_size == 0:
        return np.empty(0, kind)
    return np.memmap(checked(path), dtype=kind, mode="r")


def _token_type(tokenizer: Tokenizer) -> type[np.integer]:
    return np.uint16 if tokenizer.get_vocab_size() <= 1 << 16 else np.uint32


def _encode(
    block: Sequence[WeightedPair | WeightedSentence],
    tokenizer: Tokenizer,
    max_tokens: int,
    kind: type[np.integer],
) -> dict[str, NDArray[np.generic]]:
    sides = _SIDES[len(block[0]) - 1]
    encoded = [
        [e.ids[:max_tokens] for e in tokenizer.encode_batch_fast([str(row[side]) for row in block])]
        for side in range(len(sides))
    ]
    nothing = {UNK, tokenizer.token_to_id(WORD_START)}
    useful = [
        row
        for row, sentences in enumerate(zip(*encoded, strict=True))
        if not any(nothing.issuperset(ids) for ids in sentences)
    ]
    weights = [block[row].weight for row in useful]
    arrays: dict[str, NDArray[np.generic]] = {"weights": np.array(weights, np.float32)}
    for name, sentences in zip(sides, encoded, strict=True):
        kept = [sentences[row] for row in useful]
        lengths = np.fromiter(map(len, kept), dtype=np.int64, count=len(kept))
        tokens = np.fromiter(chain.from_iterable(kept), dtype=kind, count=int(lengths.sum()))
        arrays[f"{name}.tokens"] = tokens
        arrays[f"{name}.lengths"] = lengths
        arrays[f"{name}.keys"] = sentence_keys(tokens, lengths)
    return arrays


def tokenize_side(texts: Sequence[str], tokenizer: Tokenizer, max_tokens: int) -> Side:
    """Tokenise sentences in memory, with the keys of `tokenize`; the key of no tokens is 0."""
    encoded = [e.ids[:max_tokens] for e in tokenizer.encode_batch_fast(list(texts))]
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
    tokens = np.fromiter(chain.from_iterable(encoded), np.int64, int(lengths.sum()))
    keys = np.zeros(len(lengths), np.uint64)
    keys[lengths > 0] = sentence_keys(tokens, lengths[lengths > 0])
    return Side(tokens, np.concatenate([[0], np.cumsum(lengths)]), keys)


def sentence_keys(tokens: NDArray[np.integer], lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64-bit hashes of sentences, uint64 (sentences,), whose lengths are above zero."""
    if not len(lengths):
        return np.empty(0, np.uint64)
    powers = np.full(int(lengths.max()), _MULTIPLIER, np.uint64)
    powers = np.multiply.accumulate(powers)
    begins = np.cumsum(lengths) - lengths
    places = np.arange(len(tokens)) - np.repeat(begins, lengths)
    return np.add.reduceat((tokens.astype(np.uint64) + 1) * powers[places], begins)


def append_to(path: Path, array: NDArray[np.generic], size: int) -> int:
    """Write an array at byte `size`; bytes beyond belong to a block that was not finished."""
    data = array.tobytes()
    with path.open("r+b" if path.exists() else "w+b") as stream:
        stream.truncate(size)
        stream.seek(size)
        stream.write(data)
    append_checksums(path, data, size)
    return size + len(data)
