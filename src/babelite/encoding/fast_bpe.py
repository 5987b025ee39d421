"""Fast byte-pair encoding (BPE) of the first sentences, before the full tokenizer is loaded.

The tokenizers library takes longer to load 50,000 tokens and their merges than to encode a thousand
sentences, and a query would wait for it. A sentence needs a few dozen merges. Therefore a model
folder also contains the merges as a sorted table, and a tokenizer of single characters.
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

# Options of a tokenizer that change how merges are applied, with their values in plain BPE.
_PLAIN_BPE = {
    "type": "BPE",
    "dropout": None,
    "continuing_subword_prefix": None,
    "end_of_word_suffix": None,
    "byte_fallback": False,
    "ignore_merges": False,
}
_NO_TOKEN = np.iinfo(np.uint64).max


class FastBpe:
    """Splits short texts into the tokens of the tokenizer that `fast_bpe_files` was given."""

    def __init__(self, characters: bytes, merges: bytes) -> None:
        self._characters = Tokenizer.from_buffer(characters)
        self._characters.encode_special_tokens = True
        left, right, tokens = np.load(io.BytesIO(merges), allow_pickle=False)
        self._pairs, self._tokens = _pack_pairs(left, right), tokens.astype(np.uint64)

    def ids(self, text: str) -> list[int]:
        """The token ids of a sentence or two; the time grows with the square of the length."""
        characters = self._characters.encode(text)
        words = groupby(zip(characters.ids, characters.word_ids, strict=True), key=itemgetter(1))
        return [token for _, word in words for token in self._merge([id_ for id_, _ in word])]

    def piece(self, id_: int) -> str | None:
        """The text of a token; None for an id that does not exist."""
        piece: str | None = self._characters.id_to_token(id_)
        if piece is None and len(rows := np.flatnonzero(self._tokens == id_)):
            left, right = divmod(int(self._pairs[rows[0]]), 1 << 32)
            piece = f"{self.piece(left)}{self.piece(right)}"
        return piece

    def _merge(self, ids: list[int]) -> list[int]:
        """Merge the pairs of a word, always the pair that was learned first."""
        while len(ids) > 1:
            numbers = np.array(ids, np.uint64)
            pairs = _pack_pairs(numbers[:-1], numbers[1:])
            places = np.searchsorted(self._pairs[:-1], pairs)  # past the end: the last pair
            found = self._pairs[places] == pairs
            tokens = np.where(found, self._tokens[places], _NO_TOKEN)
            first = int(tokens.argmin())
            if tokens[first] == _NO_TOKEN:
                break
            ids[first : first + 2] = [int(tokens[first])]
        return ids


def fast_bpe_files(tokenizer: Mapping[str, Any]) -> tuple[bytes, bytes] | None:
    """The arguments of `FastBpe` from the contents of ``tokenizer.json``.

    None if it is not plain BPE with tokens numbered in the order of the merges.
    """
    model = tokenizer["model"]
    more = any(tokenizer.get(name) for name in ("truncation", "padding", "post_processor"))
    if more or any(model.get(name, plain) != plain for name, plain in _PLAIN_BPE.items()):
        return None
    vocabulary = model["vocab"]
    merges = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    rows = [(vocabulary[a], vocabulary[b], vocabulary[a + b]) for a, b in merges]
    merged = {token for *_, token in rows}
    if not rows or [token for *_, token in rows] != sorted(merged):
        return None
    if any(token["id"] in merged for token in tokenizer.get("added_tokens", ())):
        return None
    table = np.array(sorted(rows), np.min_scalar_type(max(vocabulary.values()))).T
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(table), allow_pickle=False)
    single = {token: id_ for token, id_ in vocabulary.items() if id_ not in merged}
    characters = {**tokenizer, "model": {**model, "vocab": single, "merges": []}}
    text = json.dumps(characters, ensure_ascii=False, separators=(",", ":"))
    return text.encode(), stream.getvalue()


def _pack_pairs(left: NDArray[np.integer], right: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Pairs of ids as single numbers in the same order, (n,)."""
    return left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)
