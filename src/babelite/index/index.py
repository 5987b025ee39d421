"""The index: sentences added and removed, and found by meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import (
    SentenceEncoder,
    open_recorded_encoder,
    require_same_encoder,
    unit_rows,
)
from babelite.errors import BabeliteError
from babelite.index.building import begin, claim_folder, finish, ingest, take_kind
from babelite.index.description import (
    IndexDescription,
    Kind,
    VectorType,
    read_description,
)
from babelite.index.parts import OpenPart, Progress, blocks_of
from babelite.index.row_storage import (
    PROBED_LINES,
    Storage,
    from_stored,
    read_removed,
    write_removed,
)
from babelite.neighbors import Neighbours, merge_neighbours, nearest_in_blocks, query_blocks
from babelite.storage import locked_folder

Lines = Iterable[str] | Mapping[str, Iterable[str]]

# What the parts suggest for each query, at least; the stored vectors rank it.
_CANDIDATES = 100
_QUERIES_A_BLOCK = 64


class IndexHit(NamedTuple):
    """A line that was found.

    Attributes:
        cosine: Its cosine with the query, -1 to 1.
        row: Its place in the index, from 0; what `Index.remove` takes.
        text: The line.
        source: Where it came from: the name of a file.
        line: The number of its line there, from 1.
    """

    cosine: float
    row: int
    text: str
    source: str
    line: int


class Index:
    """Lines of text with their vectors, in a folder; made by `Index.build` or `Index.open`.

    Neither text nor vectors are held in memory. Several processes may search an index while one
    changes it; they see the change when they open it again.

    Example:
        >>> import tempfile
        >>> from babelite.encoding import AdaptedEncoder
        >>> def letters(sentences):
        ...     return [[s.count("a") + 1, s.count("b"), s.count("c")] for s in sentences]
        >>> folder = tempfile.mkdtemp() + "/index"
        >>> index = Index.build(["aaa", "bbb", "ccc"], AdaptedEncoder("letters", letters), folder)
        >>> [[hit.text for hit in hits] for hits in index.search(["b", "c"], k=1)]
        [['bbb'], ['ccc']]
        >>> index.add(["abc"])
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
        self._load(read_description(folder))

    @classmethod
    def build(
        cls,
        lines: Lines,
        encoder: SentenceEncoder,
        out: str | Path,
        *,
        kind: Kind | None = None,
        precision: VectorType = "int8",
        spec: str | None = None,
        progress: Progress | None = None,
    ) -> Index:
        """Make an index; if that was interrupted, the same call goes on where it stopped.

        Args:
            lines: The lines, or the lines of several sources by their names. Blank ones get a row
                and are never found.
            encoder: What makes the vectors.
            out: The folder to make.
            kind: ``exact`` compares a query with every vector; ``ivf`` with those of the nearest
                clusters; ``pq`` does so with codes of a fourth of a byte a component. What these
                two suggest is ranked by the stored vectors. If not given it is that of an index
                that is there, and of a new one exact up to 250,000 lines, and pq beyond.
            precision: The type of the stored vectors: ``int8``, or ``float16`` for twice the size.
            spec: What `babelite.encoding.open_encoder` opens the encoder by, so that `Index.open`
                finds it again.
            progress: Called with what is being done, how much of it is done, and of how much
                (None if that is not known).

        Returns:
            The index.

        Raises:
            BabeliteError: There is no line but blank ones, or too few for the kind; ``out`` holds
                something else; or the encoder failed or the disk is full, after which what was
                encoded is kept for the next call.
        """
        folder, report = Path(out), progress or _silent
        claim_folder(folder)
        with locked_folder(folder):
            description = begin(folder, encoder, spec, precision, kind)
            sources = _named(lines)
            description = ingest(folder, description, sources, encoder, report, first=0)
            # Only now: a call that was refused has changed nothing.
            description = take_kind(folder, description, kind)
            finish(folder, description, report)
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
            encoder: What made its vectors; opened when it is needed if not given.
            allow_download: As for `babelite.encoding.open_encoder`.

        Returns:
            The index.

        Raises:
            BabeliteError: The folder is no finished, whole index, or was made with another encoder.
        """
        return cls(Path(folder), encoder, allow_download=allow_download)

    def __len__(self) -> int:
        return self.description.contents.rows - self.description.contents.blank - len(self._removed)

    @property
    def encoder(self) -> SentenceEncoder:
        """What made the vectors.

        Raises:
            BabeliteError: It cannot be opened, or gives other vectors than it did.
        """
        identity = self.description.encoder
        if self._given is None:
            self._given = open_recorded_encoder(
                identity,
                self.folder,
                allow_download=self._allow_download,
                argument="Index.open(folder, encoder)",
            )
        if not self._checked:
            texts, vectors = self._storage.first_lines(PROBED_LINES)
            require_same_encoder(identity, self._given, self.folder, "index", texts, vectors)
            self._checked = True
        return self._given

    def search(
        self, queries: Sequence[str] | NDArray[np.floating], k: int = 5
    ) -> list[list[IndexHit]]:
        """Find the lines that are nearest in meaning to each query.

        Args:
            queries: Sentences in any language of the encoder, or their vectors, of shape (n, dim).
            k: How many lines to find for each; all if there are fewer.

        Returns:
            The hits of each query, best first; of equal ones the line that came first.

        Raises:
            BabeliteError: All lines were removed, or vectors and index differ in components.
            ValueError: ``k`` is below 1.
        """
        vectors = queries if isinstance(queries, np.ndarray) else self.encoder.encode(queries)
        scores, rows = self.nearest(vectors, k)
        return [
            [self._hit(float(s), int(r)) for s, r in zip(*found, strict=True)]
            for found in zip(scores, rows, strict=True)
        ]

    def nearest(self, vectors: NDArray[np.floating], k: int) -> Neighbours:
        """Find the rows of highest cosine for each query.

        Args:
            vectors: Array of shape (n, dim).
            k: How many to find.

        Returns:
            Cosines with the stored vectors and rows, both of shape (n, min(k, len(self))).

        Raises:
            BabeliteError: As `search`.
            ValueError: ``k`` is below 1.
        """
        queries = unit_rows(vectors)
        if queries.shape[1] != self.description.encoder.dim:
            raise BabeliteError(
                f"queries have {queries.shape[1]} components and the vectors of the index "
                f"{self.description.encoder.dim}",
                path=self.folder,
                hint="encode both with the same model",
            )
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        if not len(self):
            raise BabeliteError("all lines were removed", path=self.folder, hint="add some")
        k, rows = min(k, len(self)), self.description.contents.rows
        if not self._parts:
            return nearest_in_blocks(queries, self._vectors(0, rows), k)
        rest = nearest_in_blocks(queries, self._vectors(self.description.covered, rows), k)
        result = merge_neighbours([self._from_parts(queries, k), rest], k)
        # Where the clusters looked into hold too few lines, all are.
        short = (result.indices < 0).any(axis=1)
        if short.any():
            exact = nearest_in_blocks(queries[short], self._vectors(0, rows), k)
            result.scores[short], result.indices[short] = exact
        return result

    def add(self, lines: Lines, *, progress: Progress | None = None) -> None:
        """Add lines; they are found when all of them are there, and until then none is.

        If it was interrupted, the same call goes on where it stopped.

        Args:
            lines: As for `build`.
            progress: As for `build`.

        Raises:
            BabeliteError: As `build`.
        """
        report = progress or _silent
        with locked_folder(self.folder):
            description = read_description(self.folder)
            first = len(description.contents.sources)
            sources = _named(lines)
            description = ingest(
                self.folder, description, sources, self.encoder, report, first=first
            )
            description = finish(self.folder, description, report)
        self._load(description)

    def remove(self, rows: Iterable[int]) -> int:
        """Remove rows, so that they are never found again; other rows keep their numbers.

        Args:
            rows: Rows, as `IndexHit.row` or `find` gives them.

        Returns:
            How many there were to remove: blank lines and those removed before do not count.

        Raises:
            BabeliteError: There is no such row.
        """
        with locked_folder(self.folder):
            self._load(read_description(self.folder))
            chosen = np.unique(np.fromiter(rows, np.int64))
            count = self.description.contents.rows
            if len(chosen) and not 0 <= chosen[0] <= chosen[-1] < count:
                wrong = chosen[0] if chosen[0] < 0 else chosen[-1]
                raise BabeliteError(
                    f"has no row {wrong}", path=self.folder, hint=f"rows are 0 to {count - 1}"
                )
            text = chosen[self._storage.lengths(chosen) > 0]
            new = np.setdiff1d(text, self._removed)
            write_removed(self.folder, np.union1d(self._removed, new))
            self._load(self.description)
        return len(new)

    def find(self, texts: Iterable[str]) -> list[int]:
        """The rows whose text is one of these, to the letter, removed ones left out."""
        wanted = {text.encode("utf-8", "replace") for text in texts if text.strip()}
        rows = [
            start + place
            for start, stop in blocks_of(0, self.description.contents.rows)
            for place, text in enumerate(self._storage.texts_as_bytes(start, stop))
            if text in wanted
        ]
        found: list[int] = np.setdiff1d(np.array(rows, np.int64), self._removed).tolist()
        return found

    def _load(self, description: IndexDescription) -> None:
        if not description.contents.rows:
            raise BabeliteError(
                f"is not finished ({description.on_disk.rows:,} lines so far)",
                path=self.folder,
                hint="give the command that makes it again, and it goes on",
            )
        self.description = description
        self._storage = Storage(self.folder, description, description.contents)
        self._removed = read_removed(self.folder, description.contents.rows)
        self._parts = [OpenPart(self.folder, part) for part in description.parts]
        self._firsts = np.cumsum([0, *(s.lines for s in description.contents.sources)])

    def _hit(self, score: float, row: int) -> IndexHit:
        source = int(np.searchsorted(self._firsts, row, "right")) - 1
        name = self.description.contents.sources[source].name
        line = row - int(self._firsts[source]) + 1
        return IndexHit(score, row, self._storage.text(row), name, line)

    def _vectors(
        self, start: int, stop: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The rows that can be found, and their vectors, block by block."""
        for first, last in blocks_of(start, stop):
            keep = ~self._storage.blank(first, last)
            inside = slice(*np.searchsorted(self._removed, (first, last)))
            keep[self._removed[inside] - first] = False
            rows = np.flatnonzero(keep) + first
            block = self._storage.stored[first:last]
            yield rows, from_stored(block if keep.all() else block[keep])

    def _from_parts(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The best of what the parts suggest, by the stored vectors; -1 where that is too few."""
        count = max(_CANDIDATES, 2 * k)
        numbers = count * len(self._parts) * queries.shape[1]
        scores = np.empty((len(queries), k), np.float32)
        indices = np.empty((len(queries), k), np.int64)
        for block in query_blocks(len(queries), numbers, largest=_QUERIES_A_BLOCK):
            some = queries[block]
            rows = np.hstack([p.candidates(some, count, self._removed) for p in self._parts])
            vectors = from_stored(self._storage.stored[rows.ravel()]).reshape(*rows.shape, -1)
            cosines = np.einsum("qd,qkd->qk", some, vectors)
            cosines[rows < 0] = -np.inf
            scores[block], indices[block] = merge_neighbours([Neighbours(cosines, rows)], k)
        return Neighbours(scores, indices)


def _silent(what: str, done: int, total: int | None) -> None:
    pass


def _named(lines: Lines) -> Mapping[str, Iterable[str]]:
    if isinstance(lines, Mapping):
        return {str(name): some for name, some in lines.items()}
    return {"lines": lines}
