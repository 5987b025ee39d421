"""Vector index on disk: add, remove and search lines of text."""

from babelite.index.description import IndexColumns, IndexKind, VectorType, read_index_description
from babelite.index.fields import IndexRow
from babelite.index.index import Index, index_version
from babelite.index.index_parts import IndexProgress
from babelite.index.open_index import IndexHit

__all__ = [
    "Index",
    "IndexColumns",
    "IndexHit",
    "IndexKind",
    "IndexProgress",
    "IndexRow",
    "VectorType",
    "index_version",
    "read_index_description",
]
