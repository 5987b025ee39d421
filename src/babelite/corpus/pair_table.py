"""Files of sentence pairs with other columns, read repeatedly, whose rows can be written again."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from babelite.corpus.columns import PAIR_COLUMNS, Columns, find_columns
from babelite.corpus.formats.json_lines import read_jsonl_records
from babelite.corpus.formats.parquet import parquet_schema, read_parquet_records
from babelite.corpus.formats.registry import format_of
from babelite.corpus.losses import Losses
from babelite.corpus.pairs import Pair
from babelite.corpus.record_files import Record
from babelite.corpus.sources import PairSource
from babelite.corpus.table_files import opened_table
from babelite.errors import BabeliteError, quantity
from babelite.storage import changed_file

if TYPE_CHECKING:
    import pyarrow as pa


class PairRow(NamedTuple):
    """A row of a table: its pair of sentences, blank for a blank row, and all of its values."""

    pair: Pair
    record: Record


class PairTable:
    """A file of pairs, read again by each call; rows appended after the first call are ignored.

    Args:
        source: The file; see `PairSource`. Other columns of TSV, CSV, JSONL and Parquet are kept.
        name: The name of the file in errors, if not its path.

    Attributes:
        names: The names of the columns.
        has_header: Whether the file has names of columns.
        schema: The types of the columns of a Parquet file.
    """

    def __init__(self, source: PairSource, name: str | None = None) -> None:
        self._source, self._path = source, source.paths[0]
        self._name = name or ",".join(source.paths)
        self._rows: int | None = None
        self._checksum = 0  # of all rows, when they were read for the first time
        whole_file = len(source.paths) == 1
        self._format = format_of(self._path, source.format).name if whole_file else "aligned"
        self.has_header = True
        self.schema: pa.Schema | None = None
        self.names: tuple[str, ...] = source.languages
        self._start()

    def _start(self) -> None:
        """Find the names of the columns."""
        first = next(self._read(), None)
        if first is None:
            hint = "name a file with sentence pairs"
            raise BabeliteError("is empty", code="input-empty", path=self._name, hint=hint)
        if self._format == "parquet":
            self.schema = parquet_schema(self._path)
        if isinstance(first.record.values, dict):
            self.names = tuple(first.record.values)

    @property
    def languages(self) -> tuple[str, str]:
        """The two language codes."""
        return self._source.languages

    def rows(self) -> Iterator[PairRow]:
        """Stream the rows; raise ``file-changed`` if they have changed."""
        count = checksum = 0
        for row in islice(self._read(), self._rows):
            count += 1
            checksum = zlib.crc32(repr(row).encode("utf-8", "surrogatepass"), checksum)
            yield row
        if self._rows is not None and count < self._rows:
            problem = f"had {quantity(self._rows, 'row')} and has {count:,} now"
            hint = "run the command again when no process writes to the file"
            raise BabeliteError(problem, code="file-changed", path=self._name, hint=hint)
        if self._rows is not None and checksum != self._checksum:
            raise changed_file(self._name)
        self._rows, self._checksum = count, checksum

    def side(self, side: int) -> Iterator[str]:
        """Stream the sentences of one side (0: source, 1: target); blank for a blank row."""
        for row in self.rows():
            yield row.pair[side]

    def _read(self) -> Iterator[PairRow]:
        source = self._source
        if self._format in ("tsv", "csv"):
            yield from self._read_table()
        elif self._format == "jsonl":
            arguments = self._path, source.languages, source.columns, Losses()
            for pair, record in read_jsonl_records(*arguments):
                yield PairRow(pair, Record(record))
        elif self._format == "parquet":
            arguments = self._path, source.languages, source.columns, Losses()
            for pair, record in read_parquet_records(*arguments):
                yield PairRow(pair, Record(record))
        else:
            for pair in source.read():
                yield PairRow(pair, Record(pair))

    def _read_table(self) -> Iterator[PairRow]:
        with opened_table(self._path) as table:
            columns = None
            for number, row in table.rows():
                if columns is None:
                    defaults = (*PAIR_COLUMNS, self._source.languages)
                    columns = find_columns(row, self._source.columns, defaults, self._name, number)
                    self.has_header = columns.named or table.layout.header is not None
                    self.names = tuple(row) if self.has_header else _generated_names(columns, row)
                    if self.has_header:
                        continue
                if len(row) < 2 and not "".join(row).strip():
                    yield PairRow(Pair("", ""), Record(row or [""]))
                    continue
                between = "the two sentences"
                pair = Pair(*columns.cells(row, self._name, number, between=between))
                yield PairRow(pair, Record(row))


def _generated_names(columns: Columns, row: list[str]) -> tuple[str, ...]:
    """Names for the columns of a table without names."""
    names = [f"column_{number}" for number in range(1, len(row) + 1)]
    for place, name in ((columns.first, "source"), (columns.second, "target")):
        if place < len(names):
            names[place] = name
    return tuple(names)
