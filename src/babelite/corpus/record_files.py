"""Rows of named values in files: TSV, CSV, JSON lines or Parquet, by the file ending."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from babelite.corpus.normalization import one_line
from babelite.corpus.output_formats import TABLE_FORMATS, output_format
from babelite.errors import BabeliteError, requires_extra
from babelite.storage import writing_bytes, writing_text

if TYPE_CHECKING:
    import pyarrow as pa

_ROW_GROUP = 1 << 16
_DIGITS = 4  # of numbers that are no integers, in text


class Record(NamedTuple):
    """A row to write.

    Attributes:
        values: Its values in the order of the columns, or by name.
        added: Further values by name, in columns after all others. Their floats are rounded.
    """

    values: Sequence[object] | Mapping[str, object]
    added: Mapping[str, object] = {}

    def by_name(self, names: Sequence[str]) -> dict[str, object]:
        """All values by name; values without a name are called ``column_3`` and so on."""
        values = self.values
        if not isinstance(values, Mapping):
            more = (f"column_{number}" for number in range(len(names) + 1, len(values) + 1))
            values = dict(zip((*names, *more), values, strict=False))
        return {**values, **{name: _rounded(value) for name, value in self.added.items()}}

    def as_cells(self, names: Sequence[str]) -> list[str]:
        """All values as text in the order of the columns."""
        values = self.values
        if isinstance(values, Mapping):
            values = [values.get(name) for name in names]
        added = self.added.values()
        rounded = (f"{v:.{_DIGITS}f}" if isinstance(v, float) else _as_text(v) for v in added)
        return [*map(_as_text, values), *rounded]


def write_records(
    path: str,
    records: Iterable[Record],
    names: Sequence[str],
    added: Sequence[str] = (),
    *,
    header: bool = True,
    schema: pa.Schema | None = None,
) -> None:
    """Write records to a file; its ending chooses the format and the compression.

    Args:
        path: The file, or ``-`` for TSV on standard output.
        records: The records.
        names: The names of the columns.
        added: The names of ``added`` of each record.
        header: Whether TSV begins with the names.
        schema: The types of the columns ``names`` in Parquet. Default: those of the first rows.

    Raises:
        BabeliteError: The ending stands for another format, or the file cannot be written.
    """
    format_ = output_format(path, TABLE_FORMATS)
    if format_ == "parquet":
        _write_parquet(path, records, names, added, schema)
        return
    with writing_text(path) as out:
        if format_ == "jsonl":
            for record in records:
                values = record.by_name(names)
                try:
                    out.write(json.dumps(values, ensure_ascii=False) + "\n")
                except UnicodeEncodeError:  # a lone surrogate, which only an escape can express
                    out.write(json.dumps(values) + "\n")
            return
        rows = (record.as_cells(names) for record in _known(records, names, path))
        if format_ == "csv":
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*names, *added])
            writer.writerows(rows)
            return
        if header:
            out.write("\t".join((*names, *added)) + "\n")
        for row in rows:
            out.write("\t".join([one_line(c) if "\n" in c or "\t" in c else c for c in row]) + "\n")


def _known(records: Iterable[Record], names: Sequence[str], path: str) -> Iterator[Record]:
    for record in records:
        if isinstance(record.values, Mapping):
            _require_known(record.values, names, path)
        yield record


def _write_parquet(
    path: str,
    records: Iterable[Record],
    names: Sequence[str],
    added: Sequence[str],
    schema: pa.Schema | None,
) -> None:
    with requires_extra("Parquet", "corpus"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    tables = _tables(iter(records), names, schema, path)
    with writing_bytes(path) as out:
        first = next(
            tables, pa.table({name: pa.array([], pa.string()) for name in [*names, *added]})
        )
        with pq.ParquetWriter(out, first.schema, compression="zstd") as writer:
            writer.write_table(first)
            for table in tables:
                writer.write_table(table)


def _tables(
    records: Iterator[Record], names: Sequence[str], schema: pa.Schema | None, path: str
) -> Iterator[pa.Table]:
    """Tables of many rows, which have the types of the first."""
    import pyarrow as pa

    whole: pa.Schema | None = None
    while group := list(islice(records, _ROW_GROUP)):
        rows = [record.by_name(names) for record in group]
        try:
            if whole is None:
                untyped = rows if schema is None else [dict(record.added) for record in group]
                fields = dict.fromkeys(name for row in untyped for name in row)
                arrays = {name: pa.array([row.get(name) for row in untyped]) for name in fields}
                whole = pa.schema([*(schema or ()), *map(_not_null, pa.table(arrays).schema)])
            for row in rows:
                _require_known(row, whole.names, path)
            table = pa.Table.from_pylist(rows, whole)
        except pa.ArrowException as error:
            problem = f"has values of different types in a column ({str(error).splitlines()[0]})"
            hint = "write .jsonl instead"
            raise BabeliteError(problem, code="format-invalid", path=path, hint=hint) from error
        yield table


def _require_known(values: Mapping[str, object], names: Sequence[str], path: str) -> None:
    """Raise if a record has a value without a column."""
    for name in values:
        if name not in names:
            problem, hint = f"has no column for {name!r}, which a later row has", "write .jsonl"
            raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)


def _not_null(field: pa.Field) -> pa.Field:
    """A column of nothing but nulls becomes one of strings."""
    import pyarrow as pa

    return field.with_type(pa.string()) if pa.types.is_null(field.type) else field


def _as_text(value: object) -> str:
    """A value as a cell of a text file."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _rounded(value: object) -> object:
    """A value with few digits; None for NaN, which JSON does not have."""
    if not isinstance(value, float):
        return value
    return round(value, _DIGITS) if math.isfinite(value) else None
