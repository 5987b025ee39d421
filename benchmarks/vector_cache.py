"""Cache of vectors on disk by sentence, so that slow encoders can be run in several parts."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEY_BYTES = 16
_PIECE = 4_000  # sentences encoded between two writes, at most lost by a kill


class VectorCache:
    """An encoder that looks up vectors in a folder.

    The folder contains ``keys.bin``, one hash for each sentence, and ``vectors.N.bin``, float16
    rows of N components. Vectors are written before keys; incomplete writes of a killed run are
    overwritten.

    Args:
        folder: Cache folder, created if missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._keys = folder / "keys.bin"
        held = self._keys.read_bytes() if self._keys.exists() else b""
        keys = [held[i : i + _KEY_BYTES] for i in range(0, len(held), _KEY_BYTES)]
        self._row = {key: row for row, key in enumerate(keys) if len(key) == _KEY_BYTES}
        named = next(iter(folder.glob("vectors.*.bin")), None)
        self.dim = int(named.name.split(".")[1]) if named else 0

    def __len__(self) -> int:
        return len(self._row)

    def missing(self, sentences: Sequence[str]) -> list[str]:
        """The distinct sentences without a vector, in order."""
        return [s for s in dict.fromkeys(sentences) if _key(s) not in self._row]

    def append(self, sentences: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add the vectors of missing sentences."""
        self.dim = vectors.shape[1]
        _write_at(self._vectors, len(self) * 2 * self.dim, vectors.astype(np.float16).tobytes())
        keys = [_key(sentence) for sentence in sentences]
        _write_at(self._keys, len(self) * _KEY_BYTES, b"".join(keys))
        for key in keys:
            self._row[key] = len(self._row)

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Look up vectors, shape (len(sentences), dim)."""
        kept = np.memmap(self._vectors, np.float16, "r", shape=(len(self), self.dim))
        found: NDArray[np.float32] = kept[[self._row[_key(s)] for s in sentences]].astype(
            np.float32
        )
        return found

    @property
    def _vectors(self) -> Path:
        return self._folder / f"vectors.{self.dim}.bin"


def fill(
    kept: VectorCache,
    sentences: Sequence[str],
    encode: Callable[[Sequence[str]], NDArray[np.float32] | None],
    minutes: float = float("inf"),
) -> bool:
    """Encode missing sentences until all have vectors or the time is over.

    Args:
        kept: The cache, written after each block.
        sentences: The sentences.
        encode: Returns the vectors of some sentences; None if it cannot.
        minutes: No block is started after this time.

    Returns:
        Whether all sentences have vectors.
    """
    started, before = time.monotonic(), len(kept)
    for piece in _pieces(kept.missing(sentences)):
        if time.monotonic() - started > 60 * minutes:
            break
        vectors = encode(piece)
        if vectors is None:
            return False
        kept.append(piece, vectors)
        rate = (len(kept) - before) / (time.monotonic() - started)
        print(f"{len(kept):,} vectors kept, {rate:,.0f}/s", file=sys.stderr, flush=True)
    left = len(kept.missing(sentences))
    if left:
        print(f"{left:,} sentences remain; run the same command again", file=sys.stderr)
    return not left


def _pieces(sentences: Sequence[str]) -> Iterator[Sequence[str]]:
    return (sentences[i : i + _PIECE] for i in range(0, len(sentences), _PIECE))


def _key(sentence: str) -> bytes:
    return hashlib.blake2b(sentence.encode("utf-8", "replace"), digest_size=_KEY_BYTES).digest()


def _write_at(path: Path, position: int, content: bytes) -> None:
    with path.open("r+b" if path.exists() else "wb") as stream:
        stream.truncate(position)
        stream.seek(position)
        stream.write(content)
