"""The tokenizer of a loaded model: `FastBpe` for the first sentences, then the full tokenizer."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from threading import Lock

from tokenizers import Encoding, Tokenizer

from babelite.encoding.fast_bpe import FastBpe
from babelite.encoding.model_folder import BPE_CHARACTERS, BPE_MERGES, TOKENIZER, ModelFolder
from babelite.encoding.words import TOKEN_DTYPE, RememberedWords, remember_words, to_row
from babelite.machine import usable_cores

# `FastBpe` splits this many characters in a tenth of the time that loading the tokenizer takes.
_FAST_CHARACTERS = 500
_TEXTS_PER_TASK = 64
_TEXTS_PER_BLOCK = 512
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
        self._words: RememberedWords | None = None
        self._loading = Lock()

    def rows(self, texts: Sequence[str]) -> list[bytes]:
        """The first token ids of each text, as bytes of `TOKEN_DTYPE`.

        Raises TypeError if a text contains a lone surrogate.
        """
        fast_bpe = self._fast_bpe  # another thread may set it to None
        self._characters += sum(map(len, texts))
        if fast_bpe is not None and self._characters <= _FAST_CHARACTERS:
            rows = [to_row(fast_bpe.ids(text)) for text in texts]
        else:
            blocks = range(0, len(texts), _TEXTS_PER_BLOCK)
            parts = (self._full_rows(texts[i : i + _TEXTS_PER_BLOCK]) for i in blocks)
            rows = list(chain.from_iterable(parts))
        end = self._max_tokens * TOKEN_DTYPE.itemsize
        return [row[:end] for row in rows]

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
                full = Tokenizer.from_buffer(self._file)
                full.encode_special_tokens = True  # of an older folder
                full.no_padding()
                full.no_truncation()
                self._words = remember_words(full)
                if full.post_processor is not None:
                    full.enable_truncation(self._max_tokens)
                self._full, self._file, self._fast_bpe = full, b"", None
            return self._full

    def _full_rows(self, texts: Sequence[str]) -> list[bytes]:
        library = self.full_tokenizer()
        # The library divides a batch among all cores. A batch of one text runs on one core.
        whole = self._all_cores or os.environ.get(_PARALLELISM) == "false"
        if self._words is not None and self._words.can_split(texts):

            def encode_words(tasks: list[list[str]]) -> Iterator[Encoding]:
                for call in [tasks] if whole else [[task] for task in tasks]:
                    yield from library.encode_batch(call, is_pretokenized=True)

            return self._words.rows(texts, encode_words)
        encode = library.encode_batch_fast
        if whole:
            return [to_row(encoding.ids) for encoding in encode(texts)]

        def one_by_one(part: Sequence[str]) -> list[bytes]:
            return [to_row(encode([text])[0].ids) for text in part]

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
