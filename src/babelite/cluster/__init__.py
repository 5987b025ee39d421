"""Encoding and mining by many workers: processes of this machine, or a Ray cluster.

This package arranges; `babelite.encoder` and `babelite.mining` do the work.
"""

from __future__ import annotations

from babelite.cluster.arranging import open_pool
from babelite.cluster.encoding import EncodedFolder, encode_files, encode_in_order
from babelite.cluster.mining import PooledSteps
from babelite.cluster.pool import Pool
from babelite.cluster.worker import Model

__all__ = [
    "EncodedFolder",
    "Model",
    "Pool",
    "PooledSteps",
    "encode_files",
    "encode_in_order",
    "open_pool",
]
