"""Checksums, by which a file is known to be the one that was written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Thread

# One read for most files: a thread that hashes must not wait for the interpreter between two.
_BLOCK = 1 << 24


def sha256(path: Path) -> str:
    """The SHA-256 checksum of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Checksum(Thread):
    """The SHA-256 checksum of a file, computed while the caller goes on.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._found: str | OSError = ""
        self.start()

    def run(self) -> None:
        """Compute it; called by the thread."""
        try:
            self._found = sha256(self._path)
        except OSError as error:
            self._found = error

    def digest(self) -> str:
        """Wait for it.

        Returns:
            64 hexadecimal digits.

        Raises:
            OSError: The file cannot be read.
        """
        self.join()
        if isinstance(self._found, OSError):
            raise self._found
        return self._found
