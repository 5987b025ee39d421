"""Sentences in files, URLs or standard input: lines, a TSV column, or a JSONL or Parquet field."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from babelite.corpus.columns import column_index
from babelite.corpus.formats.json_lines import parse_json_object, string_field
from babelite.corpus.formats.parquet import reading_parquet, require_text_column, texts_of
from babelite.errors import BabeliteError
from babelite.storage import (
    MAX_RECORD_BYTES,
    changed_file,
    decode_lines,
    is_url,
    read_line_blocks,
    reading_path_or_url,
    reading_seekable,
    suffix_of,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

SentenceFormat = Literal["lines", "jsonl", "parquet"]

_FORMATS: dict[str, SentenceFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_DEFAULT_FIELDS = ("text", "sentence")  # tried in this order if no column is named
_ROWS_A_BATCH = 4096
_FOOTER_END = 8  # the last bytes of Parquet: four for the size of the metadata, four of magic
_SKIP_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class SourceSurvey:
    """The size, offsets and checksum of a source of sentences.

    Attributes:
        rows: The number of sentences, blank ones included.
        stride: The number of rows between two offsets.
        offsets: Where rows 0, ``stride``, 2 · ``stride`` and so on begin: bytes of the text, or
            rows of a Parquet file.
        digest: A checksum of the content; of a Parquet file, of its size and metadata.
        checksums: Of the sentences of each stride; none for a Parquet file.
    """

    rows: int
    stride: int
    offsets: tuple[int, ...]
    digest: str
    checksums: tuple[int, ...] = ()

    def part(self, first: int, count: int) -> SurveyedRows:
        """Some rows; they begin and end at an offset or at the end of the source."""
        blocks = slice(first // self.stride, -(-(first + count) // self.stride))
        return SurveyedRows(
            first,
            count,
            self.offsets[blocks.start],
            self.stride,
            self.digest,
            self.checksums[blocks],
        )


@dataclass(frozen=True)
class SurveyedRows:
    """Rows of a source that was surveyed; with the fields of `SourceSurvey`."""

    first: int
    count: int
    offset: int
    stride: int
    digest: str
    checksums: tuple[int, ...]


@dataclass(frozen=True)
class SentenceSource:
    """A file with one sentence a row.

    Attributes:
        place: A path, ``-`` for standard input, or a URL.
        column: The column of the sentences. In TSV a number (from 1), or a name in the first line,
            which then is no row; in JSONL and Parquet the name of a field. Default: the whole
            line; in JSONL and Parquet ``text`` or ``sentence``.
    """

    place: str
    column: int | str | None = None

    @property
    def column_number(self) -> int | None:
        """The number of the column (from 1) in lines of text; None if it is named or not given."""
        number = self.column is not None and str(self.column).isdecimal()
        return int(str(self.column)) if number and self.format == "lines" else None

    @property
    def column_name(self) -> str | None:
        """The name of the column; None if it is numbered or not given."""
        numbered = self.column is None or self.column_number is not None
        return None if numbered else str(self.column)

    @property
    def format(self) -> SentenceFormat:
        """The format by the file ending; standard input is JSONL if a column is named."""
        if self.place == "-":
            named = self.column is not None and not str(self.column).isdecimal()
            return "jsonl" if named else "lines"
        return _FORMATS.get(suffix_of(self.place), "lines")

    def absolute(self) -> SentenceSource:
        """The same source, valid in any current directory."""
        if self.place == "-" or is_url(self.place):
            return self
        return replace(self, place=str(Path(self.place).absolute()))

    def read(self) -> Iterator[str]:
        """Stream all sentences, one a row, blank ones included; errors name the line."""
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
        for text in islice(self._read_from(rows.first, rows.offset), rows.count):
            checksum = _add_to_checksum(checksum, (text,))
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

    def _read_from(self, first: int, offset: int) -> Iterator[str]:
        if self.format == "parquet":
            yield from self._read_parquet(offset)
            return
        with reading_path_or_url(self.place) as stream:
            header = self._read_header(stream)
            extract, number = self._extractor(header), first + bool(header)
            _skip(stream, len(header), offset)
            for block in read_line_blocks(stream, self.place, number):
                for line in decode_lines(block, self.place, number):
                    number += 1
                    yield extract(line, number)

    def survey(self, stride: int) -> SourceSurvey:
        """Read the file once: count its rows, record offsets, report rows that cannot be read.

        Workers can then start to read in the middle. The rows of Parquet are not checked.

        Args:
            stride: The number of rows between two offsets.

        Raises:
            BabeliteError: As `read`; or the file is empty, code ``input-empty``.
        """
        is_parquet = self.format == "parquet"
        surveyed = self._survey_parquet(stride) if is_parquet else self._survey_lines(stride)
        if not surveyed.rows:
            hint = "name a file with one sentence a line"
            raise BabeliteError("is empty", code="input-empty", path=self.place, hint=hint)
        return surveyed

    def _read_header(self, stream: BinaryIO) -> bytes:
        """The first line if it contains the names of columns, else nothing."""
        named = self.format == "lines" and self.column_name is not None
        return stream.readline(MAX_RECORD_BYTES) if named else b""

    def _survey_lines(self, stride: int) -> SourceSurvey:
        plain = self.format == "lines" and self.column is None
        digest, rows, offsets = hashlib.blake2b(digest_size=16), 0, list[int]()
        checksums, checksum = list[int](), 0
        with reading_path_or_url(self.place) as stream:
            header = self._read_header(stream)
            digest.update(header)
            extract, position, names = self._extractor(header), len(header), bool(header)
            for block in read_line_blocks(stream, self.place, names):
                digest.update(block)
                lines = decode_lines(block, self.place, rows + names)
                texts = lines
                if not plain:
                    numbers = range(rows + names + 1, rows + names + 1 + len(lines))
                    texts = list(map(extract, lines, numbers))
                start = 0
                while start < len(texts):
                    stop = start + stride - (rows + start) % stride
                    checksum = _add_to_checksum(checksum, texts[start:stop])
                    if stop <= len(texts):
                        checksums.append(checksum)
                        checksum = 0
                    start = stop
                place, line_of_place = 0, rows
                while (wanted := len(offsets) * stride) < rows + len(lines):
                    for _ in range(wanted - line_of_place):
                        place = block.index(b"\n", place) + 1
                    line_of_place = wanted
                    offsets.append(position + place)
                position += len(block)
                rows += len(lines)
        if rows % stride:
            checksums.append(checksum)
        return SourceSurvey(rows, stride, tuple(offsets), digest.hexdigest(), tuple(checksums))

    def _survey_parquet(self, stride: int) -> SourceSurvey:
        with (
            reading_seekable(self.place) as stream,
            reading_parquet(stream, self.place, "cluster") as file,
        ):
            self._parquet_column(file)
            rows: int = file.metadata.num_rows
            size = stream.seek(0, os.SEEK_END)
            stream.seek(-_FOOTER_END, os.SEEK_END)
            length = int.from_bytes(stream.read(4), "little")
            stream.seek(-_FOOTER_END - length, os.SEEK_END)
            digest = hashlib.blake2b(stream.read(length), digest_size=16)
        digest.update(str(size).encode())
        return SourceSurvey(rows, stride, tuple(range(0, rows, stride)), digest.hexdigest())

    def _read_parquet(self, first: int) -> Iterator[str]:
        with (
            reading_seekable(self.place) as stream,
            reading_parquet(stream, self.place, "cluster") as file,
        ):
            column = self._parquet_column(file)
            groups: list[int] = []
            for group in range(file.metadata.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if groups or first < rows:
                    groups.append(group)
                else:
                    first -= rows
            for batch in file.iter_batches(_ROWS_A_BATCH, row_groups=groups, columns=[column]):
                texts = texts_of(batch.column(0), column, self.place)
                yield from texts[first:]
                first = max(0, first - len(texts))

    def _parquet_column(self, file: pq.ParquetFile) -> str:
        name = self._choose_field(file.schema_arrow.names)
        require_text_column(file.schema_arrow, name, self.place)
        return name

    def _extractor(self, header: bytes) -> Callable[[str, int], str]:
        """A function that takes the sentence out of a line with a number."""
        if self.format == "jsonl":
            return self._field_of
        if header:
            names = decode_lines(header, self.place, 0)[0].split("\t")
            column = column_index(str(self.column), names, self.place, 1)
        elif self.column_number is None:
            return lambda line, number: line
        elif not self.column_number:
            raise self._missing_column("column 0 does not exist (columns are counted from 1)")
        else:
            column = self.column_number - 1

        def cell_of(line: str, number: int) -> str:
            cells = line.split("\t")
            if len(cells) > column:
                return cells[column]
            if not line.strip():
                return line
            problem = f"has {len(cells)} columns, so there is no column {column + 1}"
            raise self._missing_column(problem, number)

        return cell_of

    def _field_of(self, line: str, number: int) -> str:
        if not line.strip():
            return ""
        record = parse_json_object(line, self.place, number, '{"text": "…"}')
        name = self._choose_field(record, number)
        return string_field(record[name], name, self.place, number, "--column")

    def _choose_field(self, names: Collection[str], line: int | None = None) -> str:
        """The field of the sentences among the fields of a JSONL or Parquet file."""
        wanted = _DEFAULT_FIELDS if self.column is None else (str(self.column),)
        for name in wanted:
            if name in names:
                return name
        problem = f"has no column {wanted[0]!r}, it has {', '.join(names) or 'none'}"
        raise self._missing_column(problem, line)

    def _missing_column(self, problem: str, line: int | None = None) -> BabeliteError:
        hint = "choose another with --column" + (", or fix the line" if line else "")
        code = "column-not-found"
        return BabeliteError(problem, code=code, path=self.place, line=line, hint=hint)


def _add_to_checksum(checksum: int, texts: Sequence[str]) -> int:
    """The CRC-32 of sentences that follow others."""
    joined = "".join(f"{text}\n" for text in texts)
    return zlib.crc32(joined.encode("utf-8", "surrogatepass"), checksum)


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
