"""Vector index on disk: add, remove and search lines of text."""

from babelite.index.description import IndexKind, VectorType, read_index_description
from babelite.index.index import Index, IndexHit, index_version
from babelite.index.index_parts import IndexProgress

__all__ = [
    "Index",
    "IndexHit",
    "IndexKind",
    "IndexProgress",
    "VectorType",
    "index_version",
    "read_index_description",
]
