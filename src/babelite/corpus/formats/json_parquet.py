"""Sentence pairs in JSON lines and Parquet."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError
from babelite.storage import (
    COMPRESSIONS,
    is_string_type,
    parse_json_object,
    read_lines,
    reading_parquet,
    replace_lone_surrogates,
    require_file,
    require_no_zero_byte,
    require_pyarrow,
    require_string_type,
    require_unique_column,
    string_field,
    writing_bytes,
    writing_text,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Translation data sets often nest both sides: {"translation": {"en": …, "fr": …}}.
_NEST = "translation"
_BATCH = 8192
_ROW_GROUP = 1 << 16


def _choose_keys(
    names: Collection[str],
    languages: tuple[str, str],
    columns: tuple[str, str] | None,
    path: str,
    line: int | None = None,
) -> tuple[str, str]:
    choices = (columns,) if columns else (languages, ("source", "target"))
    for choice in choices:
        if all(key in names for key in choice):
            return choice
    raise BabeliteError(
        f"has no columns {choices[0][0]!r} and {choices[0][1]!r}, "
        f"it has {', '.join(names) or 'none'}",
        code="column-not-found",
        path=path,
        line=line,
        hint="choose two of these with --columns",
    )


def _distinct(languages: tuple[str, str]) -> tuple[str, str]:
    return languages if languages[0] != languages[1] else ("source", "target")


# --- JSON lines -----------------------------------------------------------------------------------


def read_jsonl(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read one JSON object a line; blank lines are skipped, null is an empty side.

    The default keys are the language codes, else ``source`` and ``target``, at the top or inside
    ``"translation": {…}``.
    """
    keys: tuple[str, str] | None = None
    for number, record in _objects(path):
        nest = record.get(_NEST)
        nested = isinstance(nest, dict) and not (columns and set(columns) <= record.keys())
        fields = cast("dict[str, object]", nest) if nested else record
        if keys is None:
            keys = _choose_keys(fields, languages, columns, path, number)
        yield Pair(_string(fields, keys[0], path, number), _string(fields, keys[1], path, number))


def jsonl_texts(path: str) -> Iterator[str]:
    """Yield every string of every object, at any depth."""
    for _, record in _objects(path):
        yield from _strings(record)


def write_jsonl(path: str, pairs: Iterable[Pair], languages: tuple[str, str]) -> int:
    """Write objects whose keys are the two language codes; return the number of pairs."""
    source_key, target_key = _distinct(languages)
    count = 0
    with writing_text(path) as out:
        for source, target in pairs:
            out.write(json.dumps({source_key: source, target_key: target}, ensure_ascii=False))
            out.write("\n")
            count += 1
    return count


def _objects(path: str) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in enumerate(read_lines(path), 1):
        if line.strip():
            yield number, parse_json_object(line, path, number, '{"en": "…", "fr": "…"}')


def _string(record: Mapping[str, object], key: str, path: str, number: int) -> str:
    if key not in record:
        raise BabeliteError(
            f"has no {key!r}",
            code="column-not-found",
            path=path,
            line=number,
            hint="fix the line, or choose others with --columns",
        )
    return string_field(record[key], key, path, number, "--columns")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield replace_lone_surrogates(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


# --- Parquet --------------------------------------------------------------------------------------


def read_parquet(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read two string columns of a Parquet file in batches of rows; null is an empty side.

    The default columns are those of `read_jsonl`, at the top or inside a struct ``translation``.
    """
    with _open_parquet(path) as file:
        names = file.schema_arrow.names
        inner = _struct_names(file.schema_arrow, path)
        nested = bool(inner) and not (columns and set(columns) <= set(names))
        there = inner if nested else names
        keys = _choose_keys(there, languages, columns, path)
        for key in keys:
            require_unique_column(key, there, path)
        wanted = [f"{_NEST}.{key}" for key in keys] if nested else list(keys)
        for batch in file.iter_batches(_BATCH, columns=wanted):
            holder = _struct_as_batch(batch.column(_NEST)) if nested else batch
            sources, targets = (_strings_of(holder.column(key), key, path) for key in keys)
            yield from map(Pair, sources, targets)


def parquet_texts(path: str) -> Iterator[str]:
    """Yield every value of every string column, inside ``translation`` too."""
    with _open_parquet(path) as file:
        for batch in file.iter_batches(_BATCH):
            structs = [column for column in batch.columns if _is_struct(column.type)]
            holders = [batch, *map(_struct_as_batch, structs)]
            for holder in holders:
                for name, column in zip(holder.schema.names, holder.columns, strict=True):
                    if is_string_type(column.type):
                        yield from _strings_of(column, name, path)


def write_parquet(path: str, pairs: Iterable[Pair], languages: tuple[str, str]) -> int:
    """Write two string columns named by the language codes; return the number of pairs."""
    require_pyarrow("Parquet", "corpus")
    import pyarrow as pa
    import pyarrow.parquet as pq

    if Path(path).suffix.lower() in COMPRESSIONS:
        raise BabeliteError(
            "is Parquet, which is compressed already",
            code="format-invalid",
            path=path,
            hint="leave out the second ending",
        )
    schema = pa.schema([(name, pa.string()) for name in _distinct(languages)])
    pairs = iter(pairs)
    count = 0
    with writing_bytes(path) as out, pq.ParquetWriter(out, schema, compression="zstd") as writer:
        while group := list(islice(pairs, _ROW_GROUP)):
            columns = [pa.array(side, pa.string()) for side in zip(*group, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            count += len(group)
    return count


@contextlib.contextmanager
def _open_parquet(path: str) -> Iterator[pq.ParquetFile]:
    require_pyarrow("Parquet", "corpus")
    if path == "-":
        raise BabeliteError(
            "cannot be read as Parquet",
            code="format-invalid",
            path=path,
            hint="name a file, or pipe TSV",
        )
    require_file(Path(path))
    with reading_parquet(path, path) as file:
        yield file


def _struct_names(schema: pa.Schema, path: str) -> list[str]:
    """The names of the fields inside the struct ``translation``; empty without one."""
    if _NEST not in schema.names:
        return []
    require_unique_column(_NEST, schema.names, path)
    column = schema.field(_NEST).type
    if not _is_struct(column):
        return []
    return [column.field(index).name for index in range(column.num_fields)]


def _is_struct(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind))


def _struct_as_batch(column: pa.StructArray) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_struct_array(column)


def _strings_of(column: pa.Array, name: str, path: str) -> list[str]:
    """The strings of a column in any layout; null becomes the empty string."""
    require_string_type(column.type, name, path)
    texts = [value or "" for value in column.to_pylist()]
    require_no_zero_byte(texts, name, path)
    return texts
