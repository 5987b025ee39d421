"""Warnings in responses: texts that the model cannot read, or whose language it does not have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import language_warning, unreadable_warning
from babelite.encoding import Encoder, SentenceEncoder

_SAMPLED_TEXTS = 200


class TextWarnings:
    """What to say of the texts of a request.

    Nothing is known about the languages of other libraries' encoders, and nothing said.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder if isinstance(encoder, Encoder) else None

    def of_vectors(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> list[str]:
        """The warning of texts whose vectors are zero, shape (len(texts), dim)."""
        if self._encoder is None:
            return []
        rows = np.flatnonzero(~vectors.any(axis=1)).tolist()
        warning = unreadable_warning(sum(bool(texts[row].strip()) for row in rows))
        return [warning] if warning else []

    def of_language(
        self, texts: Sequence[str], field: str, language: str | None = None
    ) -> list[str]:
        """The warning of texts in a declared or identified language; it takes milliseconds."""
        if self._encoder is None:
            return []
        sample = [text for text in texts[:: 1 + len(texts) // _SAMPLED_TEXTS] if text.strip()]
        warning = language_warning(self._encoder, sample, f"the text of '{field}'", language)
        return [warning] if warning else []
