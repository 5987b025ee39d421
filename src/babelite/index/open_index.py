"""One state of an index, opened for reading: selecting rows, searching them, their contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.errors import BabeliteError, quantity
from babelite.index.description import IndexDescription
from babelite.index.fields import ID, IndexRow, Where, matches, row_of
from babelite.index.index_parts import (
    LISTS_PER_PROBE,
    OpenIndexPart,
    blocks_of,
    row_selector,
)
from babelite.index.int8_scan import SCANNED_QUERIES, Int8Scan, scanned_blocks
from babelite.index.row_storage import RowReader, read_removed
from babelite.neighbors import Neighbours, merge_neighbours, nearest_in_blocks, query_blocks

# Candidates of the parts per query, at least; the stored vectors rank them.
_CANDIDATES = 100
_QUERIES_PER_BLOCK = 64
# Rows of a query in which equal texts are folded, if there are not enough different ones before.
_FOLDED_ROWS = 10_000
# Cosines of equal texts differ by less: the encoder rounds, and so do the stored vectors.
_EQUAL_TEXTS = 1e-3
# Up to this number of rows that pass a filter are compared one by one.
_FEW_ROWS = 20_000


class IndexHit(NamedTuple):
    """A line that was found.

    Attributes:
        cosine: Its cosine with the query, -1 to 1.
        row: Its row in the index, from 0; the argument of `Index.remove`.
        text: The line.
        source: The name of its file.
        line: Its line number in that file, from 1.
        id: Its id, if it has one.
        fields: The values of its fields by name.
        equal_lines: The number of equal lines that are this hit, itself included.
    """

    cosine: float
    row: int
    text: str
    source: str
    line: int
    id: str | None = None
    fields: Mapping[str, Any] = {}
    equal_lines: int = 1


class Wanted(NamedTuple):
    """Which hits are wanted; see `babelite.index.Index.search`."""

    k: int
    where: Where
    min_score: float
    distinct: bool


class OpenIndex:
    """The rows of an index as a description describes them; `select` gives masks of rows."""

    def __init__(self, folder: Path, description: IndexDescription) -> None:
        rows = description.contents.rows
        if not rows:
            problem = f"is not finished ({quantity(description.on_disk.rows, 'line')} so far)"
            hint = "run the same command again; it resumes"
            raise BabeliteError(problem, code="run-incomplete", path=folder, hint=hint)
        self.folder, self.description = folder, description
        self.reader = RowReader(folder, description, description.contents)
        self.removed = read_removed(folder, description.removed, rows)
        checksums = description.has_checksums
        self._parts = [
            OpenIndexPart(folder, part, checksums=checksums) for part in description.parts
        ]
        self._scan = Int8Scan(self.reader) if description.precision == "int8" else None
        self._firsts = np.cumsum([0, *(s.lines for s in description.contents.sources)])

    def __len__(self) -> int:
        contents = self.description.contents
        return contents.rows - contents.blank - len(self.removed)

    def present_sources(self) -> list[tuple[str, int, int]]:
        """Name, first row and end of each source that has lines, without those all removed."""
        rows = zip(self._firsts[:-1].tolist(), self._firsts[1:].tolist(), strict=True)
        sources = zip(self.description.contents.sources, rows, strict=True)
        return [
            (source.name, first, end)
            for source, (first, end) in sources
            if any(len(found) for found, _ in self._vectors(first, end))
        ]

    def row(self, row: int) -> IndexRow:
        """The text, the id and the fields of a row."""
        return row_of(self.reader.text(row), self.reader.fields.values(row))

    def rows(self, rows: Iterable[int]) -> list[IndexRow]:
        """The text, the id and the fields of each row."""
        return [self.row(row) for row in self._existing(rows).tolist()]

    # --- selecting --------------------------------------------------------------------------------

    def select(self, where: Where | None, rows: Iterable[int] | None) -> NDArray[np.bool_] | None:
        """The mask of rows that are searched; None for all rows."""
        return None if where is None and rows is None else self.mask(where, rows)

    def mask(self, where: Where | None, rows: Iterable[int] | None) -> NDArray[np.bool_]:
        """Which of the given rows, or of all, pass a filter and are not blank or removed."""
        count = self.description.contents.rows
        selected = self.reader.fields.passing(where or {})
        if rows is not None:
            given = np.zeros(count, bool)
            given[self._existing(rows)] = True
            selected &= given
        selected[self.removed] = False
        found = np.flatnonzero(selected)
        selected[found[self.reader.lengths(found) == 0]] = False
        return selected

    def _existing(self, rows: Iterable[int]) -> NDArray[np.int64]:
        """Rows as an array; an error if one does not exist."""
        chosen = np.asarray(rows if isinstance(rows, Sequence | np.ndarray) else [*rows], np.int64)
        count = self.description.contents.rows
        if len(chosen) and not 0 <= (least := chosen.min()) <= chosen.max() < count:
            wrong = least if least < 0 else chosen.max()
            problem, hint = f"has no row {wrong}", f"rows are 0 to {count - 1}"
            raise BabeliteError(problem, code="option-invalid", path=self.folder, hint=hint)
        return chosen

    def find(
        self, texts: Iterable[str] | None, ids: Iterable[str] | None, where: Where | None
    ) -> list[int]:
        """See `babelite.index.Index.find`."""
        wanted_ids = None if ids is None else {str(id) for id in ids}
        where = {**(where or {}), **({} if wanted_ids is None else {ID: wanted_ids})}
        selected = self.mask(where, None)
        rows: list[int] = np.flatnonzero(selected).tolist()
        if wanted_ids is not None:
            rows = [row for row in rows if self.reader.fields.values(row).get(ID) in wanted_ids]
        if texts is None:
            return rows
        wanted = {text.encode("utf-8", "replace") for text in texts if text.strip()}
        equal = [
            start + place
            for start, stop in blocks_of(0, self.description.contents.rows)
            for place, text in enumerate(self.reader.texts_as_bytes(start, stop))
            if text in wanted
        ]
        found: list[int] = np.intersect1d(np.array(equal, np.int64), rows).tolist()
        return found

    # --- searching --------------------------------------------------------------------------------

    def search(
        self, queries: NDArray[np.float32], wanted: Wanted, selected: NDArray[np.bool_] | None
    ) -> list[list[IndexHit]]:
        """The hits of unit rows (n, dim) among the selected rows; none for a zero vector."""
        results: list[list[IndexHit]] = [[] for _ in queries]
        places = np.flatnonzero(queries.any(axis=1))
        available = len(self) if selected is None else int(selected.sum())
        most = min(max(wanted.k, _FOLDED_ROWS), available)
        count = 2 * wanted.k + 8  # shows whether lines that equal the last hit follow
        while len(places) and available:
            found = self.nearest(queries[places], count, selected)
            unfinished = []
            for place, cosines, rows in zip(places.tolist(), *found, strict=True):
                results[place], finished = self._hits(cosines, rows, wanted)
                if not finished and count < most:
                    unfinished.append(place)
            places, count = np.array(unfinished, np.int64), min(4 * count, most)
        return results

    def nearest(
        self, queries: NDArray[np.float32], k: int, selected: NDArray[np.bool_] | None
    ) -> Neighbours:
        """The selected rows nearest to unit rows (n, dim): exact if few are selected."""
        rows, covered = self.description.contents.rows, self.description.covered
        available = len(self) if selected is None else int(selected.sum())
        k = min(k, available)
        few = max(_FEW_ROWS, covered // LISTS_PER_PROBE)
        if selected is not None and available <= few:
            return nearest_in_blocks(queries, self._vectors(0, rows, selected), k)
        if not self._parts or not k:
            return self._compare(queries, k, 0, rows, selected)
        rest = self._compare(queries, k, covered, rows, selected)
        found = self._from_parts(queries, k, row_selector(self.removed, selected))
        result = merge_neighbours([found, rest], k)
        # If the probed clusters have too few lines, all lines are compared.
        short = (result.indices < 0).any(axis=1)
        if short.any():
            exact = self._compare(queries[short], k, 0, rows, selected)
            result.scores[short], result.indices[short] = exact
        return result

    def _compare(
        self,
        queries: NDArray[np.float32],
        k: int,
        start: int,
        stop: int,
        selected: NDArray[np.bool_] | None,
    ) -> Neighbours:
        """The nearest of all rows in a range."""
        if self._scan is None or not 0 < len(queries) <= SCANNED_QUERIES:
            return nearest_in_blocks(queries, self._vectors(start, stop, selected), k)
        blocks = [
            (first, last, self._searched(first, last, selected))
            for first, last in scanned_blocks(start, stop)
        ]
        found = [
            nearest_in_blocks(query, self._scan.near(query, k, blocks), k)
            for query in queries[:, None]
        ]
        return Neighbours(*map(np.concatenate, zip(*found, strict=True)))

    def _hits(
        self, cosines: NDArray[np.float32], rows: NDArray[np.int64], wanted: Wanted
    ) -> tuple[list[IndexHit], bool]:
        """The wanted hits among rows, best first, and whether later rows cannot change them.

        Zero vectors, of unreadable text, are no hits.
        """
        hits: dict[str | int, IndexHit] = {}
        last = 0.0
        for cosine, row in zip(cosines.tolist(), rows.tolist(), strict=True):
            full = len(hits) == wanted.k
            if cosine < wanted.min_score or (
                full and (cosine < last - _EQUAL_TEXTS or not wanted.distinct)
            ):
                return [*hits.values()], True
            if not cosine and not self.reader.vectors(slice(row, row + 1)).any():
                continue
            text = self.reader.text(row)
            key = text if wanted.distinct else row
            if full and key not in hits:
                continue
            values = self.reader.fields.values(row)
            if not matches(values, wanted.where):  # only the hash of the value is equal
                continue
            if key in hits:
                hits[key] = hits[key]._replace(equal_lines=hits[key].equal_lines + 1)
                continue
            hits[key], last = self._hit(cosine, row, row_of(text, values)), cosine
        return [*hits.values()], False

    def _hit(self, cosine: float, row: int, content: IndexRow) -> IndexHit:
        source = int(np.searchsorted(self._firsts, row, "right")) - 1
        name = self.description.contents.sources[source].name
        line = row - int(self._firsts[source]) + 1
        fields = dict(content.fields)
        return IndexHit(cosine, row, content.text, name, line, content.id, fields)

    def _vectors(
        self, start: int, stop: int, selected: NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Rows that are not blank or removed, and their vectors, block by block."""
        if selected is not None:
            chosen = np.flatnonzero(selected[start:stop]) + start
            for first, last in blocks_of(0, len(chosen)):
                yield chosen[first:last], self.reader.vectors(chosen[first:last])
            return
        for first, last in blocks_of(start, stop):
            keep = self._searched(first, last, None)
            rows = np.flatnonzero(keep) + first
            yield rows, self.reader.vectors(slice(first, last) if keep.all() else rows)

    def _searched(
        self, first: int, last: int, selected: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_]:
        """Which rows of a block are searched: not blank, not removed, selected."""
        if selected is not None:
            return selected[first:last]
        keep = ~self.reader.blank(first, last)
        inside = slice(*np.searchsorted(self.removed, (first, last)))
        keep[self.removed[inside] - first] = False
        return keep

    def _from_parts(
        self,
        queries: NDArray[np.float32],
        k: int,
        selector: Any,  # noqa: ANN401
    ) -> Neighbours:
        """The candidates of the parts, ranked by the stored vectors; -1 where there are too few."""
        count = max(_CANDIDATES, 2 * k)
        components = count * len(self._parts) * queries.shape[1]
        scores = np.empty((len(queries), k), np.float32)
        indices = np.empty((len(queries), k), np.int64)
        for block in query_blocks(len(queries), components, largest=_QUERIES_PER_BLOCK):
            chosen = queries[block]
            rows = np.hstack([p.candidates(chosen, count, selector) for p in self._parts])
            vectors = self.reader.vectors(rows.clip(0).ravel()).reshape(*rows.shape, -1)
            cosines = np.einsum("qd,qkd->qk", chosen, vectors)
            cosines[rows < 0] = -np.inf
            scores[block], indices[block] = merge_neighbours([Neighbours(cosines, rows)], k)
        return Neighbours(scores, indices)
