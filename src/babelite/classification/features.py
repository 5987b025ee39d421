"""From texts to one vector each: a sentence's own, or the mean over a document's sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import unit_rows

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Where a sentence ends: after its mark and what closes behind it, before white space; in scripts
# that put no spaces after it, at once. A full stop after one letter is an initial's.
_END = re.compile(r"((?<!\b\w)[.!?…]+[\"'»”’)\]]*)\s+|([。！？]+[」』”’）]*)\s*")


def split_at_ends(text: str) -> list[str]:
    """Cut a document into sentences by their punctuation, whatever its language.

    Rough, as LASER's own cut at full stops is: what is averaged afterwards does not mind much.

    Returns:
        The sentences, without white space around them; the whole text if it has none.

    Example:
        >>> split_at_ends("Shares of J. Smith rose. So did others! 株価は上昇した。終わり。")
        ['Shares of J. Smith rose.', 'So did others!', '株価は上昇した。', '終わり。']
    """
    cut = _END.sub(lambda end: f"{end[1] or end[2]}\n", text)
    return [part for part in map(str.strip, cut.split("\n")) if part] or [text]


def text_vectors(
    encoder: SentenceEncoder, texts: Sequence[str], *, by_sentence: bool = False
) -> NDArray[np.float32]:
    """Encode texts, one vector each.

    Args:
        encoder: What turns sentences into vectors.
        texts: Sentences or documents.
        by_sentence: Whether to encode every sentence of a text and take their mean, as LASER does
            for MLDoc: an encoder reads only so many tokens, and was trained on sentences. LASER
            leaves the mean as it is; here it is brought to unit length like every vector.

    Returns:
        float32 array of shape (len(texts), dim), rows of unit length or zero.

    Raises:
        BabeliteError: The encoder gave no finite vectors.
    """
    if not by_sentence:
        return unit_rows(encoder.encode(texts)) if texts else _none(encoder)
    parts = [split_at_ends(text) for text in texts]
    if not parts:
        return _none(encoder)
    sentences = [sentence for part in parts for sentence in part]
    firsts = np.cumsum([0, *map(len, parts[:-1])])
    sums = np.add.reduceat(unit_rows(encoder.encode(sentences)), firsts, axis=0)
    return unit_rows(sums)


def _none(encoder: SentenceEncoder) -> NDArray[np.float32]:
    return np.empty((0, encoder.dim), np.float32)
