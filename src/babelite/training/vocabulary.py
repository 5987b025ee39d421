"""The joint subword vocabulary of all the languages of an encoder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from babelite.errors import BabeliteError

PAD, UNK, MASK = 0, 1, 2
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[MASK]")

# A single letter is worth a piece of its own only if it is not a curiosity of one line.
_LARGEST_ALPHABET = 1_000
_BLOCK = 1_000


def train_vocabulary(
    sentences: Iterable[str], size: int, *, show_progress: bool = False
) -> Tokenizer:
    """Train a joint byte-pair-encoding vocabulary (Sennrich et al., 2016) on sentences.

    Text is normalised (NFKC), lower-cased and split at white space; a word begins with ``▁``.
    No special token is added to a sentence. The ids of PAD, UNK and MASK are 0, 1 and 2.

    Args:
        sentences: Sentences of all the languages, each language as often as it is to count.
        size: The largest number of pieces, special tokens included. Small texts give fewer.
        show_progress: Whether to draw the progress bars of ``tokenizers``.

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
            remedy="choose a --vocabulary-size of 1,000 or more",
        )
    tokenizer = Tokenizer(models.BPE(unk_token=SPECIAL_TOKENS[UNK]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # Splitting at white space here is three times as fast as a regular expression that folds it.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL_TOKENS),
        limit_alphabet=min(_LARGEST_ALPHABET, max(1, size // 4)),
        show_progress=show_progress,
    )
    tokenizer.train_from_iterator(_blocks(sentences), trainer)
    if tokenizer.get_vocab_size() <= len(SPECIAL_TOKENS):
        raise BabeliteError("there is no text to make a vocabulary of", remedy="check the input")
    return tokenizer


def _blocks(sentences: Iterable[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for sentence in sentences:
        block.append(sentence)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block
