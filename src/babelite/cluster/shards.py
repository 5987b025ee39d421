"""Folders of Parquet shards: the manifest ``_shards.json``, and the writing of a shard.

The manifest determines the names of all shards, and a shard file appears when it is complete: so
the names of the files show which shards are missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite._version import __version__
from babelite.corpus import SentenceSource, SourceSurvey
from babelite.encoding import EncoderFingerprint
from babelite.errors import BabeliteError
from babelite.storage import (
    Folder,
    json_with_checksum,
    json_without_checksum,
    parse_versioned_json,
)

FORMAT_VERSION = 1
MANIFEST = "_shards.json"  # readers of Parquet folders ignore names with an underscore
_CHECKSUMS = "_checksums.json"  # the CRC-32 of each shard, by name

Dtype = Literal["float32", "float16"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncodedSource(_Record):
    """A file whose lines are encoded."""

    name: str  # as given; the prefix of the ids
    column: int | None = None  # of TSV, from 1
    field: str | None = None  # of JSONL and Parquet
    rows: int = Field(ge=1)
    digest: str  # from `babelite.corpus.SourceSurvey`

    @classmethod
    def of(cls, source: SentenceSource, survey: SourceSurvey) -> EncodedSource:
        """The record of a source."""
        column, field, rows = source.column_number, source.column_name, survey.rows
        return cls(name=source.place, column=column, field=field, rows=rows, digest=survey.digest)


class ShardManifest(_Record):
    """The contents of ``_shards.json``."""

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    encoder: EncoderFingerprint
    dtype: Dtype
    text: bool  # whether the text is stored
    shard_rows: int = Field(ge=1)  # the last shard of a file has the rest
    sources: tuple[EncodedSource, ...]

    @property
    def rows(self) -> int:
        """The number of lines of all files."""
        return sum(source.rows for source in self.sources)

    def shards(self) -> Iterator[Shard]:
        """All shards, in order."""
        for number, source in enumerate(self.sources):
            for first in range(0, source.rows, self.shard_rows):
                rows = min(self.shard_rows, source.rows - first)
                name = f"part-{number:05d}-{first // self.shard_rows:06d}.parquet"
                yield Shard(name, number, first, rows)


@dataclass(frozen=True)
class Shard:
    """A Parquet file of vectors: the lines from ``first`` (from 0) of a source of the manifest."""

    name: str
    source: int
    first: int
    rows: int


def read_manifest(folder: Folder) -> ShardManifest | None:
    """The manifest of a folder; None if it has none."""
    if MANIFEST not in folder.names():
        return None
    text, place = folder.read_text(MANIFEST), folder.file(MANIFEST)
    hint = "choose another folder, or delete this one"
    return parse_versioned_json(ShardManifest, text, place, newest=FORMAT_VERSION, hint=hint)


def read_shard_checksums(folder: Folder) -> dict[str, int]:
    """The CRC-32 of shards by name; empty if their file is missing or damaged."""
    if _CHECKSUMS not in folder.names():
        return {}
    try:
        found: dict[str, int] = json_without_checksum(folder.read_text(_CHECKSUMS))
    except ValueError:
        return {}
    return found


def write_shard_checksums(folder: Folder, checksums: Mapping[str, int]) -> None:
    """Write the CRC-32 of shards."""
    folder.write_text(_CHECKSUMS, json_with_checksum(checksums))


def shard_checksum(path: Path) -> int:
    """The CRC-32 of a file."""
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def is_readable_shard(path: Path) -> bool:
    """Whether a Parquet file can be read and the checksums of its pages are right."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = sum(batch.num_rows for batch in file.iter_batches())
            return bool(rows == file.metadata.num_rows)
    except (pa.ArrowException, OSError):
        return False


def require_same_manifest(stored: ShardManifest, wanted: ShardManifest, folder: Folder) -> None:
    """Raise `BabeliteError` with the first difference between two manifests of a folder."""
    differences = {
        f"vectors of the model {stored.encoder.name}": not stored.encoder.matches(wanted.encoder),
        f"vectors of {stored.dtype}": stored.dtype != wanted.dtype,
        f"shards {'with' if stored.text else 'without'} text": stored.text != wanted.text,
        f"shards of {stored.shard_rows:,} lines": stored.shard_rows != wanted.shard_rows,
    }
    for old, new in zip(stored.sources, wanted.sources, strict=False):
        if old.name == new.name and old != new:
            differences[f"{old.name} before it changed"] = True
    names = ", ".join(source.name for source in stored.sources[:3])
    more = " …" if len(stored.sources) > 3 else ""
    differences[f"the lines of {names}{more}"] = stored.sources != wanted.sources
    found = [what for what, differs in differences.items() if differs]
    if found:
        hint, place = "use the options and files of that run, or another folder", folder.place
        raise BabeliteError(f"contains {found[0]}", code="run-mismatch", path=place, hint=hint)


def write_shard(
    path: Path,
    shard: Shard,
    manifest: ShardManifest,
    blocks: Iterable[tuple[Sequence[str], NDArray[np.float32]]],
) -> None:
    """Write blocks of lines with their vectors, of shape (lines, dim), to a Parquet file.

    The columns are ``id`` (source, colon, line number from 1), ``text`` (optional) and ``vector``
    (a list of fixed size).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source, dim = manifest.sources[shard.source].name, manifest.encoder.dim
    number = pa.float16() if manifest.dtype == "float16" else pa.float32()
    columns = {"id": pa.string(), "text": pa.string(), "vector": pa.list_(number, dim)}
    if not manifest.text:
        del columns["text"]
    schema, line = pa.schema(list(columns.items())), shard.first
    # Vectors do not compress; ids and most texts are unique, so a dictionary does not help.
    packing = {"id": "zstd", "text": "zstd", "vector.list.element": "none"}
    options = {"compression": packing, "use_dictionary": False, "write_page_checksum": True}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for texts, vectors in blocks:
            flat = np.ascontiguousarray(vectors, manifest.dtype).reshape(-1)
            arrays = {
                "id": pa.array([f"{source}:{line + i}" for i in range(1, len(texts) + 1)]),
                # A lone surrogate, which JSON can contain, is not a character.
                "text": pa.array([text.encode("utf-8", "replace").decode() for text in texts]),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(flat), dim),
            }
            chosen = [arrays[name] for name in schema.names]
            writer.write_batch(pa.RecordBatch.from_arrays(chosen, schema=schema))
            line += len(texts)
