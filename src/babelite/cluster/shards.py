"""Encoded lines in Parquet files that are there or not: a folder of shards and what it holds.

``_shards.json`` says what the folder is to hold. Its shards have names that depend on nothing but
that, and each appears when it is whole. So what is missing can be told from the names alone, and a
shard that is made twice replaces itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite._version import __version__
from babelite.encoding import EncoderFingerprint
from babelite.errors import BabeliteError
from babelite.storage import Folder, parse_versioned_json, require_pyarrow

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

FORMAT_VERSION = 1
MANIFEST = "_shards.json"  # what reads folders of Parquet passes over names with an underscore

Dtype = Literal["float32", "float16"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Encoded(_Record):
    """A file whose lines are encoded.

    Attributes:
        name: The file, as it was named: what the ids begin with.
        column: The tab-separated column taken, if one is.
        field: The field taken, if one was named.
        rows: How many lines there are.
        digest: The checksum of `babelite.corpus.Survey`.
    """

    name: str
    column: int | None = None
    field: str | None = None
    rows: int = Field(ge=1)
    digest: str


class Manifest(_Record):
    """The contents of ``_shards.json``.

    Attributes:
        encoder: What makes the vectors.
        dtype: Their type.
        text: Whether the text is kept beside them.
        shard_rows: Lines in a shard; the last one of a file has what is left.
        sources: The files, in order.
    """

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    encoder: EncoderFingerprint
    dtype: Dtype
    text: bool
    shard_rows: int = Field(ge=1)
    sources: tuple[Encoded, ...]

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
    """A file of vectors.

    Attributes:
        name: Of the file.
        source: The place of its source among those of the manifest.
        first: The first of its lines in the source, from 0.
        rows: How many lines it has.
    """

    name: str
    source: int
    first: int
    rows: int


def read_manifest(folder: Folder) -> Manifest | None:
    """What a folder is to hold; None if it holds no ``_shards.json``.

    Raises:
        BabeliteError: It is damaged or of a newer version.
    """
    if MANIFEST not in folder.names():
        return None
    place = folder.file(MANIFEST)
    return parse_versioned_json(
        Manifest,
        folder.read_text(MANIFEST),
        place,
        newest=FORMAT_VERSION,
        hint="name another folder, or delete this one",
    )


def require_same(there: Manifest, wanted: Manifest, folder: Folder) -> None:
    """See that a folder was begun with the work that is to be done now.

    Raises:
        BabeliteError: With something else; says with what.
    """
    differences = {
        f"vectors of the model {there.encoder.name}": not there.encoder.matches(wanted.encoder),
        f"vectors of {there.dtype}": there.dtype != wanted.dtype,
        f"shards {'with' if there.text else 'without'} text": there.text != wanted.text,
        f"shards of {there.shard_rows:,} lines": there.shard_rows != wanted.shard_rows,
    }
    names = [source.name for source in there.sources]
    for old, new in zip(there.sources, wanted.sources, strict=False):
        if old.name == new.name and old != new:
            differences[f"{old.name} as it was before it changed"] = True
    differences[f"the lines of {', '.join(names[:3])}{' …' if len(names) > 3 else ''}"] = (
        there.sources != wanted.sources
    )
    for what, differs in differences.items():
        if differs:
            raise BabeliteError(
                f"holds {what}",
                path=folder.place,
                hint="give the command it was begun with, or name another folder, or delete it",
            )


def require_parquet() -> None:
    """Raise unless the library for Parquet is there.

    Raises:
        MissingExtraError: It is not.
    """
    require_pyarrow("a folder of Parquet shards", "cluster")


class ShardWriter:
    """Writes lines and vectors to a Parquet file, a block at a time.

    The columns are ``id`` (the source, a colon and the number of the line, from 1), ``text`` if it
    is kept, and ``vector``, a list of as many numbers as the encoder gives.
    """

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema, source: str) -> None:
        self._writer, self._schema, self._source = writer, schema, source
        self._dtype = schema.field("vector").type.value_type.to_pandas_dtype()

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, source: str, dim: int, dtype: Dtype, *, text: bool
    ) -> Iterator[ShardWriter]:
        """Begin a file.

        Args:
            path: The file.
            source: What the ids begin with.
            dim: Components of a vector.
            dtype: Their type.
            text: Whether to keep the text.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = pa.float16() if dtype == "float16" else pa.float32()
        columns = [("id", pa.string()), ("vector", pa.list_(number, dim))]
        if text:
            columns.insert(1, ("text", pa.string()))
        schema = pa.schema(columns)
        # Vectors do not shrink, and no two rows have the same id or, mostly, the same text.
        packing = {"id": "zstd", "text": "zstd", "vector.list.element": "none"}
        with pq.ParquetWriter(path, schema, compression=packing, use_dictionary=False) as writer:
            yield cls(writer, schema, source)

    def write(self, first: int, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Append lines.

        Args:
            first: The place of the first line in its source, from 0.
            texts: The lines.
            vectors: Their vectors, shape (len(texts), dim).
        """
        import pyarrow as pa

        numbers = pa.array(np.ascontiguousarray(vectors, self._dtype).reshape(-1))
        columns = {
            "id": pa.array([f"{self._source}:{first + i + 1}" for i in range(len(texts))]),
            "vector": pa.FixedSizeListArray.from_arrays(numbers, vectors.shape[1]),
        }
        if "text" in self._schema.names:
            # Half a surrogate pair, as JSON can write it, is no character.
            columns["text"] = pa.array([t.encode("utf-8", "replace").decode() for t in texts])
        arrays = [columns[name] for name in self._schema.names]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
