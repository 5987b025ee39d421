"""An index of sentences on disk, searched by meaning."""

from babelite.index.description import DESCRIPTION, is_index, read_description
from babelite.index.index import Index, IndexHit
from babelite.index.row_storage import REMOVED

__all__ = ["DESCRIPTION", "REMOVED", "Index", "IndexHit", "is_index", "read_description"]
