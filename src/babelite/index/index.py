"""`Index`: build, open, search, add and remove lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import (
    SentenceEncoder,
    list_texts,
    open_recorded_encoder,
    require_same_encoder,
    unit_rows,
)
from babelite.errors import BabeliteError, quantity
from babelite.index.building import (
    Rows,
    build_parts,
    open_or_create,
    remove_replaced,
    reserve_folder,
    set_kind,
    without_present,
    write_lines,
)
from babelite.index.description import (
    DESCRIPTION,
    IndexColumns,
    IndexDescription,
    IndexKind,
    VectorType,
    read_index_description,
)
from babelite.index.fields import IndexRow, Where
from babelite.index.index_parts import IndexProgress
from babelite.index.open_index import IndexHit, OpenIndex, Wanted
from babelite.index.row_storage import PROBE_LINES, RowReader, write_removed
from babelite.neighbors import Neighbours
from babelite.storage import locked_folder

Lines = Rows | Mapping[str, Rows]


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
        self._opened: OpenIndex | None = None
        self._load_newest()

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
        columns: IndexColumns | None = None,
        progress: IndexProgress | None = None,
    ) -> Index:
        """Build an index; after an interruption the same call resumes.

        Args:
            lines: The lines, strings or `IndexRow` objects, or the lines of several sources by
                name. Blank lines have a row but are never found.
            encoder: The encoder of the vectors.
            out: Output folder, created if missing.
            kind: ``exact`` compares a query with every vector; ``ivf`` with the vectors of the
                nearest clusters; ``pq`` with their codes of 2 bits per component. The stored
                vectors rank the candidates of both. Default: the kind of the existing index; for a
                new one exact up to 250,000 lines, else pq.
            precision: The type of the stored vectors: ``int8``, or ``float16`` for twice the size.
            spec: The argument of `babelite.encoding.open_encoder` with which `Index.open` can open
                the encoder again.
            columns: The columns of a table from which the lines were read; recorded in the
                description of a new index.
            progress: Called with the name of the step, the lines done and their total (None if it
                is not known).

        Raises:
            BabeliteError: All lines are blank, or too few for the kind; an id occurs twice; ``out``
                contains something else; the encoder failed or the disk is full. Lines encoded
                before are kept.
        """
        folder, report = Path(out), progress or _no_progress
        reserve_folder(folder)
        with locked_folder(folder):
            description = open_or_create(folder, encoder, spec, precision, kind, columns)
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
        return len(self._state)

    @property
    def description(self) -> IndexDescription:
        """The contents of ``index.json``."""
        return self._state.description

    @property
    def has_ids(self) -> bool:
        """Whether lines have ids."""
        return self._reader.fields.has_ids

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self._reader.fields.names

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
        self,
        queries: Iterable[str] | NDArray[np.floating],
        k: int = 5,
        *,
        where: Where | None = None,
        rows: Iterable[int] | None = None,
        min_score: float | None = None,
        distinct: bool = True,
    ) -> list[list[IndexHit]]:
        """Find the lines that are nearest in meaning to each query.

        Equal lines are one hit, the first of them; `find` gives the rows of all. Among the nearest
        10,000 rows, that is: a text that is repeated more often hides the lines behind it.

        Args:
            queries: Sentences in any language of the encoder, or their vectors, shape (n, dim).
            k: The number of lines to find per query; all if there are fewer.
            where: The lines to search, by the values of their fields, such as ``{"lang": "fr"}``.
                A list accepts each of its values, None lines without the field. Values are
                compared as text: 2020 equals "2020".
            rows: The rows to search.
            min_score: Hits with a lower cosine are left out.
            distinct: Whether equal lines are one hit.

        Returns:
            The hits of each query, best first, those of equal cosine in the order of the lines;
            none for a query whose vector is zero: a blank one, or one that the encoder cannot
            read. Such lines are no hits.

        Raises:
            BabeliteError: All lines were removed, the numbers of components differ, or the index
                has no such field or row.
            ValueError: ``k`` is below 1.
        """
        if isinstance(queries, np.ndarray) and queries.dtype.kind in "fiu":
            vectors = unit_rows(queries)
        else:
            vectors = unit_rows(self.encoder.encode(list_texts(queries)))
        selected = self._state.select(where, rows)
        wanted = Wanted(k, where or {}, -np.inf if min_score is None else min_score, distinct)
        return self._state.search(self._comparable(vectors, k), wanted, selected)

    def nearest(
        self,
        vectors: NDArray[np.floating],
        k: int,
        *,
        where: Where | None = None,
        rows: Iterable[int] | None = None,
    ) -> Neighbours:
        """Find the rows of highest cosine for each query; equal lines are not one hit.

        Args:
            vectors: Array of shape (n, dim).
            k: The number of rows to find.
            where: See `search`.
            rows: The rows to search.

        Returns:
            Cosines with the stored vectors, and rows, both of shape (n, k) or narrower if fewer
            rows are searched. Errors are those of `search`.
        """
        queries = self._comparable(unit_rows(vectors), k)
        return self._state.nearest(queries, k, self._state.select(where, rows))

    def _comparable(self, queries: NDArray[np.float32], k: int) -> NDArray[np.float32]:
        """The queries; an error if they cannot be searched."""
        if queries.shape[1] != (dim := self.description.encoder.dim):
            problem = f"has vectors of {dim} components, but the queries have {queries.shape[1]}"
            hint = "encode both with the same model"
            raise BabeliteError(problem, code="dimension-mismatch", path=self.folder, hint=hint)
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        if not len(self):
            problem = "all lines were removed"
            raise BabeliteError(problem, code="input-empty", path=self.folder, hint="add some")
        return queries

    def get(self, id: str) -> IndexRow | None:
        """The text and the fields of the line with an id; None if there is none.

        Raises:
            BabeliteError: The index has no ids; code ``column-not-found``.
        """
        rows = self.find(ids=[id])
        return self._state.row(rows[0]) if rows else None

    def read(self, rows: Iterable[int]) -> list[IndexRow]:
        """The text and the fields of rows, such as the result of `find`, in their order.

        Raises:
            BabeliteError: A row does not exist; code ``option-invalid``.
        """
        return self._state.rows(rows)

    def add(self, lines: Lines, *, progress: IndexProgress | None = None) -> list[str]:
        """Add lines; they are found when all of them are written.

        After an interruption the same call resumes. A source that the index already contains, with
        the same name and the same lines, is not added again, unless all its lines were removed.
        Lines without a name are always added. A line with an id replaces the line of this id.
        Arguments and errors are those of `build`.

        Returns:
            The names of the sources that were not added again.
        """
        report = progress or _no_progress
        with locked_folder(self.folder):
            self._load(read_index_description(self.folder))
            state, first = self._state, len(self.description.contents.sources)
            present, encoder = list[str](), self.encoder
            if isinstance(lines, Mapping):
                lines, present = without_present(state.reader, state.present_sources(), lines)
                if not lines:
                    return present
            description = write_lines(
                self.folder, self.description, _named(lines), encoder, report, first=first
            )
            description = remove_replaced(self.folder, description, state.removed)
            description = build_parts(self.folder, description, report)
        self._load(description)
        return present

    def remove(self, rows: Iterable[int]) -> int:
        """Remove rows; other rows keep their numbers.

        Args:
            rows: Rows from `IndexHit.row` or `find`; a row that does not exist raises an error.

        Returns:
            The number of lines removed, without blank lines and lines removed before.
        """
        with locked_folder(self.folder):
            self._load(read_index_description(self.folder))
            state = self._state
            new = np.flatnonzero(state.mask(None, rows))
            write_removed(self.folder, self.description.removed, np.union1d(state.removed, new))
            self._load(self.description)
        return len(new)

    def find(
        self,
        texts: Iterable[str] | None = None,
        *,
        ids: Iterable[str] | None = None,
        where: Where | None = None,
    ) -> list[int]:
        """The rows with one of these texts, one of these ids and these values, if not removed.

        What is not given is not compared.

        Args:
            texts: Texts.
            ids: Ids.
            where: Values of fields; see `search`.

        Raises:
            BabeliteError: The index has no ids, or no such field; code ``column-not-found``.
        """
        given = sorted(texts) if isinstance(texts, set | frozenset) else texts  # in any order
        return self._state.find(None if given is None else list_texts(given), ids, where)

    def close(self) -> None:
        """Release the files, which is also done when the object is deleted."""
        self._opened = None

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = f"{type(self).__name__} {str(self.folder)!r}"
        if self._opened is None:
            return f"<{name}, closed>"
        ids = ", with ids" if self.has_ids else ""
        fields = f", fields {', '.join(self.fields)}" if self.fields else ""
        kind, dim = self.description.searched_kind, self.description.encoder.dim
        return f"<{name}: {quantity(len(self), 'line')}, {dim} components, {kind}{ids}{fields}>"

    @property
    def _reader(self) -> RowReader:
        return self._state.reader

    @property
    def _state(self) -> OpenIndex:
        if self._opened is None:
            raise ValueError(f"{self.folder}: the index is closed")
        return self._opened

    def _load(self, description: IndexDescription) -> None:
        self._opened = OpenIndex(self.folder, description)

    def _load_newest(self) -> None:
        """Open the state on disk; another process may change it in between."""
        for last in (False, False, True):
            description = read_index_description(self.folder)
            try:
                self._load(description)
                return
            except BabeliteError:
                if last or read_index_description(self.folder) == description:
                    raise


def index_version(folder: Path) -> tuple[int, ...]:
    """A value that differs whenever a process has changed the index in a folder."""
    files = [folder / DESCRIPTION, *sorted(folder.glob("removed*.npy"))]
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def _no_progress(step: str, done: int, total: int | None) -> None:
    pass


def _named(lines: Lines) -> Mapping[str, Rows]:
    if isinstance(lines, Mapping):
        return {str(name): texts for name, texts in lines.items()}
    return {"lines": lines}
