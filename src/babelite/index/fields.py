"""Ids and fields of rows: JSON records, and a column of hashes for each field.

``fields.jsonl`` contains a JSON object for each row, in which the id has the empty name. For each
field, a file such as ``field-0.bin`` contains the hash (uint64) of its value in each row; 0 stands
for no value. A filter reads nothing else. Both begin at the row where the first field begins, or
the field itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import hash_texts
from babelite.errors import BabeliteError
from babelite.index.description import IndexDescription, IndexField, damaged_index
from babelite.index.line_storage import LineReader
from babelite.storage import CheckedFile

FIELDS, FIELD_ENDS = "fields.jsonl", "field_ends.bin"
ID = ""  # the name of the field of the ids
HASH_BYTES = 8
_COMPARED = 8  # values that are compared one by one; more are sorted

# Values by field: one that a row must have, or several of which it must have one.
Where = Mapping[str, object]


class IndexRow(NamedTuple):
    """A line of text with an id and other fields.

    Attributes:
        text: The text.
        id: Its id, of which an index has only one line; None if it has none.
        fields: Values of JSON by name.
    """

    text: str
    id: str | None = None
    fields: Mapping[str, Any] = {}


@dataclass(frozen=True)
class RowBlock:
    """The texts of some rows in UTF-8, blank ones empty, and their records, empty if none."""

    texts: list[bytes]
    records: list[bytes]

    @cached_property
    def values(self) -> list[dict[str, Any]]:
        """The id and the fields of each row."""
        return [parse_record(record) for record in self.records]

    def rows(self) -> Iterable[IndexRow]:
        """The rows."""
        return (
            row_of(text.decode(), values)
            for text, values in zip(self.texts, self.values, strict=True)
        )


def parse_record(record: bytes) -> dict[str, Any]:
    """The id and the fields of a row."""
    values: dict[str, Any] = json.loads(record) if record else {}
    return values


def row_of(text: str, values: Mapping[str, Any]) -> IndexRow:
    """A row of a text and the values of its record."""
    fields = {name: value for name, value in values.items() if name != ID}
    return IndexRow(text, values.get(ID), fields)


def record_of(row: IndexRow, source: str, line: int) -> bytes:
    """The record of a row; an error names its source and line."""
    if not isinstance(row.text, str):
        raise _invalid(
            f"has a text that is not a string but {type(row.text).__name__}", source, line
        )
    values = dict(row.fields)
    if not all(isinstance(name, str) and name for name in values):
        raise _invalid("has a field whose name is not a string, or is empty", source, line)
    if row.id is not None:
        values[ID] = str(row.id)
        if isinstance(row.id, bool) or not isinstance(row.id, str | int) or not values[ID]:
            raise _invalid(f"has the id {row.id!r}, which is no text", source, line)
    if not values:
        return b""
    try:
        values = {name: _plain(value) for name, value in values.items()}
        text = json.dumps(
            values, ensure_ascii=False, sort_keys=True, default=_plain, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise _invalid(f"has a field that JSON cannot express ({error})", source, line) from error
    return text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value that JSON can express: numbers of NumPy, dates as text, None for NaN."""
    if value is None or isinstance(value, str | int | dict | list | tuple):
        return value
    for convert in ("item", "isoformat"):
        if hasattr(value, convert):
            return _plain(getattr(value, convert)())
    if not isinstance(value, float):
        raise TypeError(f"{type(value).__name__} is no type of JSON")
    return value if value == value else None


def _invalid(problem: str, source: str, line: int) -> BabeliteError:
    hint = "give an id of text, and fields of strings, numbers, lists and dictionaries"
    return BabeliteError(problem, code="input-invalid", path=source, line=line, hint=hint)


def comparable(value: object) -> str | None:
    """The text by which values are compared: 2020 equals "2020"; None for no value.

    Example:
        >>> comparable(2020.0), comparable(True), comparable(None)
        ('2020', 'true', None)
    """
    value = _plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def hashes_of(values: Iterable[object]) -> NDArray[np.uint64]:
    """The hashes of values, uint64 (n,); 0 for None."""
    texts = [comparable(value) for value in values]
    given = [text.encode("utf-8", "replace") for text in texts if text is not None]
    hashes = np.zeros(len(texts), np.uint64)
    hashes[[text is not None for text in texts]] = hash_texts(given)
    return hashes


