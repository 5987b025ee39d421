"""One vector for each text: of the whole text, or the mean over its sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import split_at_punctuation
from babelite.encoding import unit_rows

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder


def text_vectors(
    encoder: SentenceEncoder, texts: list[str], *, by_sentence: bool = False
) -> NDArray[np.float32]:
    """Encode texts, one vector each: float32 (len(texts), dim), rows of unit length or zero.

    ``by_sentence`` encodes every sentence of a text and takes the mean, as LASER does for MLDoc: an
    encoder reads a limited number of tokens. Unlike LASER's, the mean is normalised to unit length.
    """
    if not texts:
        return np.empty((0, encoder.dim), np.float32)
    if not by_sentence:
        return unit_rows(encoder.encode(texts))
    parts = [split_at_punctuation(text) for text in texts]
    sentences = [sentence for part in parts for sentence in part]
    firsts = np.cumsum([0, *map(len, parts[:-1])])
    return unit_rows(np.add.reduceat(unit_rows(encoder.encode(sentences)), firsts, axis=0))
