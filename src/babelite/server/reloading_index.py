"""Search index that reloads itself when another process changes it on disk."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder
from babelite.errors import BabeliteError
from babelite.index import Index, IndexHit, index_version

_LOG = logging.getLogger("babelite.server")


class ReloadingIndex:
    """The newest state of an index folder; raises as `Index.open` does."""

    def __init__(self, folder: Path, encoder: SentenceEncoder) -> None:
        self._folder, self._encoder = folder, encoder
        self._lock = threading.Lock()
        self._stamp = index_version(self._folder)
        self._index = self._open()

    def __len__(self) -> int:
        return len(self._index)

    def search(self, vectors: NDArray[np.float32], k: int) -> list[list[IndexHit]]:
        """The ``k`` nearest lines of each vector (n, dim); empty lists if all were removed."""
        index = self._newest()
        return index.search(vectors, k) if len(index) else [[] for _ in vectors]

    def _newest(self) -> Index:
        with self._lock:
            stamp = index_version(self._folder)
            if stamp != self._stamp:
                try:
                    self._index = self._open()
                except BabeliteError as error:
                    _LOG.error("cannot reload the index, serving the previous state: %s", error)
                self._stamp = stamp
            return self._index

    def _open(self) -> Index:
        index = Index.open(self._folder, self._encoder)
        _ = index.encoder  # raises if the index was built with another encoder
        return index
