"""Sentences on disk that can be searched by meaning: millions of lines, in the memory of a few."""

from __future__ import annotations

from babelite.index.description import is_index
from babelite.index.index import Index, IndexHit

__all__ = ["Index", "IndexHit", "is_index"]
