"""The parts of a large index: FAISS structures that each cover up to a million rows.

A part is made in the memory it needs itself and then left alone, so that neither the size of a
corpus nor lines added later cost more than the rows concerned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.index.description import IndexDescription, Kind, Part
from babelite.index.row_storage import Storage, from_stored
from babelite.storage import writing_atomically

# What is done, how much of it, and of how much if that is known.
Progress = Callable[[str, int, int | None], None]

# Up to so many rows are compared one by one: a tenth of a second a query.
EXACT_ROWS = 250_000
PART_ROWS = 1_000_000
MIN_PART_ROWS = 1_000

BLOCK_ROWS = 4096
_ROWS_A_CENTROID = 64  # in training; FAISS asks for 39 at least
# One list in so many is looked into: of the ten nearest lines 97 or 98 % are found (see
# benchmarks/index.py), and twice as many lists would cost twice the time for one percent more.
_LISTS_A_PROBE = 16
_MIN_PROBES = 64


def plan(description: IndexDescription) -> list[Part]:
    """The parts that an index still needs.

    Args:
        description: Of an index whose lines are all there.

    Returns:
        Parts to make, in order; none if what they do not cover is best compared one by one.
    """
    rows, covered, kind = description.contents.rows, description.covered, description.kind
    if kind == "exact":
        return []
    # Stored vectors rank what the codes of pq suggest: as much is found, faster and in less space.
    chosen: Literal["ivf", "pq"] = kind or "pq"
    if kind is None or covered:
        if rows - covered <= EXACT_ROWS:
            return []
    elif rows < MIN_PART_ROWS:
        return []
    count = math.ceil((rows - covered) / PART_ROWS)
    edges = np.linspace(covered, rows, count + 1).astype(int).tolist()
    return [
        Part(kind=chosen, start=start, stop=stop, file=f"{chosen}-{start}-{stop}.faiss")
        for start, stop in pairwise(edges)
    ]


def require_enough_rows(kind: Kind | None, rows: int) -> None:
    """Raise if there is too little for a kind of index to be made of.

    Raises:
        BabeliteError: There is.
    """
    if kind in ("ivf", "pq") and rows < MIN_PART_ROWS:
        raise BabeliteError(
            f"an index of the kind {kind} needs {MIN_PART_ROWS:,} lines, and there are {rows:,}",
            hint="leave --kind out",
        )


def make_part(folder: Path, storage: Storage, part: Part, progress: Progress) -> None:
    """Train a part on a sample of its rows and write it.

    Args:
        folder: The folder of the index.
        storage: Its rows.
        part: What to make.
        progress: Told how far it is.
    """
    import faiss

    rows = np.arange(part.start, part.stop)[~storage.blank(part.start, part.stop)]
    index = _empty(storage.stored.shape[1], len(rows), part.kind)
    progress("training", 0, None)
    drawn = np.random.default_rng(0).permutation(len(rows))[: _ROWS_A_CENTROID * index.nlist]
    # A part of blank lines alone has nothing to learn from, and needs nothing.
    sample = rows[np.sort(drawn)] if len(rows) else np.array([part.start])
    index.train(from_stored(storage.stored[sample]))
    progress("arranging", 0, len(rows))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        index.add_with_ids(from_stored(storage.stored[block]), block)
        progress("arranging", start + len(block), len(rows))
    try:
        with writing_atomically(folder / part.file) as temporary:
            faiss.write_index(index, str(temporary))
    except RuntimeError as error:  # as FAISS says that a disk is full
        raise BabeliteError(
            f"cannot be written ({error})".splitlines()[0],
            path=folder / part.file,
            hint="free some space and give the command again, and it goes on",
        ) from error


def _empty(dim: int, rows: int, kind: Literal["ivf", "pq"]) -> Any:  # noqa: ANN401
    """An untrained structure of a size that suits a number of rows."""
    import faiss

    lists = 2 ** round(math.log2(max(1.0, 2 * math.sqrt(rows))))
    if rows < MIN_PART_ROWS:  # of more lines, most of them blank
        lists, code = 1, "Flat"
    elif kind == "ivf":
        code = "SQ8"
    else:
        # "np" leaves out an ordering of the codes that takes minutes and serves another search.
        code = f"PQ{max(m for m in range(1, max(1, dim // 4) + 1) if dim % m == 0)}np"
    index: Any = faiss.index_factory(dim, f"IVF{lists},{code}", faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1  # else it writes warnings about small samples
    if code.startswith("PQ"):
        training = index.pq.cp  # more points and rounds take minutes and gain nothing
        training.min_points_per_centroid, training.max_points_per_centroid = 1, 128
        training.niter = 10
    return index


class OpenPart:
    """A part, mapped into memory.

    Args:
        folder: The folder of the index.
        part: Which part.

    Raises:
        BabeliteError: Its file is missing or damaged.
    """

    def __init__(self, folder: Path, part: Part) -> None:
        import faiss

        path = folder / part.file
        try:
            self._index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            problem = "is damaged or cut off" if path.exists() else "is missing from the index"
            raise BabeliteError(
                problem, path=path, hint="copy the index again or make it again"
            ) from error

    def candidates(
        self, queries: NDArray[np.float32], count: int, removed: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Rows that are probably among the nearest.

        Args:
            queries: float32 array of shape (n, dim), rows of unit length.
            count: How many to find for each.
            removed: Rows that must not be found.

        Returns:
            Rows, of shape (n, count), in no order; -1 where fewer were found.
        """
        import faiss

        lists = self._index.nlist
        probes = min(lists, max(_MIN_PROBES, lists // _LISTS_A_PROBE))
        options: dict[str, Any] = {"nprobe": probes}
        if len(removed):
            batch = faiss.IDSelectorBatch(removed)
            options["sel"] = faiss.IDSelectorNot(batch)
        parameters = faiss.SearchParametersIVF(**options)
        found: NDArray[np.int64] = self._index.search(queries, count, params=parameters)[1]
        return found


def blocks_of(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a range of rows into blocks."""
    for first in range(start, stop, BLOCK_ROWS):
        yield first, min(first + BLOCK_ROWS, stop)
