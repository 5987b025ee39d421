"""Training of the joint subword vocabulary of all languages (byte-pair encoding)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from babelite.corpus import INVISIBLE_CHARACTERS
from babelite.errors import BabeliteError

PAD, UNK, MASK = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[MASK]")
WORD_START = "▁"

# Rarer characters get no piece of their own.
_LARGEST_ALPHABET = 1_000
_BLOCK = 1_000

# The corpus keeps these for readers; for an encoder, text with and without them is the same: word
# separators of old programs, combining grapheme joiner, Hangul fillers, Khmer and Mongolian marks
# without a glyph, zero-width joiners, variation selectors.
_NOT_SEEN = (
    "\x1c-\x1f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef"
)

# Punctuation with several Unicode forms, and the ASCII form that replaces them.
_MARKS = {
    "'": "\u2018\u2019\u201b\u02bc\u00b4\u0060",
    '"': "\u201c\u201d\u201e\u00ab\u00bb",
    "-": "\u2010-\u2015\u2212",
}


def train_vocabulary(sentences: Iterable[str], size: int) -> Tokenizer:
    """Train a joint byte-pair-encoding vocabulary (Sennrich et al., 2016).

    Invisible characters (soft hyphens, zero-width spaces and joiners, byte-order marks, direction
    marks, controls) are removed. Text is normalised (NFKC), lower-cased and split at white space
    and punctuation; a word begins with ``▁``. No special token is added to a sentence, and
    "[MASK]" in a text is a word in brackets. PAD, UNK and MASK have the ids 0, 1 and 2.

    Sentences of all languages, each in the desired proportion, are iterated twice, so a generator
    is not enough. `size` includes the special tokens; little text gives fewer pieces.

    Example:
        >>> tokenizer = train_vocabulary(["a cat", "un chat"] * 9, size=20)
        >>> tokenizer.encode("A  cat").tokens
        ['▁a', '▁cat']
    """
    if size <= len(SPECIAL_TOKENS):
        raise BabeliteError(
            f"a vocabulary of {size} pieces has no room for words",
            code="option-invalid",
            hint="choose a --vocabulary-size of 1,000 or more",
        )
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL_TOKENS[UNK]))
    tokenizer.normalizer = _normalizer()
    # WhitespaceSplit is three times as fast as a regular expression that folds white space.
    # Punctuation is split off, or half of the pieces would be words with a full stop. The text
    # after it is a word like any other, so that "l'uomo" contains the piece of "uomo".
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
        raise BabeliteError(
            "the input has no text to learn from",
            code="input-empty",
            hint="check the files and their weights",
        )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_blocks(sentences), trainer)
    return Tokenizer.from_str(renew_vocabulary(tokenizer.to_str()))


def renew_vocabulary(text: str) -> str:
    """The ``tokenizer.json`` of an older vocabulary with today's normalisation; others unchanged.

    Special tokens stay in the vocabulary but are no ``added_tokens``, which every library would
    find in a text: a text may contain "[MASK]".
    """
    tokenizer, empty = json.loads(text), Tokenizer(models.BPE())
    empty.normalizer = _normalizer()
    today = json.loads(empty.to_str())["normalizer"]
    steps = (tokenizer["normalizer"] or {}).get("normalizers", [])
    if not steps or steps != today["normalizers"][-len(steps) :]:
        return text
    return json.dumps({**tokenizer, "normalizer": today, "added_tokens": []}, ensure_ascii=False)


def _normalizer() -> normalizers.Normalizer:
    invisible = normalizers.Replace(Regex(_class_of(INVISIBLE_CHARACTERS + _NOT_SEEN)), "")
    marks = [normalizers.Replace(Regex(f"[{found}]"), mark) for mark, found in _MARKS.items()]
    # First, because a soft hyphen separates a letter from its accent.
    return normalizers.Sequence([invisible, normalizers.NFKC(), normalizers.Lowercase(), *marks])


def _class_of(ranges: str) -> str:
    """Ranges of characters as a class of a regular expression, in ASCII: a file shows them."""
    return "[" + "".join(c if c == "-" else f"\\x{{{ord(c):04X}}}" for c in ranges) + "]"


def _alphabet(sentences: Iterable[str], size: int) -> list[str]:
    """The most frequent characters, and the mark of the beginning of a word.

    The library would choose among equally frequent characters at random, and two trainings on the
    same text would give two vocabularies.
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
    stream = iter(sentences)
    while block := list(islice(stream, _BLOCK)):
        yield block
