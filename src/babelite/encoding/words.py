"""Token ids of texts from the remembered ids of their words, which are few and repeat.

The tokenizers library takes many times as long to split a text as Python takes to look its words
up. The ids are equal if the library treats each word as a text of its own; `remember_words` checks
this and refuses other tokenizers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer
from tokenizers.models import BPE

TOKEN_DTYPE = np.dtype(np.int32)

# Of all remembered words: their characters, and eight for each. They take about 8 MB.
_MAX_SIZE = 1 << 19
_WORDS_PER_TASK = 128
# The characters at which `str.split` splits: white space of Unicode and four separators.
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# A regular expression for one character of a class, such as ``[a-z\x{00AD}]``.
_CLASS = re.compile(r"\[(?:\\x\{[0-9A-F]+\}|[^\\\[\]])+\]")
_FORMS = ("NFC", "NFD", "NFKC", "NFKD", "Lowercase")
_PRE_TOKENIZER = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "WhitespaceSplit"},
        {"type": "Punctuation", "behavior": "Isolated"},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    ],
}

EncodeWords = Callable[[list[list[str]]], Iterable[Encoding]]


def to_row(ids: Sequence[int]) -> bytes:
    """Token ids as bytes of `TOKEN_DTYPE`."""
    return np.array(ids, TOKEN_DTYPE).tobytes()


def to_ids(row: bytes) -> list[int]:
    """The token ids of `to_row`."""
    ids: list[int] = np.frombuffer(row, TOKEN_DTYPE).tolist()
    return ids


class RememberedWords:
    """The token ids of the latest words; made by `remember_words`.

    There are two tables of equal size. When the newer one is full, it becomes the older one, from
    which words that occur again are taken over. Safe with threads: no word is ever removed from a
    table, so that a thread keeps its own.
    """

    def __init__(self, exceptions: str) -> None:
        self._exceptions = re.compile(f"[{re.escape(exceptions)}]") if exceptions else None
        self._tables: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})  # the newer one first
        self._size = 0  # of the newer one

    def can_split(self, texts: Sequence[str]) -> bool:
        """Whether Python and the library agree about the white space in all texts."""
        return self._exceptions is None or not any(map(self._exceptions.search, texts))

    def rows(self, texts: Sequence[str], encode_words: EncodeWords) -> list[bytes]:
        """The token ids of each text, as bytes of `TOKEN_DTYPE`.

        `encode_words` is asked for lists of new words, and encodes each list as one text whose
        words are given. It raises TypeError if one contains a lone surrogate.
        """
        split = [text.split() for text in texts]
        ids = self._ids(set(chain.from_iterable(split)), encode_words)
        return [b"".join([ids[word] for word in words]) for words in split]

    def _ids(self, words: set[str], encode_words: EncodeWords) -> dict[str, bytes]:
        """A table that contains these words and others."""
        table, older = self._tables
        missing = words.difference(table)
        if not missing:
            return table
        found = {word: older[word] for word in missing if word in older}
        found |= _encoded(list(missing.difference(found)), encode_words)
        size = sum(map(len, found)) + 8 * len(found)
        if self._size + size <= _MAX_SIZE // 2:
            self._size += size
            table.update(found)
            return table
        fits = size <= _MAX_SIZE // 2
        self._tables, self._size = (found if fits else {}, table), size if fits else 0
        return {**table, **found}


def _encoded(words: list[str], encode_words: EncodeWords) -> dict[str, bytes]:
    """The token ids of words, from the library."""
    tasks = [words[i : i + _WORDS_PER_TASK] for i in range(0, len(words), _WORDS_PER_TASK)]
    found: dict[str, bytes] = {}
    for task, encoding in zip(tasks, encode_words(tasks), strict=True):
        ids = np.array(encoding.ids, TOKEN_DTYPE)
        numbers = np.array(encoding.word_ids, np.int64)  # which word each token is part of
        ends = [0, *np.cumsum(np.bincount(numbers, minlength=len(task))).tolist()]
        found.update(zip(task, (ids[i:j].tobytes() for i, j in pairwise(ends)), strict=True))
    return found


def remember_words(library: Tokenizer) -> RememberedWords | None:
    """A table of words for a tokenizer; None if a word may depend on those beside it.

    Normalisation changes single characters, or forms of Unicode, which do not reach across white
    space. The text is then split at white space, and BPE encodes each word. At some characters
    (separators that normalisation removes) Python splits and the library does not: the library is
    asked which.
    """
    whole = library.post_processor is None and library.truncation is None
    added = library.get_added_tokens_decoder().values()
    plain = isinstance(library.model, BPE) and not library.model.dropout
    if not (whole and plain and library.encode_special_tokens and all(t.special for t in added)):
        return None
    if _settings(library.pre_tokenizer) != _PRE_TOKENIZER:
        return None
    steps = _settings(library.normalizer)
    if not all(map(_by_character, steps.get("normalizers", [steps] if steps else []))):
        return None
    alone = library.encode("a").ids
    return RememberedWords(
        "".join(c for c in WHITE_SPACE if library.encode(f"a{c}a").ids != alone * 2)
    )


def _settings(part: Any) -> dict[str, Any]:  # noqa: ANN401
    """The settings of a part of a tokenizer, as in ``tokenizer.json``."""
    settings: dict[str, Any] = {} if part is None else json.loads(part.__getstate__())
    return settings


def _by_character(step: dict[str, Any]) -> bool:
    """Whether a step of normalisation does not reach across white space."""
    if step["type"] != "Replace":
        return step["type"] in _FORMS
    pattern = step["pattern"]
    one = _CLASS.fullmatch(pattern.get("Regex", "")) or len(pattern.get("String", "")) == 1
    return bool(one)
