"""The joint subword vocabulary of all the languages of an encoder."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from babelite.errors import BabeliteError

PAD, UNK, MASK = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[MASK]")
WORD_START = "▁"

# A single letter is worth a piece of its own only if it is not a curiosity of one line.
_LARGEST_ALPHABET = 1_000
_BLOCK = 1_000

# Marks that keyboards, word processors and languages write in several ways, and the plainest one.
_MARKS = {
    "'": "\u2018\u2019\u201b\u02bc\u00b4\u0060",
    '"': "\u201c\u201d\u201e\u00ab\u00bb",
    "-": "\u2010-\u2015\u2212",
}


def train_vocabulary(sentences: Iterable[str], size: int) -> Tokenizer:
    """Train a joint byte-pair-encoding vocabulary (Sennrich et al., 2016) on sentences.

    Text is normalised (NFKC), lower-cased and split at white space and punctuation; a word begins
    with ``▁``. No special token is added to a sentence. PAD, UNK and MASK have the ids 0, 1 and 2.

    Args:
        sentences: Sentences of all the languages, each language as often as it is to count. They
            are read twice, so a list or the like, not a generator.
        size: The largest number of pieces, special tokens included. Small texts give fewer.

    Returns:
        The tokenizer, without truncation or padding.

    Raises:
        BabeliteError: The size leaves no room for pieces, or there is no text.

    Example:
        >>> tokenizer = train_vocabulary(["a cat", "un chat"] * 9, size=20)
        >>> tokenizer.encode("A  cat").tokens
        ['▁a', '▁cat']
    """
    if size <= len(SPECIAL_TOKENS):
        raise BabeliteError(
            f"a vocabulary of {size} pieces has no room for words",
            hint="choose a --vocabulary-size of 1,000 or more",
        )
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL_TOKENS[UNK]))
    tokenizer.normalizer = _normalizer()
    # Splitting at white space here is three times as fast as a regular expression that folds it.
    # Punctuation stands alone, or half of the pieces would be words with a full stop; what follows
    # it is a word like any other, or "l'uomo" would know nothing of "uomo".
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Metaspace(),
        ]
    )
    tokenizer.decoder = decoders.Metaspace()
    alphabet = _alphabet(sentences, min(_LARGEST_ALPHABET, max(1, size // 4)))
    if not alphabet:
        raise BabeliteError("there is no text to make a vocabulary of", hint="check the input")
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_blocks(sentences), trainer)
    return tokenizer


def _normalizer() -> normalizers.Normalizer:
    marks = [normalizers.Replace(Regex(f"[{found}]"), mark) for mark, found in _MARKS.items()]
    return normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), *marks])


def _alphabet(sentences: Iterable[str], size: int) -> list[str]:
    """The most frequent characters and, if there are any, the mark of the beginning of a word.

    Of equally frequent ones the library would drop some by chance, and two trainings on the same
    text would give two vocabularies.
    """
    normalizer = _normalizer()
    counts = np.zeros(sys.maxunicode + 1, np.int64)
    for block in _blocks(sentences):
        text = "".join(normalizer.normalize_str(" ".join(block)).split())
        found = np.bincount(np.frombuffer(text.encode("utf-32-le"), np.uint32))
        counts[: len(found)] += found
    frequent = np.argsort(-counts, kind="stable")[:size]
    letters = [chr(code) for code in frequent if counts[code]]
    return [WORD_START, *letters] if letters else []


def _blocks(sentences: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for sentence in sentences:
        block.append(sentence)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block
