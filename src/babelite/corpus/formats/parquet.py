"""Parquet files: text columns, and the sentence pairs in them (pyarrow, part of several extras)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from babelite.corpus.columns import choose_fields, field_names, languages_of_fields
from babelite.corpus.formats.json_lines import NESTED
from babelite.corpus.losses import Losses
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, requires_extra
from babelite.storage import (
    COMPRESSIONS,
    MAX_RECORD_BYTES,
    reading_seekable,
    record_too_large,
    writing_bytes,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 8192
_ROW_GROUP = 1 << 16
_MAX_BATCH_BYTES = 1 << 32  # of the texts of one batch
_SHOWN = 20  # bytes shown before and after one that is not UTF-8


def read_parquet(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[Pair]:
    """Read two string columns of a Parquet file in batches of rows; null is an empty side.

    The default columns are those of `read_jsonl`, at the top or inside a struct ``translation``.
    """
    with _opened(path) as file:
        outer = file.schema_arrow
        flat = outer.empty_table().flatten().schema
        prefix = f"{NESTED}."
        inner = _nested_names(flat)
        nested = bool(inner) and not (columns and set(columns) <= set(outer.names))
        keys = choose_fields(inner if nested else outer.names, languages, columns, path)
        names = [prefix + key if nested else key for key in keys]
        for name in names:
            require_text_column(flat if nested else outer, name, path)
        for table in _flat_tables(file, names):
            sources, targets = (texts_of(table.column(name), name, path) for name in names)
            yield from map(Pair, sources, targets)


def parquet_languages(path: str, columns: tuple[str, str] | None) -> tuple[str, str] | None:
    """The languages that the columns name; None unless there are two."""
    with _opened(path) as file:
        outer = file.schema_arrow
        inner = _nested_names(outer.empty_table().flatten().schema)
        return languages_of_fields(inner or outer.names, columns)


def read_parquet_records(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[tuple[Pair, dict[str, object]]]:
    """Read the pair and all values of each row; see `read_parquet`."""
    with _opened(path) as file:
        batches = file.iter_batches(_BATCH)
        records = (record for batch in batches for record in batch.to_pylist())
        yield from zip(read_parquet(path, languages, columns, losses), records, strict=True)


def parquet_schema(path: str) -> pa.Schema:
    """The names and types of the columns."""
    with _opened(path) as file:
        return file.schema_arrow


def parquet_texts(path: str) -> Iterator[str]:
    """Yield every value of every string column, inside ``translation`` too."""
    with _opened(path) as file:
        for table in _flat_tables(file):
            for name, column in zip(table.column_names, table.columns, strict=True):
                if _is_string(column.type):
                    yield from texts_of(column, name, path)


def write_parquet(
    path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses
) -> int:
    """Write two string columns named by the language codes; return the number of pairs."""
    with requires_extra("Parquet", "corpus"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    if Path(path).suffix.lower() in COMPRESSIONS:
        problem, hint = "is Parquet, which is compressed already", "leave out the second ending"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)
    schema = pa.schema([(name, pa.string()) for name in field_names(languages)])
    pairs = iter(pairs)
    count = 0
    options = {"compression": "zstd", "write_page_checksum": True}
    with writing_bytes(path) as out, pq.ParquetWriter(out, schema, **options) as writer:
        while group := list(islice(pairs, _ROW_GROUP)):
            columns = [pa.array(side, pa.string()) for side in zip(*group, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            count += len(group)
    return count


@contextmanager
def reading_parquet(file: str | BinaryIO, place: str, extra: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file (a path or a seekable stream) that errors call ``place``.

    Errors of pyarrow while it is read become ``file-damaged`` or ``not-utf8``.
    """
    with requires_extra("Parquet", extra):
        import pyarrow as pa
        import pyarrow.parquet as pq
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as opened:
            _require_bounded(opened, place)
            yield opened
    except (pa.ArrowException, OSError) as error:
        problem = f"cannot be read as Parquet ({str(error).splitlines()[0]})"
        hint = "the file is damaged or has another format, so fetch it again or rename it"
        raise BabeliteError(problem, code="file-damaged", path=place, hint=hint) from error
    except UnicodeDecodeError as error:  # pyarrow decodes strings only when they are accessed
        around = error.object[max(0, error.start - _SHOWN) : error.start + _SHOWN]
        problem = f"contains {around!r}, which is not UTF-8"
        hint = "decode the text correctly and write the file again"
        raise BabeliteError(problem, code="not-utf8", path=place, hint=hint) from error