def accepted_values(value: object) -> Sequence[object]:
    """The values that an entry of a filter accepts."""
    return [*value] if isinstance(value, list | tuple | set | frozenset) else [value]


def matches(values: Mapping[str, Any], where: Where) -> bool:
    """Whether the values of a row pass a filter."""
    return all(
        comparable(values.get(name)) in map(comparable, accepted_values(value))
        for name, value in where.items()
    )


def column_file(number: int) -> str:
    """The file of the hashes of a field."""
    return f"field-{number}.bin"


def grown_fields(
    fields: tuple[IndexField, ...], block: RowBlock, first: int
) -> tuple[IndexField, ...]:
    """The fields of an index to which a block of rows is added at row ``first``."""
    known = {field.name for field in fields}
    names = {name for record in block.values for name in record} - known
    return (*fields, *(IndexField(name=name, first=first) for name in sorted(names)))


class FieldReader:
    """Reads the ids and fields of the first ``rows`` rows of an index."""

    def __init__(self, folder: Path, description: IndexDescription, rows: int) -> None:
        self._rows, self._path = rows, folder / FIELDS
        checksums = description.has_checksums
        self._columns: dict[str, tuple[int, CheckedFile, NDArray[np.uint64]]] = {}
        for number, field in enumerate(description.fields):
            if (count := rows - field.first) > 0:
                path = folder / column_file(number)
                file = CheckedFile(path, count * HASH_BYTES, damaged_index, checksums=checksums)
                self._columns[field.name] = field.first, file, file.array("<u8", count)
        self.names = tuple(name for name in self._columns if name != ID)
        self.has_ids = ID in self._columns
        self.lines: LineReader | None = None
        if self._columns:
            first, ends = description.fields[0].first, folder / FIELD_ENDS
            self.lines = LineReader(self._path, ends, first, rows, checksums=checksums)

    def records(self, start: int, stop: int) -> list[bytes]:
        """The records of the rows from ``start`` up to ``stop``; empty for rows without one."""
        return self.lines.lines(start, stop) if self.lines else [b""] * (stop - start)

    def values(self, row: int) -> dict[str, Any]:
        """The id and the fields of a row."""
        [record] = self.records(row, row + 1)
        try:
            return parse_record(record)
        except ValueError as error:
            raise damaged_index(self._path, "is damaged") from error

    def file_sizes(self) -> dict[str, int]:
        """The bytes of the rows in each file, without checksums."""
        sizes = {
            column_file(number): column.nbytes
            for number, (_, _, column) in enumerate(self._columns.values())
        }
        if self.lines:
            sizes |= {FIELDS: self.lines.text_bytes, FIELD_ENDS: self.lines.ends_bytes}
        return sizes

    def hashes(self, name: str) -> tuple[int, NDArray[np.uint64]]:
        """The first row of a field, and the hashes of its values from there on."""
        if name not in self._columns:
            raise self._missing(name)
        first, file, column = self._columns[name]
        file.verify(0, column.nbytes)
        return first, column

    def passing(self, where: Where) -> NDArray[np.bool_]:
        """Whether rows pass a filter, (rows,), as far as hashes can tell."""
        passed = np.ones(self._rows, bool)
        for name, value in where.items():
            first, column = self.hashes(name)
            accepted = np.unique(hashes_of(accepted_values(value)))
            few = len(accepted) <= _COMPARED
            found = np.zeros(len(column), bool) if few else np.isin(column, accepted)
            for one in accepted if few else ():
                found |= column == one
            passed[first:] &= found
            passed[:first] &= 0 in accepted
        return passed

    def _missing(self, name: str) -> BabeliteError:
        if name == ID:
            problem, hint = "has no ids", "build it with ids (--id)"
        else:
            problem = f"has no field {name!r}"
            hint = f"its fields are {', '.join(self.names)}"
            if not self.names:
                problem, hint = "has no fields", "build it with fields (--keep)"
        return BabeliteError(problem, code="column-not-found", path=self._path.parent, hint=hint)
