"""Small cross-lingual sentence encoders.

A cross-lingual sentence encoder gives a sentence and its translation nearly the same vector.
Public names are imported on first use, so that ``import babelite`` is fast.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from babelite._version import __version__

if TYPE_CHECKING:
    from babelite.alignment import align
    from babelite.classification import TextClassifier
    from babelite.encoding import Encoder, SentenceEncoder, open_encoder
    from babelite.errors import BabeliteError
    from babelite.evaluation import evaluate
    from babelite.filtering import filter_pairs
    from babelite.index import Index
    from babelite.mining import mine
    from babelite.training import train

# onnxruntime sends usage data to its makers unless this is set before its first import (seen in
# version 1.32). babelite uses the network only when asked to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "BabeliteError",
    "Encoder",
    "Index",
    "SentenceEncoder",
    "TextClassifier",
    "__version__",
    "align",
    "evaluate",
    "filter_pairs",
    "mine",
    "open_encoder",
    "train",
]

_PACKAGES = {
    "BabeliteError": "errors",
    "Encoder": "encoding",
    "Index": "index",
    "SentenceEncoder": "encoding",
    "TextClassifier": "classification",
    "align": "alignment",
    "evaluate": "evaluation",
    "filter_pairs": "filtering",
    "mine": "mining",
    "open_encoder": "encoding",
    "train": "training",
}


def __getattr__(name: str) -> object:
    if name in _PACKAGES:
        return getattr(import_module(f"babelite.{_PACKAGES[name]}"), name)
    raise AttributeError(f"module 'babelite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
