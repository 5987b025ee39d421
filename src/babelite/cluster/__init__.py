"""Encoding and mining with many workers: processes of this machine, or a Ray cluster."""

from babelite.cluster.encode_array import encode_to_array
from babelite.cluster.encode_files import (
    SHARD_ROWS,
    EncodedFolder,
    encode_blocks,
    encode_files,
    require_shard_sources,
)
from babelite.cluster.pool import WorkerPool, open_pool
from babelite.cluster.pool_backend import CLUSTERED_ROWS_PER_BLOCK, PoolBackend

__all__ = [
    "CLUSTERED_ROWS_PER_BLOCK",
    "SHARD_ROWS",
    "EncodedFolder",
    "PoolBackend",
    "WorkerPool",
    "encode_blocks",
    "encode_files",
    "encode_to_array",
    "open_pool",
    "require_shard_sources",
]