def _require_bounded(file: pq.ParquetFile, place: str) -> None:
    """Refuse a file with values that are too large, before they are decompressed."""
    metadata = file.metadata
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        # Reading the metadata of a damaged column chunk ends the process.
        if group.total_byte_size > MAX_RECORD_BYTES * max(1, group.num_rows * group.num_columns):
            raise record_too_large(place, "value")


def require_text_column(schema: pa.Schema, name: str, place: str) -> None:
    """Raise ``column-invalid`` unless one column of this name exists and contains strings."""
    if (count := schema.names.count(name)) > 1:
        raise _invalid_column(f"has {count} columns {name!r}", place)
    kind = schema.field(name).type
    if not _is_string(kind):
        raise _invalid_column(f"column {name!r} has the type {kind}, not text", place)


def texts_of(column: pa.Array | pa.ChunkedArray, name: str, place: str) -> list[str]:
    """The texts of a string column; null becomes the empty string."""
    _require_bounded_texts(column, name, place)
    texts = [value or "" for value in column.to_pylist()]
    if any("\0" in text for text in texts):
        problem = f"column {name!r} contains a zero byte (\\u0000), so it is not text"
        raise _invalid_column(problem, place)
    return texts


def values_of(column: pa.Array | pa.ChunkedArray, name: str, place: str) -> list[object]:
    """The values of a column of any type; null becomes None."""
    if _is_string(column.type):
        _require_bounded_texts(column, name, place)
    values: list[object] = column.to_pylist()
    return values


def _require_bounded_texts(column: pa.Array | pa.ChunkedArray, name: str, place: str) -> None:
    """Refuse rows with a text that is too large, or with a large one that is often repeated."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array(column) if isinstance(column, pa.Array) else column
        lengths = pa.chunked_array(
            [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
        )
    elif column.nbytes > MAX_RECORD_BYTES:
        lengths = pc.binary_length(column.cast(pa.large_string()))
    else:
        return
    longest, total = (compute(lengths).as_py() or 0 for compute in (pc.max, pc.sum))
    if longest > MAX_RECORD_BYTES or total > _MAX_BATCH_BYTES:
        raise record_too_large(place, f"value in column {name!r}")


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    if path == "-":
        problem, hint = "cannot be read as Parquet", "name a file, or pipe TSV"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)
    with reading_seekable(path) as stream, reading_parquet(stream, path, "corpus") as file:
        yield file


def _nested_names(flat: pa.Schema) -> list[str]:
    """The names of the fields inside a struct ``translation``."""
    prefix = f"{NESTED}."
    return [name.removeprefix(prefix) for name in flat.names if name.startswith(prefix)]


def _flat_tables(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Batches of rows; a struct becomes columns such as ``translation.en``."""
    import pyarrow as pa

    for batch in file.iter_batches(_BATCH, columns=columns):
        yield pa.Table.from_batches([batch]).flatten()


def flattened(table: pa.Table) -> pa.Table:
    """A table whose structs are columns such as ``a.b``, at any depth."""
    import pyarrow as pa

    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def innermost(column: pa.Array) -> pa.Array:
    """The only field inside structs of one field each; another column is returned unchanged."""
    import pyarrow as pa

    while pa.types.is_struct(column.type):
        column = column.flatten()[0]
    return column


def _is_string(kind: pa.DataType) -> bool:
    """Whether a column of this type contains strings, in any of Arrow's layouts."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    layouts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_layout(kind) for is_layout in layouts)


def _invalid_column(problem: str, place: str) -> BabeliteError:
    hint = "correct the file, or choose another column"
    return BabeliteError(problem, code="column-invalid", path=place, hint=hint)
