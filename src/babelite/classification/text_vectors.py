"""One vector for each text: of the whole text, or the mean over its sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import unit_rows

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# The end of a sentence: punctuation and closing quotes before white space; in scripts without
# spaces no white space is needed. A full stop after a single letter belongs to an initial.
_END = re.compile(r"((?<!\b\w)[.!?…]+[\"'»”’)\]]*)\s+|([。！？]+[」』”’）]*)\s*")


def split_at_punctuation(text: str) -> list[str]:
    """Split a document into sentences without knowing its language; approximate.

    `babelite.corpus` has a better splitter that needs the language. Vectors of saved classifiers
    depend on this one.

    Example:
        >>> split_at_punctuation("Shares of J. Smith rose. So did others! 株価は上昇した。終わり。")
        ['Shares of J. Smith rose.', 'So did others!', '株価は上昇した。', '終わり。']
    """
    marked = _END.sub(lambda end: f"{end[1] or end[2]}\n", text)
    return [part for part in map(str.strip, marked.split("\n")) if part] or [text]


def text_vectors(
    encoder: SentenceEncoder, texts: Sequence[str], *, by_sentence: bool = False
) -> NDArray[np.float32]:
    """Encode texts, one vector each.

    Args:
        encoder: The encoder.
        texts: Sentences or documents.
        by_sentence: Encode every sentence of a text and take the mean, as LASER does for MLDoc:
            an encoder reads a limited number of tokens and was trained on sentences. Unlike
            LASER's, the mean is normalised to unit length.

    Returns:
        float32 array of shape (len(texts), dim), rows of unit length or zero.

    Raises:
        BabeliteError: The encoder returned non-finite vectors.
    """
    if not texts:
        return np.empty((0, encoder.dim), np.float32)
    if not by_sentence:
        return unit_rows(encoder.encode(texts))
    parts = [split_at_punctuation(text) for text in texts]
    sentences = [sentence for part in parts for sentence in part]
    firsts = np.cumsum([0, *map(len, parts[:-1])])
    return unit_rows(np.add.reduceat(unit_rows(encoder.encode(sentences)), firsts, axis=0))
