"""Sentences in files, URLs or standard input: lines, a column of a table, or a field of records."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from babelite.corpus.columns import column_index
from babelite.corpus.formats.document_text import DOCUMENT_SUFFIXES, document_rows
from babelite.corpus.formats.json_lines import (
    field_value,
    parse_json_object,
    read_json_array,
    string_field,
)
from babelite.corpus.formats.parquet import (
    flattened,
    innermost,
    reading_parquet,
    require_text_column,
    texts_of,
)
from babelite.corpus.source_survey import (
    SourceSurvey,
    SurveyedRows,
    add_to_checksum,
    survey_lines,
    survey_rows,
)
from babelite.corpus.table_files import CSV_SUFFIXES, TSV_SUFFIXES, OpenTable, layout_of
from babelite.errors import BabeliteError
from babelite.storage import (
    MAX_RECORD_BYTES,
    changed_file,
    decode_lines,
    is_url,
    line_stream,
    peek,
    read_line_blocks,
    reading_path_or_url,
    reading_seekable,
    suffix_of,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

SentenceFormat = Literal["lines", "table", "json", "parquet", "tmx", "document"]

_FORMATS: dict[str, SentenceFormat] = {
    **dict.fromkeys((*CSV_SUFFIXES, *TSV_SUFFIXES), "table"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".tmx": "tmx",
    **dict.fromkeys(DOCUMENT_SUFFIXES, "document"),
}
_DEFAULT_FIELDS = ("text", "sentence")  # tried in this order if no column is named
_ROWS_A_BATCH = 4096
_FOOTER_END = 8  # the last bytes of Parquet: four for the size of the metadata, four of magic
_SKIP_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class _Opened:
    """A text file at its first sentence.

    ``take`` finds the sentence in a line with a number. If records may have several lines, ``rows``
    gives the number of the first line and the sentence of each.
    """

    stream: BinaryIO
    header: bytes = b""
    take: Callable[[str, int], str] | None = None
    rows: Iterator[tuple[int, str]] | None = None


@dataclass(frozen=True)
class SentenceSource:
    """A file with one sentence a row.

    Attributes:
        place: A path, ``-`` for standard input, or a URL.
        column: The column of the sentences: in CSV and TSV its number (from 1) or its name in the
            first line; in JSONL and Parquet the name of a field, ``a.b`` for one inside another; in
            TMX a language. A first line with names is no row. Default: ``text`` or ``sentence``, or
            the only column; in other files the whole line.
    """

    place: str
    column: int | str | None = None

    @property
    def column_number(self) -> int | None:
        """The number of the column (from 1) of a table; None if it is named or not given."""
        number = self.column is not None and str(self.column).isdecimal()
        is_text = self.format in ("lines", "table")
        return int(str(self.column)) if number and is_text else None

    @property
    def column_name(self) -> str | None:
        """The name of the column; None if it is numbered or not given."""
        numbered = self.column is None or self.column_number is not None
        return None if numbered else str(self.column)

    @property
    def format(self) -> SentenceFormat:
        """The format by the file ending; standard input with a named column may also be JSON."""
        default: SentenceFormat = "lines" if self.column is None else "table"
        return _FORMATS.get(suffix_of(self.place), default)

    def absolute(self) -> SentenceSource:
        """The same source, valid in any current directory."""
        if self.place == "-" or is_url(self.place):
            return self
        return replace(self, place=str(Path(self.place).absolute()))

    def read(self) -> Iterator[str]:
        """Stream all sentences, one a row, blank ones included; errors name the line."""
        for _, text in self._read_from(0, 0):
            yield text

    def read_numbered(self) -> Iterator[tuple[int, str]]:
        """As `read`, with the number of the line or record, from 1."""
        yield from self._read_from(0, 0)

    def read_requiring_text(self) -> Iterator[str]:
        """As `read`; raise ``input-empty`` at the end if every row was blank."""
        blank = True
        for row in self.read():
            blank = blank and not row.strip()
            yield row
        if blank:
            problem, hint = "contains only blank lines", "name a file with sentences"
            raise BabeliteError(problem, code="input-empty", path=self.place, hint=hint)

    def read_rows(self, rows: SurveyedRows) -> Iterator[str]:
        """Stream rows, the result of `SourceSurvey.part`.

        Raises ``file-changed`` if they differ from those that were surveyed: before the last row of
        a stride is yielded, so that no complete stride is wrong.
        """
        if self.format == "parquet":
            self._require_surveyed(rows)
        found = checksum = 0
        for _, text in islice(self._read_from(rows.first, rows.offset), rows.count):
            checksum = add_to_checksum(checksum, (text,))
            found += 1
            if found == rows.count or found % rows.stride == 0:
                if self.format == "parquet":
                    self._require_surveyed(rows)
                elif checksum != rows.checksums[(found - 1) // rows.stride]:
                    raise changed_file(self.place)
                checksum = 0
            yield text
        if found < rows.count:
            raise changed_file(self.place)

    def _require_surveyed(self, rows: SurveyedRows) -> None:
        if self._survey_parquet(rows.stride).digest != rows.digest:
            raise changed_file(self.place)

    def survey(self, stride: int) -> SourceSurvey:
        """Read the file once: count its rows, record offsets, report rows that cannot be read.

        Workers can then start to read in the middle. The rows of Parquet are not checked.

        Args:
            stride: The number of rows between two offsets.

        Raises:
            BabeliteError: As `read`; or the file is empty, code ``input-empty``.
        """
        surveyed = self._survey(stride)
        if not surveyed.rows:
            hint = "name a file with one sentence a line"
            raise BabeliteError("is empty", code="input-empty", path=self.place, hint=hint)
        return surveyed

    # --- reading ----------------------------------------------------------------------------------

    def _read_from(self, first: int, offset: int) -> Iterator[tuple[int, str]]:
        if self.format == "parquet":
            yield from enumerate(self._read_parquet(offset), offset + 1)
            return
        if self.format in ("tmx", "document"):
            yield from islice(self._read_records(), offset, None)
            return
        with self._opened() as opened:
            if opened.rows is not None:
                yield from islice(opened.rows, offset, None)
                return
            number, take = first + bool(opened.header), opened.take
            _skip(opened.stream, len(opened.header), offset)
            for block in read_line_blocks(opened.stream, self.place, number):
                for line in decode_lines(block, self.place, number):
                    number += 1
                    yield number, line if take is None else take(line, number)

    @contextmanager
    def _opened(self) -> Iterator[_Opened]:
        """Open a text file and find out how its sentences are taken out."""
        with reading_path_or_url(self.place) as raw:
            stream = line_stream(raw, self.place)
            format_ = self.format
            if format_ == "json" or (self.place == "-" and self.column_name is not None):
                start = peek(stream).lstrip()[:1]
                if start == b"[" and suffix_of(self.place) in ("", ".json"):
                    yield _Opened(stream, rows=self._array_rows(stream))
                    return
                format_ = "json" if format_ == "json" or start in (b"{", b"") else "table"
            if format_ == "json":
                yield _Opened(stream, take=self._field_of_line)
            elif format_ == "table":
                yield self._opened_table(stream)
            else:
                yield _Opened(stream)

    def _opened_table(self, stream: BinaryIO) -> _Opened:
        table = OpenTable(self.place, layout_of(self.place, stream), stream)
        layout = table.layout
        if layout.quoted:
            return _Opened(stream, rows=self._table_rows(table))
        if self.column is None and not set(_DEFAULT_FIELDS) & set(layout.header or ()):
            return _Opened(stream)
        header, names = b"", list[str]()
        if self.column_number is None or layout.header:
            header = stream.readline(MAX_RECORD_BYTES)
            names = "".join(decode_lines(header, self.place, 0)).split("\t")
        place = self.place_of_column(names)
        return _Opened(stream, header, lambda line, n: self.cell(line.split("\t"), place, n))

    def _table_rows(self, table: OpenTable) -> Iterator[tuple[int, str]]:
        """The sentences of a table whose cells may be quoted."""
        rows = table.rows()
        number, names = next(rows, (1, list[str]()))
        place = self.place_of_column(names)
        if table.layout.header is None and self.column_number is not None and names:
            yield number, self.cell(names, place, number)
        for number, row in rows:
            yield number, self.cell(row, place, number)

    def place_of_column(self, names: Sequence[str]) -> int:
        """The index (from 0) of the column in the rows of a table."""
        if self.column_number == 0:
            raise self._missing_column("column 0 does not exist (columns are counted from 1)")
        if self.column_number is not None:
            return self.column_number - 1
        if self.column is not None:
            return column_index(str(self.column), names, self.place, 1)
        known = [name.strip() for name in names]
        for name in _DEFAULT_FIELDS:
            if name in known:
                return known.index(name)
        if len(names) < 2:
            return 0
        raise self._missing_column(f"has several columns: {', '.join(known)}")

    def cell(self, cells: Sequence[str], place: int, number: int) -> str:
        """The cell at an index of a row; empty if the row is blank, an error if it is short."""
        if len(cells) > place:
            return cells[place]
        if not any(map(str.strip, cells)):
            return ""
        problem = f"has {len(cells)} columns, so there is no column {place + 1}"
        raise self._missing_column(problem, number)

    def _field_of_line(self, line: str, number: int) -> str:
        if not line.strip():
            return ""
        return self.field_of(parse_json_object(line, self.place, number, '{"text": "…"}'), number)

    def field_of(self, record: dict[str, object], number: int | None) -> str:
        """The sentence of a record of JSON."""
        wanted = _DEFAULT_FIELDS if self.column is None else (str(self.column),)
        for name in wanted:
            found, value = field_value(record, name)
            if found:
                return string_field(value, name, self.place, number, "--column")
        raise self._missing_field(record, number)

    def _array_rows(self, stream: BinaryIO) -> Iterator[tuple[int, str]]:
        """The sentences of a JSON array of objects or of strings."""
        for number, record in enumerate(read_json_array(stream, self.place), 1):
            if isinstance(record, dict):
                yield number, self.field_of(record, None)
            else:
                yield number, string_field(record, f"item {number}", self.place, None, "--column")

    def _read_records(self) -> Iterator[tuple[int, str]]:
        """The units of TMX, or the lines of a document, with their numbers."""
        if self.format == "document":
            return document_rows(self.place, self.column)
        from babelite.corpus.formats.tmx import read_tmx_language

        language = None if self.column is None else str(self.column)
        return read_tmx_language(self.place, language)

    def _read_parquet(self, first: int) -> Iterator[str]:
        with (
            reading_seekable(self.place) as stream,
            reading_parquet(stream, self.place, "cluster") as file,
        ):
            column = self.parquet_column(file)
            groups: list[int] = []
            for group in range(file.metadata.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if groups or first < rows:
                    groups.append(group)
                else:
                    first -= rows
            for batch in file.iter_batches(_ROWS_A_BATCH, row_groups=groups, columns=[column]):
                texts = texts_of(innermost(batch.column(0)), column, self.place)
                yield from texts[first:]
                first = max(0, first - len(texts))

    def parquet_column(self, file: pq.ParquetFile) -> str:
        """The name of the column of the sentences, ``a.b`` for one inside a struct."""
        table = file.schema_arrow.empty_table()
        names = table.schema.names
        if self.column is not None and str(self.column) not in names:
            table = flattened(table)  # a.b is the field b of the struct a
        wanted = _DEFAULT_FIELDS if self.column is None else (str(self.column),)
        for name in wanted:
            if name in table.schema.names:
                require_text_column(table.schema, name, self.place)
                return name
        raise self._missing_field(names, None)

    # --- survey -----------------------------------------------------------------------------------

    def _survey(self, stride: int) -> SourceSurvey:
        if self.format == "parquet":
            return self._survey_parquet(stride)
        if self.format in ("tmx", "document"):
            return survey_rows(self.place, self._read_records(), stride)
        with self._opened() as opened:
            if opened.rows is not None:
                return survey_rows(self.place, opened.rows, stride)
            return survey_lines(self.place, opened.stream, opened.header, opened.take, stride)

    def _survey_parquet(self, stride: int) -> SourceSurvey:
        with (
            reading_seekable(self.place) as stream,
            reading_parquet(stream, self.place, "cluster") as file,
        ):
            self.parquet_column(file)
            rows: int = file.metadata.num_rows
            size = stream.seek(0, os.SEEK_END)
            stream.seek(-_FOOTER_END, os.SEEK_END)
            length = int.from_bytes(stream.read(4), "little")
            stream.seek(-_FOOTER_END - length, os.SEEK_END)
            digest = hashlib.blake2b(stream.read(length), digest_size=16)
        digest.update(str(size).encode())
        return SourceSurvey(rows, stride, tuple(range(0, rows, stride)), digest.hexdigest())

    # --- errors -----------------------------------------------------------------------------------

    def _missing_field(self, names: Collection[str], line: int | None) -> BabeliteError:
        wanted = _DEFAULT_FIELDS[0] if self.column is None else str(self.column)
        problem = f"has no column {wanted!r}, it has {', '.join(names) or 'none'}"
        return self._missing_column(problem, line)

    def _missing_column(self, problem: str, line: int | None = None) -> BabeliteError:
        hint = "choose a column (--column)" + (", or fix the line" if line else "")
        code = "column-not-found"
        return BabeliteError(problem, code=code, path=self.place, line=line, hint=hint)


def require_distinct_names(places: Sequence[str]) -> None:
    """Raise ``input-invalid`` if a file is named twice, or has a name that is not UTF-8."""
    seen: set[str] = set()
    for place in places:
        if place.encode(errors="replace").decode() != place:
            problem, hint = "has a name that is not UTF-8", "rename it"
        elif place in seen:
            problem, hint = "is named twice", "name it once"
        else:
            seen.add(place)
            continue
        raise BabeliteError(problem, code="input-invalid", path=place, hint=hint)


def _skip(stream: BinaryIO, position: int, wanted: int) -> None:
    """Go to a byte offset; a compressed stream is decompressed up to there."""
    if position < wanted and stream.seekable():
        stream.seek(wanted)
        return
    while position < wanted and (block := stream.read(min(wanted - position, _SKIP_BLOCK))):
        position += len(block)
