"""Tables: dialects, quoting, headers, and their columns in every reader."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import (
    LabelledText,
    Pair,
    SentenceSource,
    parse_source,
    read_document,
    read_labelled,
)
from babelite.corpus.table_files import opened_table

FAQ = [
    ["Nr", "Frage", "Antwort"],
    ["1", 'Was heißt "ja"?', "Das heißt:\nja, oui; yes"],
    ["2", "Wo ist\tder Bahnhof?", "Dort."],
    ["3", "Wann?", "Um 5"],
]
ANSWERS = ["Das heißt:\nja, oui; yes", "Dort.", "Um 5"]


def written(rows: list[list[str]], delimiter: str, ending: str = "\r\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ending).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")]
)
@pytest.mark.parametrize("column", ["Antwort", 3, "3"])
def test_tables_of_spreadsheets(
    tmp_path: Path, name: str, delimiter: str, column: str | int, mark: str, ending: str
) -> None:
    path = tmp_path / name
    path.write_bytes((mark + written(FAQ, delimiter, ending)).encode())
    source = SentenceSource(str(path), column)
    assert list(source.read()) == ANSWERS
    assert list(source.read_numbered()) == list(zip((2, 4, 5), ANSWERS, strict=True))
    survey = source.survey(2)
    assert (survey.rows, survey.offsets) == (3, (0, 2))
    assert list(source.read_rows(survey.part(2, 1))) == ANSWERS[2:]
    document = read_document(str(path), column=column)
    assert document.sentences == ("Das heißt: ja, oui; yes", *ANSWERS[1:])
    pairs = parse_source(f"de-de={path}", ("Frage", "3"))
    assert list(pairs.read()) == [Pair(row[1], row[2]) for row in FAQ[1:]]


def test_a_separator_line_of_excel(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nid;text\n1;a, b, c\n", encoding="utf-8")
    assert list(SentenceSource(str(path)).read_numbered()) == [(3, "a, b, c")]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8),
    name=st.sampled_from(["a.csv", "a.tsv"]),
    column=st.integers(0, 2),
)
def test_any_cell_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    name: str,
    column: int,
) -> None:
    header = ["id", "text", "label"]
    path = tmp_path_factory.getbasetemp() / name
    out = io.StringIO()
    csv.writer(out, delimiter="," if name == "a.csv" else "\t", quoting=csv.QUOTE_ALL).writerows(
        [header, *rows]
    )
    path.write_bytes(out.getvalue().encode())
    source = SentenceSource(str(path), header[column])
    assert list(source.read()) == [row[column] for row in rows]
    assert list(SentenceSource(str(path), column + 1).read()) == [row[column] for row in rows]


@pytest.mark.parametrize(
    "lines",
    [
        ['"Hello," she said.\t"Bonjour", dit-elle.', "Yes.\tOui."],
        ['"I am here.\t« Je suis là.', "Go away.\"\tVa-t'en. »"],
        ['"Hello."\t"Bonjour."', "Yes.\tOui."],
        ['"" is empty\t"', "Yes.\tOui."],
        ['5" disk\t"', '3" disk\tx'],
    ],
)
def test_quotation_marks_of_a_corpus_are_text(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    rows = [line.split("\t") for line in lines]
    for column in (0, 1):
        assert list(SentenceSource(str(path), column + 1).read()) == [r[column] for r in rows]
    assert [list(pair) for pair in parse_source(f"en-fr={path}").read()] == rows
    assert list(SentenceSource(str(path)).read()) == lines


@pytest.mark.parametrize(
    ("text", "column", "texts"),
    [
        ("id\ttext\n7\tone\n", None, ["one"]),  # a usual name
        ("id\ttext\n7\tone\n", 2, ["one"]),
        ("Nr\tFrage\n1\tone\n2\ttwo\n3\tthree\n", 2, ["one", "two", "three"]),  # numbers below
        ("house\ttext\nmouse\ttexte\n", 1, ["house", "mouse"]),  # a dictionary
        ("1\tone\n2\ttwo\n3\tthree\n", 2, ["one", "two", "three"]),
        ("one\ttwo\n", None, ["one\ttwo"]),
        ("Stop.\tHalt.\n5\t6\n5\t6\n5\t6\n", 1, ["Stop.", "5", "5", "5"]),
    ],
)
def test_headers_of_tsv(tmp_path: Path, text: str, column: int | None, texts: list[str]) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    assert list(SentenceSource(str(path), column).read()) == texts


@pytest.mark.parametrize(
    ("text", "column", "texts"),
    [
        ("text\n\none\n", None, ["", "one"]),
        ("said\none\ntwo\n", None, ["one", "two"]),  # the only column
        ("id,sentence\n7,one\n", None, ["one"]),
        ("7,one\n8,two\n", 2, ["one", "two"]),  # data in the first row
        ("Stop.,Halt.\na,b\n", 1, ["Stop.", "a"]),
    ],
)
def test_headers_of_csv(tmp_path: Path, text: str, column: int | None, texts: list[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert list(SentenceSource(str(path), column).read()) == texts


@pytest.mark.parametrize(
    ("text", "column", "code", "fact"),
    [
        ("id,question,answer\n1,a,b\n", None, "column-not-found", "id, question, answer"),
        ("id,question\n1,a\n", "text", "column-not-found", "it has id, question"),
        ("id,text\n1,a\n2,b, c\n", "text", "format-invalid", "line 3: has 3 columns"),
        ("id,text\n1,a\n\n2\n", "text", "column-not-found", "line 4: has 1 columns"),
        ('id,text\n1,"a\n2,b\n', "text", "format-invalid", "line 2"),
        ('id,text\n1,"a"b\n', "text", "format-invalid", "line 2"),
        ("id,text\n", "text", "input-empty", "is empty"),
        ("", None, "input-empty", "is empty"),
    ],
)
def test_tables_that_cannot_be_read(
    tmp_path: Path, text: str, column: str | None, code: str, fact: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with raises(code, fact):
        SentenceSource(str(path), column).survey(1)


@pytest.mark.parametrize("text", ['{"id": 1, "text": "one"}\n', "id\ttext\n1\tone\n"])
def test_a_named_column_of_standard_input(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert list(SentenceSource("-", "text").read()) == ["one"]


def test_json_arrays_and_nested_fields(tmp_path: Path) -> None:
    records = [{"a": {"b": "one"}}, {"a": {"b": None}}, {"a.b": "three"}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records, indent=1))
    source = SentenceSource(str(path), "a.b")
    assert list(source.read()) == ["one", "", "three"]
    assert source.survey(2).offsets == (0, 2)
    nested = [{"x": 1, "a": {"n": 1, "b": "one", "c": {"d": "deep"}}}, {"x": 2, "a": None}]
    pq.write_table(pa.Table.from_pylist(nested), tmp_path / "a.parquet")
    for column, texts in (("a.b", ["one", ""]), ("a.c.d", ["deep", ""])):
        source = SentenceSource(str(tmp_path / "a.parquet"), column)
        assert (list(source.read()), source.survey(1).rows) == (texts, 2)
    for column, code in (
        ("a.n", "column-invalid"),
        ("a", "column-invalid"),
        ("b", "column-not-found"),
    ):
        with raises(code):
            list(SentenceSource(str(tmp_path / "a.parquet"), column).read())
    path.write_text('["one", "two"]')
    assert list(SentenceSource(str(path)).read()) == ["one", "two"]
    lines = tmp_path / "a.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert list(SentenceSource(str(lines), "a.b").read()) == ["one", "", "three"]
    path.write_text('[{"en": "a", "fr": "b"},\n{"en": "c", "fr": "d"}]')
    assert list(parse_source(f"en-fr={path}").read()) == [Pair("a", "b"), Pair("c", "d")]


def test_a_language_of_a_translation_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tmx"
    units = "".join(
        f'<tu><tuv xml:lang="en-US"><seg>{en}</seg></tuv>'
        f'<tuv xml:lang="fr"><seg>{fr}</seg></tuv></tu>'
        for en, fr in (("yes", "oui"), ("no", "non"))
    )
    path.write_text(f'<tmx version="1.4"><header/><body>{units}</body></tmx>')
    source = SentenceSource(str(path), "fr")
    assert list(source.read_numbered()) == [(1, "oui"), (2, "non")]
    assert list(SentenceSource(str(path), "en").read()) == ["yes", "no"]
    assert list(source.read_rows(source.survey(1).part(1, 1))) == ["non"]
    with raises("column-not-found", "en-US, fr"):
        list(SentenceSource(str(path)).read())
    with raises("language-not-found", "en-US, fr"):
        list(SentenceSource(str(path), "de").read())


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl", "a.parquet"])
def test_labelled_texts_of_every_format(tmp_path: Path, name: str) -> None:
    rows = [{"text": "a, b", "label": "x"}, {"text": "c", "label": "y"}]
    path = tmp_path / name
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name == "a.jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        cells = [list(rows[0]), *(list(row.values()) for row in rows)]
        path.write_text(written(cells, "," if name == "a.csv" else "\t"))
    assert list(read_labelled(str(path))) == [LabelledText("x", "a, b"), LabelledText("y", "c")]
    assert list(read_labelled(str(path), ("text", "label")))[1] == LabelledText("c", "y")


def test_columns_named_by_the_languages(tmp_path: Path) -> None:
    path = tmp_path / "a.en-fr.csv"
    path.write_text("id,fr,en\n1,oui,yes\n")
    assert list(parse_source(str(path)).read()) == [Pair("yes", "oui")]


def test_a_table_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with opened_table(str(path)) as table:
        assert list(table.rows()) == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize("column", [None, "text", 2])
def test_slices_of_lines_that_end_in_carriage_returns(
    tmp_path: Path, column: int | str | None
) -> None:
    path = tmp_path / ("a.txt" if column is None else "a.tsv")
    rows = [f"{number}\tline {number}" for number in range(9)]
    path.write_text("\r".join((["id\ttext"] if column else []) + rows) + "\r", newline="")
    source = SentenceSource(str(path), column)
    texts = [row.split("\t")[1] if column else row for row in rows]
    survey = source.survey(2)
    assert list(source.read()) == texts
    assert list(source.read_rows(survey.part(4, 4))) == texts[4:8]
