"""`Index`: build, open, search, add and remove lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import (
    SentenceEncoder,
    iterate_texts,
    list_texts,
    open_recorded_encoder,
    require_same_encoder,
    unit_rows,
)
from babelite.errors import BabeliteError, quantity
from babelite.index.building import (
    build_parts,
    open_or_create,
    reserve_folder,
    set_kind,
    without_present,
    write_lines,
)
from babelite.index.description import (
    DESCRIPTION,
    IndexDescription,
    IndexKind,
    VectorType,
    read_index_description,
)
from babelite.index.index_parts import IndexProgress, OpenIndexPart, blocks_of
from babelite.index.row_storage import (
    PROBE_LINES,
    REMOVED,
    RowReader,
    read_removed,
    write_removed,
)
from babelite.neighbors import Neighbours, merge_neighbours, nearest_in_blocks, query_blocks
from babelite.storage import locked_folder

Lines = Iterable[str] | Mapping[str, Iterable[str]]

# Candidates of the parts per query, at least; the stored vectors rank them.
_CANDIDATES = 100
_QUERIES_PER_BLOCK = 64
# Rows of a query in which equal texts are folded, if there are not enough different ones before.
_FOLDED_ROWS = 10_000


class IndexHit(NamedTuple):
    """A line that was found.

    Attributes:
        cosine: Its cosine with the query, -1 to 1.
        row: Its row in the index, from 0; the argument of `Index.remove`.
        text: The line.
        source: The name of its file.
        line: Its line number in that file, from 1.
    """

    cosine: float
    row: int
    text: str
    source: str
    line: int


class Index:
    """Lines of text and their vectors in a folder; created by `Index.build` or `Index.open`.

    Text and vectors stay on disk. Several processes may search an index while one changes it; they
    see the change when they open it again. A pickle contains the path of the folder.

    Example:
        >>> import tempfile
        >>> from babelite.encoding import AdaptedEncoder
        >>> def letters(sentences):
        ...     return [[s.count("a") + 1, s.count("b"), s.count("c")] for s in sentences]
        >>> folder = tempfile.mkdtemp() + "/index"
        >>> index = Index.build(["aaa", "bbb", "ccc"], AdaptedEncoder("letters", letters), folder)
        >>> [[hit.text for hit in hits] for hits in index.search(["b", "c"], k=1)]
        [['bbb'], ['ccc']]
        >>> index.add({"more.txt": ["abc"]}), index.add({"more.txt": ["abc"]})
        ([], ['more.txt'])
        >>> index.remove(index.find(["bbb"]))
        1
        >>> index.search(["b"], k=1)[0][0].text, len(index)
        ('abc', 3)
    """

    def __init__(
        self, folder: Path, encoder: SentenceEncoder | None, *, allow_download: bool
    ) -> None:
        self.folder = folder
        self._given, self._checked, self._allow_download = encoder, False, allow_download
        self._load(read_index_description(folder))

    @classmethod
    def build(
        cls,
        lines: Lines,
        encoder: SentenceEncoder,
        out: str | Path,
        *,
        kind: IndexKind | None = None,
        precision: VectorType = "int8",
        spec: str | None = None,
        progress: IndexProgress | None = None,
    ) -> Index:
        """Build an index; after an interruption the same call resumes.

        Args:
            lines: The lines, or the lines of several sources by name. Blank lines have a row but
                are never found.
            encoder: The encoder of the vectors.
            out: Output folder, created if missing.
            kind: ``exact`` compares a query with every vector; ``ivf`` with the vectors of the
                nearest clusters; ``pq`` with their codes of 2 bits per component. The stored
                vectors rank the candidates of both. Default: the kind of the existing index; for a
                new one exact up to 250,000 lines, else pq.
            precision: The type of the stored vectors: ``int8``, or ``float16`` for twice the size.
            spec: The argument of `babelite.encoding.open_encoder` with which `Index.open` can open
                the encoder again.
            progress: Called with the name of the step, the lines done and their total (None if it
                is not known).

        Raises:
            BabeliteError: All lines are blank, or too few for the kind; ``out`` contains something
                else; the encoder failed or the disk is full. Lines encoded before are kept.
        """
        folder, report = Path(out), progress or _no_progress
        reserve_folder(folder)
        with locked_folder(folder):
            description = open_or_create(folder, encoder, spec, precision, kind)
            sources = _named(lines)
            description = write_lines(folder, description, sources, encoder, report, first=0)
            # Only now: a call that is refused must not change anything.
            description = set_kind(folder, description, kind)
            build_parts(folder, description, report)
        return cls(folder, encoder, allow_download=False)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        encoder: SentenceEncoder | None = None,
        *,
        allow_download: bool = False,
    ) -> Index:
        """Open an index.

        Args:
            folder: The folder.
            encoder: The encoder of its vectors; opened when it is needed if not given.
            allow_download: See `babelite.encoding.open_encoder`.

        Raises:
            BabeliteError: The folder is not a finished, complete index.
        """
        return cls(Path(folder), encoder, allow_download=allow_download)

    def __reduce__(self) -> tuple[Callable[[], Index], tuple[()]]:
        # The folder, not its contents: the newest state is opened.
        folder, download = self.folder.absolute(), self._allow_download
        return partial(type(self).open, folder, self._given, allow_download=download), ()

    def __len__(self) -> int:
        return self.description.contents.rows - self.description.contents.blank - len(self._removed)

    @property
    def encoder(self) -> SentenceEncoder:
        """The encoder of the vectors; an error if it does not open or gives other vectors."""
        recorded = self.description.encoder
        if self._given is None:
            self._given = open_recorded_encoder(
                recorded,
                self.folder,
                allow_download=self._allow_download,
                argument="Index.open(folder, encoder)",
            )
        if not self._checked:
            texts, vectors = self._reader.first_lines(PROBE_LINES)
            require_same_encoder(recorded, self._given, self.folder, "index", texts, vectors)
            self._checked = True
        return self._given

    def search(
        self, queries: Iterable[str] | NDArray[np.floating], k: int = 5
    ) -> list[list[IndexHit]]:
        """Find the lines that are nearest in meaning to each query.

        Equal lines are one hit, the first of them; `find` gives the rows of all. Among the nearest
        10,000 rows, that is: a text that is repeated more often hides the lines behind it.

        Args:
            queries: Sentences in any language of the encoder, or their vectors, shape (n, dim).
            k: The number of lines to find per query; all if there are fewer.

        Returns:
            The hits of each query, best first, those of equal cosine in the order of the lines;
            none for a query whose vector is zero: a blank one, or one that the encoder cannot
            read. Such lines are no hits.

        Raises:
            BabeliteError: All lines were removed, or the numbers of components differ.
            ValueError: ``k`` is below 1.
        """
        if isinstance(queries, np.ndarray) and queries.dtype.kind in "fiu":
            vectors = unit_rows(queries)
        else:
            vectors = unit_rows(self.encoder.encode(list_texts(queries)))
        results: list[list[IndexHit]] = [[] for _ in vectors]
        places, count = np.flatnonzero(vectors.any(axis=1)), k
        most = min(max(k, _FOLDED_ROWS), len(self))
        while True:
            found = self.nearest(vectors[places], count)
            for place, cosines, rows in zip(places, *found, strict=True):
                results[place] = self._distinct_hits(cosines, rows, k)
            places = np.array([i for i in places if len(results[i]) < k], np.int64)
            if not len(places) or count >= most:
                return results
            count = min(4 * count, most)

    def nearest(self, vectors: NDArray[np.floating], k: int) -> Neighbours:
        """Find the rows of highest cosine for each query.

        Args:
            vectors: Array of shape (n, dim).
            k: The number of rows to find.

        Returns:
            Cosines with the stored vectors, and rows, both of shape (n, min(k, len(self))). Errors
            are those of `search`.
        """
        queries = unit_rows(vectors)
        if queries.shape[1] != (dim := self.description.encoder.dim):
            problem = f"has vectors of {dim} components, but the queries have {queries.shape[1]}"
            hint = "encode both with the same model"
            raise BabeliteError(problem, code="dimension-mismatch", path=self.folder, hint=hint)
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        if not len(self):
            problem = "all lines were removed"
            raise BabeliteError(problem, code="input-empty", path=self.folder, hint="add some")
        k, rows = min(k, len(self)), self.description.contents.rows
        if not self._parts:
            return nearest_in_blocks(queries, self._vectors(0, rows), k)
        rest = nearest_in_blocks(queries, self._vectors(self.description.covered, rows), k)
        result = merge_neighbours([self._from_parts(queries, k), rest], k)
        # If the probed clusters have too few lines, all lines are compared.
        short = (result.indices < 0).any(axis=1)
        if short.any():
            exact = nearest_in_blocks(queries[short], self._vectors(0, rows), k)
            result.scores[short], result.indices[short] = exact
        return result

    def add(self, lines: Lines, *, progress: IndexProgress | None = None) -> list[str]:
        """Add lines; they are found when all of them are written.

        After an interruption the same call resumes. A source that the index already contains, with
        the same name and the same lines, is not added again, unless all its lines were removed.
        Lines without a name are always added. Arguments and errors are those of `build`.

        Returns:
            The names of the sources that were not added again.
        """
        report = progress or _no_progress
        with locked_folder(self.folder):
            self._load(read_index_description(self.folder))
            first = len(self.description.contents.sources)
            present, encoder = list[str](), self.encoder
            if isinstance(lines, Mapping):
                lines, present = without_present(self._reader, self._present_sources(), lines)
                if not lines:
                    return present
            description = write_lines(
                self.folder, self.description, _named(lines), encoder, report, first=first
            )
            description = build_parts(self.folder, description, report)
        self._load(description)
        return present

    def _present_sources(self) -> list[tuple[str, int, int]]:
        """Name, first row and end of each source that has lines, without those all removed."""
        rows = zip(self._firsts[:-1].tolist(), self._firsts[1:].tolist(), strict=True)
        sources = zip(self.description.contents.sources, rows, strict=True)
        return [
            (source.name, first, end)
            for source, (first, end) in sources
            if any(len(found) for found, _ in self._vectors(first, end))
        ]

    def remove(self, rows: Iterable[int]) -> int:
        """Remove rows; other rows keep their numbers.

        Args:
            rows: Rows from `IndexHit.row` or `find`; a row that does not exist raises an error.

        Returns:
            The number of lines removed, without blank lines and lines removed before.
        """
        with locked_folder(self.folder):
            self._load(read_index_description(self.folder))
            chosen = np.unique(np.fromiter(rows, np.int64))
            count = self.description.contents.rows
            if len(chosen) and not 0 <= chosen[0] <= chosen[-1] < count:
                wrong = chosen[0] if chosen[0] < 0 else chosen[-1]
                problem, hint = f"has no row {wrong}", f"rows are 0 to {count - 1}"
                raise BabeliteError(problem, code="option-invalid", path=self.folder, hint=hint)
            text = chosen[self._reader.lengths(chosen) > 0]
            new = np.setdiff1d(text, self._removed)
            write_removed(self.folder, np.union1d(self._removed, new))
            self._load(self.description)
        return len(new)

    def find(self, texts: Iterable[str]) -> list[int]:
        """The rows whose text equals one of these, without removed ones."""
        given = sorted(texts) if isinstance(texts, set | frozenset) else texts  # in any order
        wanted = {t.encode("utf-8", "replace") for t in iterate_texts(given) if t.strip()}
        rows = [
            start + place
            for start, stop in blocks_of(0, self.description.contents.rows)
            for place, text in enumerate(self._reader.texts_as_bytes(start, stop))
            if text in wanted
        ]
        found: list[int] = np.setdiff1d(np.array(rows, np.int64), self._removed).tolist()
        return found

    def _load(self, description: IndexDescription) -> None:
        if not description.contents.rows:
            problem = f"is not finished ({quantity(description.on_disk.rows, 'line')} so far)"
            hint = "run the same command again; it resumes"
            raise BabeliteError(problem, code="run-incomplete", path=self.folder, hint=hint)
        self.description = description
        self._reader = RowReader(self.folder, description, description.contents)
        self._removed = read_removed(self.folder, description.contents.rows)
        checksums = description.has_checksums
        self._parts = [
            OpenIndexPart(self.folder, part, checksums=checksums) for part in description.parts
        ]
        self._firsts = np.cumsum([0, *(s.lines for s in description.contents.sources)])

    def _hit(self, cosine: float, row: int) -> IndexHit:
        source = int(np.searchsorted(self._firsts, row, "right")) - 1
        name = self.description.contents.sources[source].name
        line = row - int(self._firsts[source]) + 1
        return IndexHit(cosine, row, self._reader.text(row), name, line)

    def _distinct_hits(
        self, cosines: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> list[IndexHit]:
        """The first ``k`` hits of different texts, without zero vectors (unreadable text)."""
        hits: dict[str, IndexHit] = {}
        for cosine, row in zip(cosines.tolist(), rows.tolist(), strict=True):
            if not cosine and not self._reader.vectors(slice(row, row + 1)).any():
                continue
            hit = self._hit(cosine, row)
            hits.setdefault(hit.text, hit)
            if len(hits) == k:
                break
        return list(hits.values())

    def _vectors(
        self, start: int, stop: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The rows that are not blank or removed, and their vectors, block by block."""
        for first, last in blocks_of(start, stop):
            keep = ~self._reader.blank(first, last)
            inside = slice(*np.searchsorted(self._removed, (first, last)))
            keep[self._removed[inside] - first] = False
            rows = np.flatnonzero(keep) + first
            yield rows, self._reader.vectors(slice(first, last) if keep.all() else rows)

    def _from_parts(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The candidates of the parts, ranked by the stored vectors; -1 where there are too few."""
        count = max(_CANDIDATES, 2 * k)
        components = count * len(self._parts) * queries.shape[1]
        scores = np.empty((len(queries), k), np.float32)
        indices = np.empty((len(queries), k), np.int64)
        for block in query_blocks(len(queries), components, largest=_QUERIES_PER_BLOCK):
            chosen = queries[block]
            rows = np.hstack([p.candidates(chosen, count, self._removed) for p in self._parts])
            vectors = self._reader.vectors(rows.clip(0).ravel()).reshape(*rows.shape, -1)
            cosines = np.einsum("qd,qkd->qk", chosen, vectors)
            cosines[rows < 0] = -np.inf
            scores[block], indices[block] = merge_neighbours([Neighbours(cosines, rows)], k)
        return Neighbours(scores, indices)


def index_version(folder: Path) -> tuple[int, ...]:
    """A value that differs whenever a process has changed the index in a folder."""
    files = (folder / DESCRIPTION, folder / REMOVED)
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _no_progress(step: str, done: int, total: int | None) -> None:
    pass


def _named(lines: Lines) -> Mapping[str, Iterable[str]]:
    if isinstance(lines, Mapping):
        return {str(name): texts for name, texts in lines.items()}
    return {"lines": lines}
