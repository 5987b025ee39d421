"""A set of 64-bit keys that holds tens of millions of lines in a few hundred megabytes."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]


def hash_keys(texts: Iterable[bytes]) -> Keys:
    """Hash byte strings to 64 bits each (BLAKE2b).

    Two different lines among fifty million share a hash with a probability of 7 in 100,000.

    Returns:
        uint64 array of shape (n,).
    """
    digests = b"".join([blake2b(text, digest_size=8).digest() for text in texts])
    return np.frombuffer(digests, dtype=np.uint64)


class KeySet:
    """A growing set of 64-bit keys in sorted runs: 8 bytes a key, exact, and fast by the block.

    New keys are added as a run of their own. A run is merged with the one before it while that is
    no more than twice as long, so there are few runs and a key is moved only a few times; runs of
    `longest_run` keys are left alone, so merging never copies more than that.

    Example:
        >>> keys = KeySet()
        >>> keys.add(np.array([7, 3, 7], dtype=np.uint64)).tolist()
        [True, True, False]
        >>> keys.add(np.array([3, 4], dtype=np.uint64)).tolist(), len(keys)
        ([False, True], 3)
    """

    def __init__(self, longest_run: int = 1 << 24) -> None:
        """Start empty.

        Args:
            longest_run: Keys in the longest run that merging may make (8 bytes each).
        """
        self._longest_run = longest_run
        self._runs: list[Keys] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    @property
    def nbytes(self) -> int:
        """The memory the keys take, in bytes."""
        return sum(run.nbytes for run in self._runs)

    def contains(self, keys: Keys) -> NDArray[np.bool_]:
        """Which of some keys are in the set.

        Args:
            keys: uint64 array of shape (n,), in any order.

        Returns:
            Boolean array of shape (n,).
        """
        found = np.zeros(len(keys), dtype=np.bool_)
        if not self._runs:
            return found
        order = np.argsort(keys)  # neighbours in a run are asked for one after the other
        found[order] = self._contains_sorted(keys[order])
        return found

    def add(self, keys: Keys) -> NDArray[np.bool_]:
        """Add keys and tell which were new.

        Args:
            keys: uint64 array of shape (n,), in any order, repetitions allowed.

        Returns:
            Boolean array of shape (n,): True for the first of each key not in the set before.
        """
        unique, first = np.unique(keys, return_index=True)
        new = ~self._contains_sorted(unique)
        is_new = np.zeros(len(keys), dtype=np.bool_)
        is_new[first[new]] = True
        if new.any():
            self._runs.append(unique[new])
            self._merge()
        return is_new

    def _contains_sorted(self, keys: Keys) -> NDArray[np.bool_]:
        found = np.zeros(len(keys), dtype=np.bool_)
        for run in self._runs:
            place = np.searchsorted(run, keys)
            np.minimum(place, len(run) - 1, out=place)
            found |= run[place] == keys
        return found

    def _merge(self) -> None:
        while len(self._runs) > 1:
            older, newer = self._runs[-2:]
            if len(older) > 2 * len(newer) or len(older) + len(newer) > self._longest_run:
                return
            self._runs[-2:] = [np.insert(older, np.searchsorted(older, newer), newer)]
