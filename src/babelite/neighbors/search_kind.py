"""Choice of search kind: exact search, or approximate search by clusters."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from babelite.neighbors.ranking import Neighbours

SearchKind = Literal["auto", "exact", "clusters"]
SEARCH_KINDS: tuple[SearchKind, ...] = get_args(SearchKind)

# ``auto`` is exact up to this number of comparisons: ten seconds on two cores.
_EXACT_COMPARISONS = 2e9


class Searcher(Protocol):
    """Finds the nearest candidates of blocks of queries: `ExactSearch` or `ClusterSearch`."""

    def nearest(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The ``k`` candidates of highest cosine of each query, best first.

        Args:
            queries: Unit rows, shape (n, dim).
            k: The number of candidates to find, at most all.

        Returns:
            Cosines and rows, both of shape (n, k).
        """
        ...


def choose_search_kind(kind: SearchKind, queries: int, candidates: int) -> SearchKind:
    """Replace ``auto``: exact search up to two billion comparisons, else search by clusters.

    Example:
        >>> choose_search_kind("auto", 10_000, 10_000), choose_search_kind("auto", 10**6, 10**6)
        ('exact', 'clusters')
    """
    if kind != "auto":
        return kind
    return "exact" if queries * candidates <= _EXACT_COMPARISONS else "clusters"
