"""The tokenizer of a loaded model: `FastBpe` for the first sentences, then the full tokenizer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from threading import Lock

from tokenizers import Tokenizer

from babelite.encoding.fast_bpe import FastBpe
from babelite.encoding.model_folder import BPE_CHARACTERS, BPE_MERGES, TOKENIZER, ModelFolder
from babelite.machine import usable_cores

# `FastBpe` splits this many characters in a tenth of the time that loading the tokenizer takes.
_FAST_CHARACTERS = 500
_TEXTS_PER_TASK = 64
_PARALLELISM = "TOKENIZERS_PARALLELISM"  # a variable of the tokenizers library


class LazyTokenizer:
    """Splits texts into tokens; ``tokenizer.json`` is parsed when needed. Safe with threads.

    At most ``threads`` threads compute at a time for each call of `ids`.
    """

    def __init__(
        self, tokenizer: bytes, max_tokens: int, threads: int, fast_bpe: FastBpe | None = None
    ) -> None:
        self._file, self._max_tokens, self._threads = tokenizer, max_tokens, threads
        self._all_cores = threads >= usable_cores()
        self._fast_bpe, self._characters = fast_bpe, 0
        self._full: Tokenizer | None = None
        self._loading = Lock()

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The first token ids of each text; TypeError if a text contains a lone surrogate."""
        fast_bpe = self._fast_bpe  # another thread may set it to None
        self._characters += sum(map(len, texts))
        if fast_bpe is not None and self._characters <= _FAST_CHARACTERS:
            return [fast_bpe.ids(text)[: self._max_tokens] for text in texts]
        return self._full_ids(texts)

    def piece(self, id_: int) -> str | None:
        """The text of a token, with ``▁`` at the beginning of a word; None for an unknown id."""
        fast_bpe = self._fast_bpe  # another thread may set it to None
        source = self.full_tokenizer().id_to_token if fast_bpe is None else fast_bpe.piece
        piece: str | None = source(id_)
        return piece

    def full_tokenizer(self) -> Tokenizer:
        """The full tokenizer, loaded on the first call; `ids` uses it from then on."""
        with self._loading:
            if self._full is None:
                self._full = Tokenizer.from_buffer(self._file)
                self._full.encode_special_tokens = True  # of an older folder
                self._full.no_padding()
                self._full.enable_truncation(self._max_tokens)
                self._file, self._fast_bpe = b"", None
            return self._full

    def _full_ids(self, texts: Sequence[str]) -> list[list[int]]:
        encode = self.full_tokenizer().encode_batch_fast
        if self._all_cores or os.environ.get(_PARALLELISM) == "false":
            return [encoding.ids for encoding in encode(texts)]

        # The library divides a batch among all cores. A batch of one text runs on one core.
        def one_by_one(part: Sequence[str]) -> list[list[int]]:
            return [encode([text])[0].ids for text in part]

        if self._threads == 1 or len(texts) <= _TEXTS_PER_TASK:
            return one_by_one(texts)
        from concurrent.futures import ThreadPoolExecutor  # late: a query does not need it

        starts = range(0, len(texts), _TEXTS_PER_TASK)
        with ThreadPoolExecutor(self._threads) as pool:
            parts = pool.map(one_by_one, (texts[i : i + _TEXTS_PER_TASK] for i in starts))
            return list(chain.from_iterable(parts))


def open_tokenizer(model: ModelFolder, threads: int) -> LazyTokenizer:
    """The tokenizer of a model folder, whose files are read and verified here."""
    names = (BPE_CHARACTERS, BPE_MERGES)
    fast_bpe = None
    # A copy of the folder may lack them.
    if all(n in model.description.files and (model.path / n).is_file() for n in names):
        fast_bpe = FastBpe(*(model.file(name).read_bytes() for name in names))
    tokenizer = model.file(TOKENIZER).read_bytes()
    return LazyTokenizer(tokenizer, model.description.max_tokens, threads, fast_bpe)
