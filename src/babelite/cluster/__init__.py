"""Encoding and mining with many workers: local processes, or a Ray cluster."""

from babelite.cluster.encode_files import SHARD_ROWS, EncodedFolder, encode_files, encode_in_order
from babelite.cluster.open_pool import open_pool
from babelite.cluster.pool import Pool
from babelite.cluster.pooled_mining import CLUSTERED_ROWS_A_PART, PooledSteps
from babelite.cluster.shards import require_parquet
from babelite.cluster.worker import Model

__all__ = [
    "CLUSTERED_ROWS_A_PART",
    "SHARD_ROWS",
    "EncodedFolder",
    "Model",
    "Pool",
    "PooledSteps",
    "encode_files",
    "encode_in_order",
    "open_pool",
    "require_parquet",
]
