"""Sentences in, vectors out: the protocol every encoder satisfies and babelite's own runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class SentenceEncoder(Protocol):
    """What searching, mining, aligning, classifying and evaluating ask of an encoder."""

    @property
    def dim(self) -> int:
        """The number of components of a vector."""
        ...

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Encode sentences.

        Args:
            sentences: Any number of sentences, in any language, of any length.

        Returns:
            float32 array of shape (len(sentences), dim), each row of unit length.
        """
        ...
