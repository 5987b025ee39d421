"""The tokenizer of a loaded model: the first words at once, and the rest when its library is up."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from tokenizers import Tokenizer

from babelite.encoding.fast_bpe import FirstWords
from babelite.encoding.model_folder import FIRST_CHARACTERS, FIRST_MERGES, TOKENIZER, ModelFolder

# `FirstWords` splits as many ordinary characters in a tenth of the time that the library loads in.
_SHORT = 500


class LazyTokenizer:
    """Splits texts into tokens; it may be used from several threads at once.

    Args:
        tokenizer: What ``tokenizer.json`` holds; the library reads it when it is first needed.
        max_tokens: As many tokens of a text are kept.
        first_words: What splits the first texts as long as they are short; the library does if not
            given.
    """

    def __init__(
        self, tokenizer: bytes, max_tokens: int, first_words: FirstWords | None = None
    ) -> None:
        self._file, self._max_tokens = tokenizer, max_tokens
        self._first_words, self._seen = first_words, 0
        self._library: Tokenizer | None = None
        self._loading = Lock()

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of texts, of each the first.

        Raises:
            TypeError: A text holds half a surrogate pair, which is no character.
        """
        first_words = self._first_words  # another thread may be done with it at any time
        self._seen += sum(map(len, texts))
        if first_words is not None and self._seen <= _SHORT:
            return [first_words.ids(text)[: self._max_tokens] for text in texts]
        return [encoding.ids for encoding in self.library().encode_batch_fast(texts)]

    def library(self) -> Tokenizer:
        """The library's tokenizer, loaded if it is not yet; from then on it does the work."""
        with self._loading:
            if self._library is None:
                self._library = Tokenizer.from_buffer(self._file)
                self._library.no_padding()
                self._library.enable_truncation(self._max_tokens)
                self._file, self._first_words = b"", None
            return self._library


def open_tokenizer(model: ModelFolder) -> LazyTokenizer:
    """The tokenizer of a model folder, all that it needs of the folder read.

    Raises:
        BabeliteError: A file of it is missing or was changed.
    """
    names = (FIRST_CHARACTERS, FIRST_MERGES)
    first_words = None
    # A copy of the folder may lack them.
    if all(n in model.description.files and (model.path / n).is_file() for n in names):
        first_words = FirstWords(*(model.file(name).read_bytes() for name in names))
    tokenizer = model.file(TOKENIZER).read_bytes()
    return LazyTokenizer(tokenizer, model.description.max_tokens, first_words)
