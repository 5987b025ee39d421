"""Surveys of sources of sentences: their size, where rows begin, and checksums of the content."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from babelite.storage import decode_lines, read_line_blocks, reading_path_or_url

_BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class SourceSurvey:
    """The size, offsets and checksum of a source of sentences.

    Attributes:
        rows: The number of sentences, blank ones included.
        stride: The number of rows between two offsets.
        offsets: Where rows 0, ``stride``, 2 · ``stride`` and so on begin: bytes of the text, or
            rows if records may have several lines or the file is binary.
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


def survey_rows(place: str, rows: Iterator[tuple[int, str]], stride: int) -> SourceSurvey:
    """The survey of records that may have several lines; offsets are numbers of rows."""
    digest, count, checksums = hashlib.blake2b(digest_size=16), 0, list[int]()
    while texts := [text for _, text in islice(rows, stride)]:
        count += len(texts)
        checksums.append(add_to_checksum(0, texts))
    with reading_path_or_url(place) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    offsets = tuple(range(0, count, stride))
    return SourceSurvey(count, stride, offsets, digest.hexdigest(), tuple(checksums))


def survey_lines(
    place: str,
    stream: BinaryIO,
    header: bytes,
    take: Callable[[str, int], str] | None,
    stride: int,
) -> SourceSurvey:
    """The survey of lines after a header; ``take`` finds the sentence in a line with a number."""
    digest, rows, offsets = hashlib.blake2b(header, digest_size=16), 0, list[int]()
    checksums, checksum = list[int](), 0
    position, names = len(header), bool(header)
    for block in read_line_blocks(stream, place, names):
        digest.update(block)
        texts = lines = decode_lines(block, place, rows + names)
        if take is not None:
            numbers = range(rows + names + 1, rows + names + 1 + len(lines))
            texts = list(map(take, lines, numbers))
        start = 0
        while start < len(texts):
            stop = start + stride - (rows + start) % stride
            checksum = add_to_checksum(checksum, texts[start:stop])
            if stop <= len(texts):
                checksums.append(checksum)
                checksum = 0
            start = stop
        end, line_of_end = 0, rows
        while (wanted := len(offsets) * stride) < rows + len(lines):
            for _ in range(wanted - line_of_end):
                end = block.index(b"\n", end) + 1
            line_of_end = wanted
            offsets.append(position + end)
        position += len(block)
        rows += len(lines)
    if rows % stride:
        checksums.append(checksum)
    return SourceSurvey(rows, stride, tuple(offsets), digest.hexdigest(), tuple(checksums))


def add_to_checksum(checksum: int, texts: Sequence[str]) -> int:
    """The CRC-32 of sentences that follow others."""
    joined = "".join(f"{text}\n" for text in texts)
    return zlib.crc32(joined.encode("utf-8", "surrogatepass"), checksum)
