"""The tokenizer of a loaded model: `FastBpe` for the first sentences, then the full tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from tokenizers import Tokenizer

from babelite.encoding.fast_bpe import FastBpe
from babelite.encoding.model_folder import BPE_CHARACTERS, BPE_MERGES, TOKENIZER, ModelFolder

# `FastBpe` splits this many characters in a tenth of the time that loading the tokenizer takes.
_FAST_CHARACTERS = 500


class LazyTokenizer:
    """Splits texts into tokens; ``tokenizer.json`` is parsed when needed. Safe with threads."""

    def __init__(self, tokenizer: bytes, max_tokens: int, fast_bpe: FastBpe | None = None) -> None:
        self._file, self._max_tokens = tokenizer, max_tokens
        self._fast_bpe, self._characters = fast_bpe, 0
        self._full: Tokenizer | None = None
        self._loading = Lock()

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The first token ids of each text; TypeError if a text contains a lone surrogate."""
        fast_bpe = self._fast_bpe  # another thread may set it to None
        self._characters += sum(map(len, texts))
        if fast_bpe is not None and self._characters <= _FAST_CHARACTERS:
            return [fast_bpe.ids(text)[: self._max_tokens] for text in texts]
        return [encoding.ids for encoding in self.full_tokenizer().encode_batch_fast(texts)]

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


def open_tokenizer(model: ModelFolder) -> LazyTokenizer:
    """The tokenizer of a model folder, whose files are read and verified here."""
    names = (BPE_CHARACTERS, BPE_MERGES)
    fast_bpe = None
    # A copy of the folder may lack them.
    if all(n in model.description.files and (model.path / n).is_file() for n in names):
        fast_bpe = FastBpe(*(model.file(name).read_bytes() for name in names))
    tokenizer = model.file(TOKENIZER).read_bytes()
    return LazyTokenizer(tokenizer, model.description.max_tokens, fast_bpe)
