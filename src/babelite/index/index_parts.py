"""Parts of a large index: FAISS structures (IVF or IVF-PQ) that each cover up to a million rows.

Building a part needs the memory of one part, and a part never changes. So memory does not grow with
the corpus, and lines added later take time in proportion to their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from babelite.errors import BabeliteError
from babelite.index.description import (
    IndexDescription,
    IndexKind,
    IndexPart,
    damaged_index,
    disk_full,
)
from babelite.index.row_storage import RowReader
from babelite.neighbors import load_faiss
from babelite.storage import CheckedFile, checksums_path, write_checksums, writing_atomically

# Receives the name of a step, how many rows of it are done, and their total if it is known.
IndexProgress = Callable[[str, int, int | None], None]

# An index without parts up to this size: a few hundredths of a second per query.
EXACT_ROWS = 250_000
PART_ROWS = 1_000_000
MIN_PART_ROWS = 1_000

BLOCK_ROWS = 4096
_TRAINING_ROWS_PER_CENTROID = 64  # FAISS asks for at least 39
# One in this many lists is probed. It finds 97 to 98 % of the ten nearest lines; twice as many
# probes take twice the time and find one percent more (benchmarks/index.py).
LISTS_PER_PROBE = 16
_MIN_PROBES = 64
_ID_BYTES = 8  # of the row number of an entry of a list


def plan_parts(description: IndexDescription) -> list[IndexPart]:
    """The parts to build, in order, for an index whose lines are complete."""
    rows, covered, kind = description.contents.rows, description.covered, description.kind
    if kind == "exact":
        return []
    # The stored vectors rank what pq finds: the result is as good, faster and smaller.
    chosen: Literal["ivf", "pq"] = kind or "pq"
    # Below this size the rows are compared one by one.
    smallest = EXACT_ROWS + 1 if kind is None or covered else MIN_PART_ROWS
    if rows - covered < smallest:
        return []
    count = math.ceil((rows - covered) / PART_ROWS)
    edges = np.linspace(covered, rows, count + 1).astype(int).tolist()
    return [
        IndexPart(kind=chosen, start=start, stop=stop, file=f"{chosen}-{start}-{stop}.faiss")
        for start, stop in pairwise(edges)
    ]


def require_enough_rows(kind: IndexKind | None, rows: int) -> None:
    """Raise if there are too few rows for a kind of index."""
    if kind in ("ivf", "pq") and rows < MIN_PART_ROWS:
        problem = f"an index of kind {kind} needs {MIN_PART_ROWS:,} lines, but there are {rows:,}"
        raise BabeliteError(problem, code="too-few", hint="leave out the kind")


def build_part(folder: Path, reader: RowReader, part: IndexPart, progress: IndexProgress) -> None:
    """Train a part on a sample of its rows, add all of them, and write its file."""
    faiss = load_faiss()
    rows = np.arange(part.start, part.stop)[~reader.blank(part.start, part.stop)]
    index = _empty(reader.dim, len(rows), part.kind)
    progress("training", 0, None)
    size = _TRAINING_ROWS_PER_CENTROID * index.nlist
    drawn = np.random.default_rng(0).permutation(len(rows))[:size]
    # A part with blank lines only is trained on one of them.
    sample = rows[np.sort(drawn)] if len(rows) else np.array([part.start])
    index.train(reader.vectors(sample))
    progress("clustering", 0, len(rows))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        index.add_with_ids(reader.vectors(block), block)
        progress("clustering", start + len(block), len(rows))
    path = folder / part.file
    try:
        with writing_atomically(path) as temporary:
            faiss.write_index(index, str(temporary))
            write_checksums(temporary, path, _head_bytes(index, temporary))
    except RuntimeError as error:  # raised by FAISS if the disk is full
        raise disk_full(path, str(error).splitlines()[0]) from error


def is_built(folder: Path, part: IndexPart) -> bool:
    """Whether a part was built completely."""
    path = folder / part.file
    return path.exists() and checksums_path(path).exists()


def add_part_checksums(folder: Path, part: IndexPart) -> None:
    """Write the checksums of a part of an earlier version, which had none."""
    path = folder / part.file
    write_checksums(path, path, _head_bytes(_mapped(path), path))


def remove_other_parts(folder: Path, parts: Sequence[IndexPart]) -> None:
    """Delete the files of all parts but these; of a killed process only one of two may exist."""
    kept = {part.file for part in parts}
    for path in folder.glob("*.faiss*"):
        if path.name.removesuffix(".crc") not in kept:
            path.unlink(missing_ok=True)


def _head_bytes(index: Any, path: Path) -> int:  # noqa: ANN401
    """The bytes of an IVF index on disk before the entries of its lists, which are last."""
    return int(path.stat().st_size - index.ntotal * (index.invlists.code_size + _ID_BYTES))


def _mapped(path: Path) -> Any:  # noqa: ANN401
    """An IVF index mapped into memory."""
    faiss = load_faiss()
    try:
        index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    except RuntimeError as error:
        problem = "is damaged or truncated" if path.exists() else "is missing"
        raise damaged_index(path, problem) from error
    # FAISS would start 32 threads per query that read ahead, and wait for them at the next one:
    # slower if the file is in memory, and a crash in a forked process, which lacks them.
    faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
    return index


def _empty(dim: int, rows: int, kind: Literal["ivf", "pq"]) -> Any:  # noqa: ANN401
    """An untrained FAISS index with a number of lists that suits the number of rows."""
    faiss = load_faiss()
    lists = 2 ** round(math.log2(max(1.0, 2 * math.sqrt(rows))))
    if rows < MIN_PART_ROWS:  # most lines are blank
        lists, code = 1, "Flat"
    elif kind == "ivf":
        code = "SQ8"
    else:
        # "np" omits an ordering of the codes that takes minutes and is needed by another search.
        code = f"PQ{max(m for m in range(1, max(1, dim // 4) + 1) if dim % m == 0)}np"
    index: Any = faiss.index_factory(dim, f"IVF{lists},{code}", faiss.METRIC_INNER_PRODUCT)
    index.cp.min_points_per_centroid = 1  # otherwise it prints warnings about small samples
    if code.startswith("PQ"):
        training = index.pq.cp  # more points and iterations take minutes without gain
        training.min_points_per_centroid, training.max_points_per_centroid = 1, 128
        training.niter = 10
    return index


class OpenIndexPart:
    """A part mapped into memory; what a search reads of it is verified first."""

    def __init__(self, folder: Path, part: IndexPart, *, checksums: bool) -> None:
        path = folder / part.file
        self._file = CheckedFile(path, 0, damaged_index, checksums=False)
        head = size = 0
        if checksums:
            size = path.stat().st_size
            self._file = CheckedFile(path, size, damaged_index)
            head = self._file.first_block_end
            # A damaged head could make FAISS read beyond the end of the file.
            self._file.verify(0, head)
        self._index: Any = _mapped(path)
        lists = self._index.invlists
        sizes = np.array([lists.list_size(i) for i in range(self._index.nlist)], np.int64)
        self._ends = head + np.cumsum(sizes * (lists.code_size + _ID_BYTES))
        if checksums and (int(self._ends[-1]) if len(self._ends) else head) != size:
            raise damaged_index(path, "is truncated")
        self._verified = sizes == 0 if checksums else np.ones(len(sizes), bool)

    def candidates(
        self,
        queries: NDArray[np.float32],
        count: int,
        selector: Any,  # noqa: ANN401
    ) -> NDArray[np.int64]:
        """Rows (n, count) probably nearest to queries (n, dim), unordered; -1 if fewer exist.

        ``selector`` is the result of `row_selector`.
        """
        faiss = load_faiss()
        lists = self._index.nlist
        probes = min(lists, max(_MIN_PROBES, lists // LISTS_PER_PROBE))
        options: dict[str, Any] = {"nprobe": probes}
        if selector is not None:
            options["sel"] = selector
        parameters = faiss.SearchParametersIVF(**options)
        if not self._verified.all():
            self._verify_lists(self._index.quantizer.search(queries, probes)[1])
        found: NDArray[np.int64] = self._index.search(queries, count, params=parameters)[1]
        return found

    def _verify_lists(self, probed: NDArray[np.int64]) -> None:
        """Verify the entries of lists that are read for the first time."""
        for number in np.unique(probed[~self._verified[probed]]).tolist():
            start = self._ends[number - 1] if number else self._file.first_block_end
            self._file.verify(int(start), int(self._ends[number]))
            self._verified[number] = True


def row_selector(removed: NDArray[np.int64], selected: NDArray[np.bool_] | None) -> Any:  # noqa: ANN401
    """FAISS's selector of the rows that are selected, or of all that are not removed."""
    faiss = load_faiss()
    if selected is not None:
        return faiss.IDSelectorBitmap(np.packbits(selected, bitorder="little"))
    return faiss.IDSelectorNot(faiss.IDSelectorBatch(removed)) if len(removed) else None


def blocks_of(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a range of rows into blocks."""
    for first in range(start, stop, BLOCK_ROWS):
        yield first, min(first + BLOCK_ROWS, stop)
