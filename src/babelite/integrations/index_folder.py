"""`IndexFolder`: an index that its first documents create, for the stores of frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, open_encoder
from babelite.errors import BabeliteError
from babelite.index import Index, IndexHit, IndexRow


class IndexFolder:
    """An index of documents with ids, which may be empty.

    Args:
        folder: The folder of the index; created when the first documents are added.
        encoder: Its encoder, or the argument of `babelite.open_encoder`. Default: the encoder of an
            existing index, else the packaged model.
    """

    def __init__(self, folder: str | Path, encoder: SentenceEncoder | str | None = None) -> None:
        self.folder = Path(folder)
        self.spec = encoder if isinstance(encoder, str) else None
        self._encoder = open_encoder(encoder) if isinstance(encoder, str) else encoder
        self._index: Index | None = None
        if self.folder.exists() and not (self.folder.is_dir() and not any(self.folder.iterdir())):
            try:
                self._index = Index.open(self.folder, self._encoder)
            except BabeliteError as error:
                if error.code != "run-incomplete":  # the first documents were not all written
                    raise

    def __len__(self) -> int:
        return 0 if self._index is None else len(self._index)

    @property
    def index(self) -> Index | None:
        """The index; None until documents are added."""
        return self._index

    @property
    def encoder(self) -> SentenceEncoder:
        """The encoder of the index."""
        if self._index is not None:
            return self._index.encoder
        self._encoder = open_if_named(self._encoder)
        return self._encoder

    def add(self, rows: Sequence[IndexRow]) -> None:
        """Add documents, which replace those of the same ids; the last of several with one id."""
        if not all(row.text.strip() for row in rows):
            hint = "leave out documents without text"
            raise BabeliteError("a document has no text", code="input-empty", hint=hint)
        rows = [*{row.id: row for row in rows}.values()]
        if self._index is not None:
            if rows:
                self._index.add(rows)
        elif rows:
            self._index = Index.build(rows, self.encoder, self.folder, spec=self.spec)

    def remove(self, rows: Iterable[int]) -> int:
        """Remove rows; the number of documents removed."""
        return 0 if self._index is None else self._index.remove(rows)

    def rows_of(self, ids: Iterable[str] | None) -> list[int]:
        """The rows with these ids, or all rows."""
        return [] if self._index is None else self._index.find(ids=ids)

    def get(self, ids: Iterable[str] | None = None) -> list[IndexRow]:
        """The documents with these ids, or all, in the order of the index."""
        return [] if self._index is None else self._index.read(self.rows_of(ids))

    def search(
        self,
        query: str | NDArray[np.floating],
        k: int,
        *,
        where: Mapping[str, object] | None = None,
        rows: Sequence[int] | None = None,
        min_score: float | None = None,
    ) -> list[IndexHit]:
        """The documents nearest to a query, a text or a vector (dim,); equal texts are not one."""
        if self._index is None or not len(self._index) or (rows is not None and not len(rows)):
            return []
        queries = [query] if isinstance(query, str) else query[None]
        return self._index.search(
            queries, k, where=where, rows=rows, min_score=min_score, distinct=False
        )[0]

    def matching(
        self, where: Mapping[str, object], matches: Callable[[IndexRow], bool]
    ) -> list[tuple[int, IndexRow]]:
        """The rows that pass a function, and their contents.

        ``where`` has conditions that all of them fulfil, for fewer calls.
        """
        if self._index is None:
            return []
        known = {name: value for name, value in where.items() if name in self._index.fields}
        rows = self._index.find(where=known)
        contents = zip(rows, self._index.read(rows), strict=True)
        return [(row, content) for row, content in contents if matches(content)]


def open_if_named(encoder: SentenceEncoder | str | None) -> SentenceEncoder:
    """An encoder as it is, or the one that `babelite.open_encoder` opens."""
    return open_encoder(encoder) if encoder is None or isinstance(encoder, str) else encoder


def necessary_values(conditions: Iterable[tuple[str, str, object]]) -> dict[str, list[Any]]:
    """The argument ``where`` that follows from conditions on fields, all of which must hold.

    Only conditions on texts, because frameworks compare numbers and dates in another way than an
    index does.

    Example:
        >>> necessary_values([("lang", "==", "fr"), ("kind", "in", ["a", "b"]), ("n", ">", 3)])
        {'lang': ['fr'], 'kind': ['a', 'b']}
    """
    where: dict[str, list[Any]] = {}
    for name, operator, value in conditions:
        values = value if operator == "in" and isinstance(value, list) else [value]
        is_text = all(isinstance(v, str) and v and not v[0].isdigit() for v in values)
        if operator in ("==", "in") and values and is_text:
            where.setdefault(name, values)
    return where
