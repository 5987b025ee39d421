"""The first words of a process, tokenized before the tokenizer's library has read its vocabulary.

Reading 50,000 pieces and their merges takes the library longer than encoding a thousand sentences,
and a query waits for it. A sentence needs a few dozen of the merges. So a model folder holds them
once more, as a table that is ready to be searched, beside a tokenizer that knows characters alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

# What may change how merges are applied, and what it is where they are applied plainly.
_PLAIN = {
    "type": "BPE",
    "dropout": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "byte_fallback": False,
    "ignore_merges": False,
}
_NO_PIECE = np.iinfo(np.uint64).max


class FirstWords:
    """Splits short texts into the same pieces as the tokenizer that it was made of.

    Args:
        characters: The JSON of a tokenizer that knows the characters alone, as `first_words_files`
            makes it.
        merges: The table of the merges, in the form of ``.npy``, as `first_words_files` makes it.
    """

    def __init__(self, characters: bytes, merges: bytes) -> None:
        self._alphabet = Tokenizer.from_buffer(characters)
        left, right, pieces = np.load(io.BytesIO(merges), allow_pickle=False)
        self._pairs, self._pieces = _pairs(left, right), pieces.astype(np.uint64)

    def ids(self, text: str) -> list[int]:
        """The token ids of a text.

        The time grows with the square of the length; it is meant for a sentence or a few.
        """
        characters = self._alphabet.encode(text)
        words = groupby(zip(characters.ids, characters.word_ids, strict=True), key=itemgetter(1))
        return [piece for _, word in words for piece in self._merged([id_ for id_, _ in word])]

    def _merged(self, ids: list[int]) -> list[int]:
        """Byte-pair encoding of a word: what can be merged is, what was learnt first first."""
        while len(ids) > 1:
            neighbours = np.array(ids, np.uint64)
            pairs = _pairs(neighbours[:-1], neighbours[1:])
            places = np.searchsorted(self._pairs[:-1], pairs)  # past the end: the last is looked at
            found = self._pairs[places] == pairs
            pieces = np.where(found, self._pieces[places], _NO_PIECE)
            first = int(pieces.argmin())
            if pieces[first] == _NO_PIECE:
                break
            ids[first : first + 2] = [int(pieces[first])]
        return ids


def first_words_files(tokenizer: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """What `FirstWords` is made of.

    Args:
        tokenizer: The contents of ``tokenizer.json``.

    Returns:
        The characters' tokenizer and the table of merges; nothing for a tokenizer that is no plain
        byte-pair encoding, that does more to the ids than that, or whose pieces are not numbered in
        the order in which they were learnt.
    """
    model = tokenizer["model"]
    more = any(tokenizer.get(name) for name in ("truncation", "padding", "post_processor"))
    if more or any(model.get(name, plain) != plain for name, plain in _PLAIN.items()):
        return None
    vocabulary = model["vocab"]
    merges = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    rows = [(vocabulary[a], vocabulary[b], vocabulary[a + b]) for a, b in merges]
    pieces = {piece for *_, piece in rows}
    if not rows or [piece for *_, piece in rows] != sorted(pieces):
        return None
    if any(token["id"] in pieces for token in tokenizer.get("added_tokens", ())):
        return None
    table = np.array(sorted(rows), np.min_scalar_type(max(vocabulary.values()))).T
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(table), allow_pickle=False)
    alphabet = {piece: id_ for piece, id_ in vocabulary.items() if id_ not in pieces}
    characters = {**tokenizer, "model": {**model, "vocab": alphabet, "merges": []}}
    text = json.dumps(characters, ensure_ascii=False, separators=(",", ":"))
    return text.encode(), stream.getvalue()


def _pairs(left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Two ids as one number, in the same order."""
    return left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)
