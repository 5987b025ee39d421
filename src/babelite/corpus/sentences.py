"""Sentences in files: lines, a column of them, or a field of JSON or Parquet records.

A file is read from its beginning, or from a row in the middle of it: `Source.survey` goes through
it once, notes where every so many rows begin, and finds what is wrong with it before any work is
done.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from babelite.errors import BabeliteError
from babelite.storage import (
    decode_lines,
    is_string_type,
    is_url,
    parse_json_object,
    read_line_blocks,
    reading_parquet,
    reading_path_or_url,
    reading_seekable,
    require_no_zero_byte,
    require_pyarrow,
    require_unique_column,
    string_field,
    suffix_of,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Format = Literal["lines", "jsonl", "parquet"]

_FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_FIELDS = ("text", "sentence")  # looked for if no field is named
_ROWS_A_BATCH = 4096
_FOOTER_END = 8  # the last bytes of Parquet: the size of its description, and its name
_SKIPPED = 1 << 20


@dataclass(frozen=True)
class Survey:
    """What there is in a file.

    Attributes:
        rows: How many sentences; a blank line is one.
        stride: How many rows lie between two offsets.
        offsets: Where row 0, ``stride``, 2 · ``stride`` and so on begin: bytes of the text, or
            rows of a Parquet file.
        digest: A checksum of what was read; of a Parquet file of its size and description.
    """

    rows: int
    stride: int
    offsets: tuple[int, ...]
    digest: str


@dataclass(frozen=True)
class Source:
    """A file with a sentence a row.

    Attributes:
        place: A path, ``-`` for standard input, or a URL.
        column: The tab-separated column, from 1; whole lines if None.
        field: The field of JSON and the column of Parquet records; ``text`` or ``sentence`` if
            None.
    """

    place: str
    column: int | None = None
    field: str | None = None

    @property
    def format(self) -> Format:
        """By the ending; standard input is JSON lines if a field is named."""
        if self.place == "-":
            return "lines" if self.field is None else "jsonl"
        return _FORMATS.get(suffix_of(self.place), "lines")

    def absolute(self) -> Source:
        """The same, to be found from any current directory."""
        if self.place == "-" or is_url(self.place):
            return self
        return replace(self, place=str(Path(self.place).absolute()))

    def check(self) -> None:
        """See whether options and format go together.

        Raises:
            BabeliteError: A column of records, or a field of lines.
        """
        if self.format == "lines" and self.field is not None:
            raise BabeliteError(
                "holds lines, which have no fields",
                path=self.place,
                hint="leave out --field, or name a .jsonl or .parquet file",
            )
        if self.format != "lines" and self.column is not None:
            raise BabeliteError(
                "holds records, which have no numbered columns",
                path=self.place,
                hint="write --field NAME in place of --column",
            )

    def read(self) -> Iterator[str]:
        """All sentences, one a row, blank ones included.

        Raises:
            BabeliteError: The file cannot be read, or a row is not as it should be.
        """
        yield from self.read_from(0, 0)

    def read_with_text(self) -> Iterator[str]:
        """As `read`, of a file that must hold text.

        Raises:
            BabeliteError: As `read`; or, at the end, every row was blank.
        """
        blank = True
        for row in self.read():
            blank = blank and not row.strip()
            yield row
        if blank:
            raise BabeliteError(
                "holds only blank lines", path=self.place, hint="name a file with sentences"
            )

    def read_rows(self, first: int, count: int, offset: int) -> Iterator[str]:
        """Some sentences in the middle.

        Args:
            first: The first row, from 0.
            count: How many.
            offset: Where it begins, as `survey` tells.

        Raises:
            BabeliteError: As `read`; or there are fewer rows, for the file was changed.
        """
        found = 0
        for text in islice(self.read_from(first, offset), count):
            found += 1
            yield text
        if found < count:
            raise BabeliteError(
                f"ends after {first + found:,} rows, but had more when the work began",
                path=self.place,
                hint="do not change it meanwhile; run the same command again",
            )

    def read_from(self, first: int, offset: int) -> Iterator[str]:
        """The sentences from a row on; see `read_rows`."""
        self.check()
        if self.format == "parquet":
            yield from self._read_parquet(offset)
            return
        understand, number = self._understand(), first
        with reading_path_or_url(self.place) as stream:
            _skip(stream, offset)
            for block in read_line_blocks(stream, self.place, first):
                for line in decode_lines(block, self.place, number):
                    number += 1
                    yield understand(line, number)

    def survey(self, stride: int, tell: Callable[[int], None] | None = None) -> Survey:
        """Go through the file once, and see that all of it can be read.

        Args:
            stride: How many rows are to lie between two offsets.
            tell: Told how many rows there are so far.

        Raises:
            BabeliteError: As `read`; or it is empty. The rows of Parquet are not looked at.
        """
        self.check()
        surveyed = (
            self._survey_parquet(stride)
            if self.format == "parquet"
            else self._survey_lines(stride, tell or (lambda rows: None))
        )
        if not surveyed.rows:
            raise BabeliteError(
                "is empty", path=self.place, hint="name a file with one sentence a line"
            )
        return surveyed

    def _survey_lines(self, stride: int, tell: Callable[[int], None]) -> Survey:
        understand = self._understand()
        checked = self.format == "jsonl" or self.column is not None
        digest, rows, position = hashlib.blake2b(digest_size=16), 0, 0
        offsets: list[int] = []
        with reading_path_or_url(self.place) as stream:
            for block in read_line_blocks(stream, self.place):
                digest.update(block)
                lines = decode_lines(block, self.place, rows)
                for number, line in enumerate(lines if checked else (), start=rows + 1):
                    understand(line, number)
                place, line_of_place = 0, rows
                while (wanted := len(offsets) * stride) < rows + len(lines):
                    for _ in range(wanted - line_of_place):
                        place = block.index(b"\n", place) + 1
                    line_of_place = wanted
                    offsets.append(position + place)
                position += len(block)
                rows += len(lines)
                tell(rows)
        return Survey(rows, stride, tuple(offsets), digest.hexdigest())

    def _survey_parquet(self, stride: int) -> Survey:
        with reading_seekable(self.place) as stream, _parquet(self.place, stream) as file:
            self._parquet_column(file)
            rows: int = file.metadata.num_rows
            size = stream.seek(0, os.SEEK_END)
            stream.seek(-_FOOTER_END, os.SEEK_END)
            length = int.from_bytes(stream.read(4), "little")
            stream.seek(-_FOOTER_END - length, os.SEEK_END)
            digest = hashlib.blake2b(stream.read(length), digest_size=16)
        digest.update(str(size).encode())
        return Survey(rows, stride, tuple(range(0, rows, stride)), digest.hexdigest())

    def _read_parquet(self, first: int) -> Iterator[str]:
        with reading_seekable(self.place) as stream, _parquet(self.place, stream) as file:
            column = self._parquet_column(file)
            described = file.metadata
            groups: list[int] = []
            for group in range(described.num_row_groups):
                rows = described.row_group(group).num_rows
                if groups or first < rows:
                    groups.append(group)
                else:
                    first -= rows
            for batch in file.iter_batches(_ROWS_A_BATCH, row_groups=groups, columns=[column]):
                texts = [text or "" for text in batch.column(0).to_pylist()]
                require_no_zero_byte(texts, column, self.place)
                yield from texts[first:]
                first = max(0, first - len(texts))

    def _parquet_column(self, file: pq.ParquetFile) -> str:
        names = file.schema_arrow.names
        wanted = _FIELDS if self.field is None else (self.field,)
        for name in wanted:
            if name in names:
                require_unique_column(name, names, self.place)
                kind = file.schema_arrow.field(name).type
                if is_string_type(kind):
                    return name
                raise BabeliteError(
                    f"column {name!r} holds {kind}, not text",
                    path=self.place,
                    hint="choose another with --field",
                )
        raise BabeliteError(
            f"has no column {wanted[0]!r}, it has {', '.join(names)}",
            path=self.place,
            hint="choose one of these with --field",
        )

    def _understand(self) -> Callable[[str, int], str]:
        """What takes the sentence out of a line with a number."""
        if self.format == "jsonl":
            return self._field_of
        return self._column_of if self.column is not None else (lambda line, number: line)

    def _column_of(self, line: str, number: int) -> str:
        cells = line.split("\t")
        column = self.column or 1
        if len(cells) >= column:
            return cells[column - 1]
        if not line.strip():
            return line
        raise BabeliteError(
            f"has {len(cells)} columns, so there is no column {column}",
            path=self.place,
            line=number,
            hint="choose another --column",
        )

    def _field_of(self, line: str, number: int) -> str:
        if not line.strip():
            return ""
        record = parse_json_object(line, self.place, number, '{"text": "…"}')
        wanted = _FIELDS if self.field is None else (self.field,)
        for name in wanted:
            if name in record:
                return string_field(record[name], name, self.place, number, "--field")
        raise BabeliteError(
            f"has no {wanted[0]!r}, it has {', '.join(record) or 'nothing'}",
            path=self.place,
            line=number,
            hint="mend the line, or choose another field with --field",
        )


def require_names(places: Sequence[str]) -> None:
    """See that names tell files apart in what is made of them, and can be written there.

    Args:
        places: The names.

    Raises:
        BabeliteError: A file is named twice, or its name is not UTF-8.
    """
    seen: set[str] = set()
    for place in places:
        if place in seen:
            raise BabeliteError("is named twice", path=place, hint="name it once")
        seen.add(place)
        try:
            place.encode()
        except UnicodeEncodeError as error:
            raise BabeliteError(
                "has a name that is not UTF-8", path=place, hint="rename it"
            ) from error


def _skip(stream: BinaryIO, count: int) -> None:
    """Pass over bytes; what is packed has to be unpacked up to there."""
    if count and stream.seekable():
        stream.seek(count)
        return
    while count > 0 and (block := stream.read(min(count, _SKIPPED))):
        count -= len(block)


@contextmanager
def _parquet(place: str, stream: BinaryIO) -> Iterator[pq.ParquetFile]:
    require_pyarrow("Parquet", "cluster")
    with reading_parquet(stream, place) as file:
        yield file
