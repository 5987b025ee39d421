"""Small cross-lingual sentence encoders.

A cross-lingual sentence encoder gives a sentence and its translation nearly the same vector.
Public names are imported on first use, so that ``import babelite`` is fast.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING


def lazy_exports(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package that imports its names on first use.

    ``modules`` maps a module of the package to the names it defines, separated by spaces.
    """
    homes = {name: module for module, names in modules.items() for name in names.split()}

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return get, lambda: sorted(homes)


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

if TYPE_CHECKING:
    from babelite._version import __version__
    from babelite.alignment import align
    from babelite.classification import TextClassifier
    from babelite.encoding import Encoder, SentenceEncoder, open_encoder
    from babelite.errors import BabeliteError
    from babelite.evaluation import evaluate
    from babelite.filtering import filter_pairs
    from babelite.index import Index
    from babelite.mining import mine
    from babelite.training import train
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "_version": "__version__",
            "alignment": "align",
            "classification": "TextClassifier",
            "encoding": "Encoder SentenceEncoder open_encoder",
            "errors": "BabeliteError",
            "evaluation": "evaluate",
            "filtering": "filter_pairs",
            "index": "Index",
            "mining": "mine",
            "training": "train",
        },
    )
