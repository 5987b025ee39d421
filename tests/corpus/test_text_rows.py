"""Tables whose rows have a text, an id and other values."""

from __future__ import annotations

import csv
import datetime
import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import TableSource, TextRow

HEADER = ["id", "text", "lang"]
CELLS = [["a", "the house; red", "en"], ["b", 'le "chat"\nnoir', "fr"], ["c", "music", ""]]
ROWS = [
    ("the house; red", "a", {"lang": "en"}),
    ('le "chat"\nnoir', "b", {"lang": "fr"}),
    ("music", "c", {}),
]


def write(path: Path, cells: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(cells)
    path.write_bytes(out.getvalue().encode("utf-8-sig"))
    return str(path)


def records(cells: list[list[str]]) -> list[dict[str, Any]]:
    return [{"key": key, "text": text, "meta": {"lang": lang or None}} for key, text, lang in cells]


def read(place: str, *columns: Any) -> list[tuple[str, str | None, dict[str, Any]]]:
    return [(row.text, row.id, dict(row.fields)) for row in TableSource(place, *columns).read()]


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
def test_tables(tmp_path: Path, name: str, delimiter: str) -> None:
    path = write(tmp_path / name, [HEADER, *CELLS], delimiter)
    assert read(path, None, "id", ["lang"]) == ROWS
    assert read(path, "2", "1", ["3"]) == [
        (text, id, {"3": fields["lang"]} if fields else {}) for text, id, fields in ROWS
    ]
    assert [row.number for row in TableSource(path, None, "id").read()] == [2, 3, 5]
    assert read(path, "lang", None, ["text"])[0] == ("en", None, {"text": "the house; red"})


def test_a_table_without_a_header_is_read_by_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('1\ta "b\tx\n\n2\tc\td\n')
    rows = list(TableSource(str(tmp_path / "a.tsv"), "2", "1", ["3"]).read())
    assert rows == [
        TextRow(1, 'a "b', "1", {"3": "x"}),
        TextRow(2, "", None, {}),
        TextRow(3, "c", "2", {"3": "d"}),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.parquet", "-"])
def test_records(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, found = tmp_path / name, records(CELLS)
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist(found), path)
    elif name == "a.json":
        path.write_text(json.dumps(found))
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in found))
    if name == "-":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    place = name if name == "-" else str(path)
    wanted = [
        (text, id, {"meta.lang": fields["lang"]} if fields else {}) for text, id, fields in ROWS
    ]
    assert read(place, "text", "key", ["meta.lang"]) == wanted


def test_values_keep_their_types(tmp_path: Path) -> None:
    day = datetime.date(2020, 1, 2)
    values = {"n": 7, "list": ["x"], "inner": {"a": 1, "b": None}, "yes": True}
    found = [{"text": "a", "id": 3, **values}, {"text": "b", "id": 4, "n": None}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, found)))
    assert read(str(tmp_path / "a.jsonl"), None, "id", [*values]) == [
        ("a", "3", values),
        ("b", "4", {}),
    ]
    pq.write_table(pa.Table.from_pylist([found[0] | {"day": day}]), tmp_path / "a.parquet")
    assert read(str(tmp_path / "a.parquet"), None, "id", [*values, "day", "inner.a"]) == [
        ("a", "3", values | {"day": day, "inner.a": 1})
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(),
            *[st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9)] * 2,
        ),
        min_size=1,
        unique_by=lambda row: row[0],
    )
)
def test_all_formats_give_the_same_rows(rows: list[tuple[int, str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        named = [{"id": n, "text": text, "note": note or None} for n, text, note in rows]
        (path / "a.jsonl").write_text("\n".join(map(json.dumps, named)))
        types = pa.schema([("id", pa.string()), ("text", pa.string()), ("note", pa.string())])
        texts = [{**row, "id": str(row["id"])} for row in named]
        pq.write_table(pa.Table.from_pylist(texts, types), path / "a.parquet")
        cells = [["id", "text", "note"], *([str(n), text, note] for n, text, note in rows)]
        write(path / "a.csv", cells)
        found = [
            read(str(path / name), "text", "id", ["note"])
            for name in ("a.jsonl", "a.parquet", "a.csv")
        ]
        assert found[0] == found[1]
        assert found[0] == found[2]


@pytest.mark.parametrize(
    ("content", "columns", "code", "facts"),
    [
        ("key,text\na,x\nb,y\na,z\n", (None, "key"), "id-repeated", "line 4: the id 'a'"),
        ("key,text\na,x\n,y\n", (None, "key"), "column-invalid", "line 3: has a text but no id"),
        ("key,text\na,x\n", (None, "id"), "column-not-found", "it has key, text"),
        ("key,text\na,x\n", (None, "key", ["lang"]), "column-not-found", "no column 'lang'"),
        ("key,text\na,x\n", (None, "3"), "column-not-found", "no column 3"),
        ('{"id": "a", "text": "x"}\n{"text": "y"}', (None, "id"), "column-invalid", "line 2"),
        ('{"id": 1.5, "text": "x"}', (None, "id"), "column-invalid", "the id 1.5"),
        ('{"id": true, "text": "x"}', (None, "id"), "column-invalid", "the id True"),
        ('{"id": "a", "text": "x"}', (None, "id", ["no"]), "column-not-found", "column 'no'"),
        ('{"id": "a", "text": 5}', (None, "id"), "column-invalid", "'text' is not a string"),
        ('{"id": "a", "text": "x"}\n{', (None, "id"), "format-invalid", "line 2"),
        ('["x"]', (None, "id"), "format-invalid", "item 1 is not an object"),
    ],
)
def test_wrong_tables(
    tmp_path: Path, content: str, columns: tuple[Any, ...], code: str, facts: str
) -> None:
    suffix = {"{": ".jsonl", "[": ".json"}.get(content[0], ".csv")
    path = tmp_path / f"a{suffix}"
    path.write_text(content)
    with raises(code, facts):
        read(str(path), *columns)


def test_wrong_records_of_parquet_and_other_formats(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": ["a", "a"], "text": ["x", "y"]}), path)
    with raises("id-repeated", "line 2"):
        read(path, None, "id")
    with raises("column-not-found", "it has id, text"):
        read(path, None, "id", ["lang"])
    with raises("format-invalid", "no columns"):
        read(str(tmp_path / "a.tmx"), None, "id")
