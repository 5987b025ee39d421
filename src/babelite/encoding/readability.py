"""Which sentences a model can read: those with a word, a number or letters of its vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from babelite.encoding.model_folder import SPECIAL_TOKENS

_UNKNOWN = SPECIAL_TOKENS.index("unk")
_WORD_START = "▁"
# The kinds of known tokens: punctuation and marks, single letters, words (parts of) and numbers.
_MARK, _LETTER, _WORD = range(3)


class Readability:
    """Tells readable sentences from others by their token ids; kinds of tokens are remembered.

    Without its unknown tokens, nothing distinguishes one unreadable sentence from another: all
    would have about the same vector, and their cosines would be about 1.
    """

    def __init__(self, piece: Callable[[int], str | None]) -> None:
        self._piece = piece
        self._kinds: dict[int, int] = {}

    def is_unreadable(self, ids: Sequence[int]) -> bool:
        """Whether tokens are unknown and no known one is a word, a part of one, or a number.

        Single letters within words make a sentence readable if they are as many as the unknown
        tokens: a model knows some characters of scripts that it cannot read.
        """
        if _UNKNOWN not in ids:
            return False
        letters = unknown = 0
        for id_ in ids:
            if id_ == _UNKNOWN:
                unknown += 1
                continue
            kind = self._kinds.get(id_)
            if kind is None:
                kind = self._kinds[id_] = _kind(self._piece(id_) or "")
            if kind == _WORD:
                return False
            letters += kind == _LETTER
        return letters < unknown


def _kind(piece: str) -> int:
    letters = sum(map(str.isalnum, piece))
    learned = letters > 1 or (letters and piece.startswith(_WORD_START))
    if learned or any(map(str.isdigit, piece)):
        return _WORD
    return _LETTER if letters else _MARK
