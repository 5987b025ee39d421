"""Small cross-lingual sentence encoders.

A cross-lingual sentence encoder gives a sentence and its translation nearly the same vector.
The public names are loaded when they are first used, so that ``import babelite`` is instant.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babelite.encoder import Encoder, SentenceEncoder
    from babelite.errors import BabeliteError

__version__ = "0.1.0"

# onnxruntime (seen in 1.32) sends data about its use home, unless it is told not to before it is
# first imported. babelite touches no network that was not asked for.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = ["BabeliteError", "Encoder", "SentenceEncoder", "__version__"]

_HOMES = {
    "BabeliteError": "babelite.errors",
    "Encoder": "babelite.encoder",
    "SentenceEncoder": "babelite.encoder",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'babelite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
