"""Rows of tables with a text, an id and other values: CSV, TSV, JSON and Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from babelite.corpus.columns import column_index
from babelite.corpus.formats.json_lines import (
    field_value,
    parse_json_object,
    read_json_array,
    string_field,
)
from babelite.corpus.formats.parquet import flattened, reading_parquet, texts_of, values_of
from babelite.corpus.hash_set import HashSet, blocks_of, hash_texts
from babelite.corpus.sentences import SentenceSource
from babelite.corpus.table_files import OpenTable, layout_of
from babelite.errors import BabeliteError
from babelite.storage import (
    line_stream,
    lines_of,
    peek,
    reading_path_or_url,
    reading_seekable,
    suffix_of,
)

_ROWS_A_BATCH = 4096


class TextRow(NamedTuple):
    """A row of a table.

    Attributes:
        number: The number of its line or record, from 1.
        text: Its text, which may be blank.
        id: Its id; None if no column of ids was given, or if the row is blank.
        fields: Its values of other columns by name, without those that are missing or null.
    """

    number: int
    text: str
    id: str | None
    fields: Mapping[str, Any]


class _Cells(NamedTuple):
    """A row as its format has it: the values are those of the columns that it has."""

    number: int
    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TableSource:
    """A table with a text, an id and other values in each row.

    Attributes:
        place: A path, ``-`` for standard input, or a URL. A file whose ending tells no format is
            read as TSV.
        column: The column of the text; see `SentenceSource`.
        id: The column of the ids: in CSV and TSV its name in the first line or its number (from 1),
            in JSON and Parquet the name of a field, ``a.b`` for one inside another.
        fields: The columns of other values. In CSV and TSV an empty cell is no value.
    """

    place: str
    column: str | None = None
    id: str | None = None
    fields: Sequence[str] = ()

    def read(self) -> Iterator[TextRow]:
        """Stream the rows.

        Raises:
            BabeliteError: As `SentenceSource.read`; a column does not exist, code
                ``column-not-found``; a text has no id, or one that is not a text or an integer,
                code ``column-invalid``; an id occurs twice, code ``id-repeated``.
        """
        unseen, ids, blank = set(self.fields), HashSet(), True
        for block in blocks_of(self._cells()):
            unseen -= {name for cells in block for name in cells.values}
            blank = blank and not any(cells.text.strip() for cells in block)
            rows = [
                TextRow(cells.number, cells.text, self._id_of(cells), self._fields_of(cells))
                for cells in block
            ]
            self._require_distinct_ids(rows, ids)
            yield from rows
        if unseen and not blank:
            problem, hint = f"has no column {min(unseen)!r}", "choose other columns with --keep"
            raise BabeliteError(problem, code="column-not-found", path=self.place, hint=hint)

    @property
    def _names(self) -> list[str]:
        return [*dict.fromkeys([*([] if self.id is None else [self.id]), *self.fields])]

    @property
    def _sentences(self) -> SentenceSource:
        return SentenceSource(self.place, self.column)

    def _id_of(self, cells: _Cells) -> str | None:
        if self.id is None:
            return None
        number, text, value = cells.number, cells.text, cells.values.get(self.id)
        if isinstance(value, str):
            value = string_field(value, self.id, self.place, number, "--id")
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
        missing = value is None or not str(value).strip()
        if missing and not text.strip():
            return None
        problem = f"has the id {value!r}, which is no text or integer"
        if missing:
            problem = f"has a text but no id in the column {self.id!r}"
        hint = "add the id, or choose another column with --id"
        raise BabeliteError(problem, code="column-invalid", path=self.place, line=number, hint=hint)

    def _fields_of(self, cells: _Cells) -> dict[str, Any]:
        found = ((name, cells.values.get(name)) for name in self.fields)
        return {name: value for name, value in found if value is not None}

    def _require_distinct_ids(self, rows: Sequence[TextRow], known: HashSet) -> None:
        """Raise if an id of the next rows occurred before."""
        ids = [(row.number, row.id) for row in rows if row.id is not None]
        new = known.add(hash_texts(id.encode() for _, id in ids))
        if not new.all():
            line, repeated = ids[int(np.argmin(new))]
            problem, hint = f"the id {repeated!r} occurs twice", "give each line another id"
            raise BabeliteError(problem, code="id-repeated", path=self.place, line=line, hint=hint)

    def _cells(self) -> Iterator[_Cells]:
        format_ = self._sentences.format
        if format_ == "parquet":
            yield from self._parquet_rows()
            return
        if format_ in ("tmx", "document"):
            problem, hint = "has no columns for --id and --keep", "give a table or JSON"
            raise BabeliteError(problem, code="format-invalid", path=self.place, hint=hint)
        with reading_path_or_url(self.place) as raw:
            stream = line_stream(raw, self.place)
            start = peek(stream).lstrip()[:1]
            if format_ != "json" and not (self.place == "-" and start in (b"{", b"[")):
                yield from self._table_rows(
                    OpenTable(self.place, layout_of(self.place, stream), stream)
                )
            elif start == b"[" and suffix_of(self.place) in ("", ".json"):
                yield from self._array_rows(stream)
            else:
                yield from self._json_rows(stream)

    def _table_rows(self, table: OpenTable) -> Iterator[_Cells]:
        rows, source = table.rows(), self._sentences
        first, names = next(rows, (1, list[str]()))
        place = source.place_of_column(names)
        places = {name: column_index(name, names, self.place, first) for name in self._names}
        chosen = [*self._names, *([] if self.column is None else [self.column])]
        numbered = all(name.isdecimal() for name in chosen)

        def cells(number: int, row: Sequence[str]) -> _Cells:
            found = {name: source.cell(row, place, number) for name, place in places.items()}
            values = {name: cell or None for name, cell in found.items()}
            return _Cells(number, source.cell(row, place, number), values)

        if numbered and table.layout.header is None and names:
            yield cells(first, names)
        for number, row in rows:
            yield cells(number, row)

    def _json_rows(self, stream: BinaryIO) -> Iterator[_Cells]:
        for number, line in enumerate(lines_of(stream, self.place), 1):
            if line.strip():
                record = parse_json_object(line, self.place, number, '{"id": "…", "text": "…"}')
                yield self._record(record, number, number)
            else:
                yield _Cells(number, "", {})

    def _array_rows(self, stream: BinaryIO) -> Iterator[_Cells]:
        for number, record in enumerate(read_json_array(stream, self.place), 1):
            if not isinstance(record, dict):
                problem, hint = f"item {number} is not an object", "write objects"
                raise BabeliteError(problem, code="format-invalid", path=self.place, hint=hint)
            yield self._record(record, number, None)

    def _record(self, record: dict[str, Any], number: int, line: int | None) -> _Cells:
        found = {name: field_value(record, name) for name in self._names}
        values = {name: value for name, (exists, value) in found.items() if exists}
        return _Cells(number, self._sentences.field_of(record, line), values)

    def _parquet_rows(self) -> Iterator[_Cells]:
        import pyarrow as pa

        with (
            reading_seekable(self.place) as stream,
            reading_parquet(stream, self.place, "corpus") as file,
        ):
            empty = file.schema_arrow.empty_table()
            known = {*empty.column_names, *flattened(empty).column_names}
            for name in self._names:
                if name not in known:
                    problem = f"has no column {name!r}, it has {', '.join(empty.column_names)}"
                    hint = "choose other columns with --id and --keep"
                    raise BabeliteError(
                        problem, code="column-not-found", path=self.place, hint=hint
                    )
            column = self._sentences.parquet_column(file)
            names, number = self._names, 0
            for batch in file.iter_batches(_ROWS_A_BATCH, columns=[column, *names]):
                table = pa.Table.from_batches([batch])
                flat = flattened(table)
                arrays = [(table if n in table.column_names else flat).column(n) for n in names]
                lists = [
                    values_of(array, name, self.place)
                    for array, name in zip(arrays, names, strict=True)
                ]
                texts = texts_of(flat.column(column), column, self.place)
                for text, *values in zip(texts, *lists, strict=True):
                    number += 1
                    yield _Cells(number, text, dict(zip(names, values, strict=True)))
