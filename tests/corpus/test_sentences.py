"""Sentence sources: slices, surveys, columns, errors."""

import gzip
import json
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import SentenceSource, require_distinct_names
from babelite.errors import BabeliteError

LINES = ["the house", "", "une souris", "  ", "ein Haus 🏠", "x" * 3000, "last"]
MEMORY = fsspec.filesystem("memory")


def write(place: str, lines: list[str], column: int | str | None) -> SentenceSource:
    """Write a file in the format and compression of its name."""
    name = place.removesuffix(".gz")
    if name.endswith(".parquet"):
        sink = pa.BufferOutputStream()
        table = pa.table({"number": range(len(lines)), column or "text": lines})
        pq.write_table(table, sink, row_group_size=3)
        content = sink.getvalue().to_pybytes()
    elif name.endswith(".jsonl"):
        rows = [json.dumps({"n": 1, column or "text": line}) if line else "" for line in lines]
        content = "".join(f"{row}\n" for row in rows).encode()
    else:
        rows = [f"id\t{line}" if column else line for line in lines]
        if isinstance(column, str):
            rows.insert(0, f"number\t{column}")
        content = "".join(f"{row}\n" for row in rows).encode()
    if place.endswith(".gz"):
        content = gzip.compress(content)
    with fsspec.open(place, "wb") as stream:
        stream.write(content)
    return SentenceSource(place, column=column)


@pytest.mark.parametrize("where", ["path", "memory"])
@pytest.mark.parametrize("stride", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("a.txt", None),
        ("a.tsv.gz", 2),
        ("a.tsv", "said"),
        ("a.tsv.gz", "said"),
        ("a.jsonl", None),
        ("a.jsonl.gz", "said"),
        ("a.parquet", None),
        ("a.parquet", "said"),
    ],
)
def test_slices_concatenate_to_the_whole(
    name: str, column: int | str | None, stride: int, where: str, tmp_path: Path
) -> None:
    place = str(tmp_path / name) if where == "path" else f"memory://sentences/{name}"
    source = write(place, LINES, column)
    survey = source.survey(stride)
    assert survey.rows == len(LINES)
    assert list(source.read()) == LINES
    found = [
        list(source.read_rows(survey.part(first, min(stride, survey.rows - first))))
        for first in range(0, survey.rows, stride)
    ]
    assert len(found) == len(survey.offsets)
    assert [line for part in found for line in part] == LINES


@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8")), min_size=1),
    stride=st.integers(1, 5),
    ending=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    ended=st.booleans(),
)
def test_random_text_in_random_slices(
    lines: list[str], stride: int, ending: str, mark: bool, ended: bool
) -> None:
    if lines[0].startswith("\ufeff") or (not ended and not lines[-1]):
        return
    text = ("\ufeff" if mark else "") + ending.join(lines) + (ending if ended else "")
    MEMORY.pipe("/any.txt", text.encode())
    source = SentenceSource("memory://any.txt")
    survey = source.survey(stride)
    assert list(source.read()) == lines
    for number in range(len(survey.offsets)):
        first = number * stride
        for count in (min(stride, survey.rows - first), survey.rows - first):
            part = survey.part(first, count)
            assert list(source.read_rows(part)) == lines[first : first + count]


def test_the_digest_changes_with_the_content(tmp_path: Path) -> None:
    digests = set()
    for name in ("a.txt", "a.jsonl", "a.parquet"):
        for lines in (["one", "two"], ["one", "tow"], ["one"]):
            digests.add(write(str(tmp_path / name), lines, None).survey(10).digest)
    assert len(digests) == 9
    again = write(str(tmp_path / "a.txt"), ["one"], None)
    assert again.survey(10).digest in digests


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize("after", [["one", "two"], ["one", "two", "fifth"], ["one", "2", "three"]])
def test_a_file_that_changed_after_the_survey_is_an_error(
    tmp_path: Path, name: str, after: list[str]
) -> None:
    source = write(str(tmp_path / name), ["one", "two", "three"], None)
    survey = source.survey(2)
    assert list(source.read_rows(survey.part(2, 1))) == ["three"]
    write(str(tmp_path / name), after, None)
    found = []
    with raises("file-changed", f"{name}: changed"):
        for first, count in ((0, 2), (2, 1)):
            for text in source.read_rows(survey.part(first, count)):
                found.append(text)
    assert found in ([], ["one"], ["one", "two"])  # never a complete wrong stride


@pytest.mark.parametrize(
    ("name", "content", "column", "code", "facts"),
    [
        ("a.txt", b"", None, "input-empty", "a.txt: is empty"),
        ("a.txt", b"fine\n\xff\xfe\n", None, "not-utf8", "a.txt, line 2"),
        ("a.txt", b"fine\n\nze\0ro\n", None, "not-utf8", "a.txt, line 3"),
        ("a.txt.gz", gzip.compress(b"fine\n" * 9999, mtime=0)[:60], None, "file-damaged", "a.txt"),
        ("a.tsv", b"a\tb\n\nc\n", 2, "column-not-found", "a.tsv, line 3: has 1 column"),
        ("a.tsv", b"a\tb\nc\td\n\nc\n", "b", "column-not-found", "a.tsv, line 4: has 1 column"),
        ("a.txt", b"one\ttwo\n", "text", "column-not-found", "it has one, two"),
        ("a.tsv", b"a\tb\n", 0, "column-not-found", "columns are counted from 1"),
        ("a.tsv", b"a\tb\n", "b", "input-empty", "a.tsv: is empty"),
        ("a.jsonl", b'{"text": "a"}\n', 1, "column-not-found", "has no column '1', it has text"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text"\n', None, "format-invalid", "a.jsonl, line 3"),
        ("a.jsonl", b"[1]\n", None, "format-invalid", "line 1"),
        ("a.jsonl", b'{"text": 3}\n', None, "column-invalid", "'text'"),
        ("a.jsonl", b'\n{"text": "\\u0000"}\n', None, "column-invalid", "line 2: 'text'"),
        ("a.jsonl", b'{"en": "a"}\n', None, "column-not-found", "'text', it has en"),
        ("a.jsonl", b'{"en": "a"}\n', "fr", "column-not-found", "'fr'"),
        ("a.parquet", b"not at all", None, "file-damaged", "a.parquet"),
    ],
)
def test_a_survey_reports_invalid_input(
    tmp_path: Path, name: str, content: bytes, column: int | str | None, code: str, facts: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BabeliteError) as error:
        SentenceSource(str(tmp_path / name), column=column).survey(10)
    assert error.value.code == code
    assert facts in str(error.value)


@pytest.mark.parametrize("layout", [pa.string(), pa.large_string(), pa.string_view(), None])
def test_columns_of_parquet(layout: pa.DataType | None, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    words = pa.array(["a", None, "b"], layout)
    words = words if layout else words.dictionary_encode()
    pq.write_table(pa.table({"number": [1, 2, 3], "sentence": words}), path)
    assert list(SentenceSource(str(path)).read()) == ["a", "", "b"]
    with raises("column-invalid", "'number'.*int64"):
        SentenceSource(str(path), column="number").survey(1)
    with raises("column-not-found", "'en'.*number, sentence"):
        SentenceSource(str(path), column="en").survey(1)


def test_lone_surrogates_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "station \\ud83d?"}\n{"text": "\\ud83d\\ude00"}\n')
    assert list(SentenceSource(str(tmp_path / "a.jsonl")).read()) == [
        "station \ufffd?",
        "\U0001f600",
    ]


def test_parquet_with_invalid_text_or_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    latin = pa.array([b"fine", "café".encode("latin-1")]).view(pa.string())
    pq.write_table(pa.table({"text": latin}), path)
    with raises("not-utf8", r"a\.parquet: contains b'caf\\xe9', which is not UTF-8"):
        list(SentenceSource(str(path)).read())
    words = pa.array(["a"])
    pq.write_table(pa.Table.from_arrays([words, words], names=["text", "text"]), path)
    with raises("column-invalid", r"a\.parquet: has 2 columns 'text'"):
        SentenceSource(str(path)).survey(1)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["a.txt", "b.txt", "a.txt"], "a.txt: is named twice; name it once"),
        (["a.txt", "caf\udce9.txt"], "has a name that is not UTF-8; rename it"),
    ],
)
def test_invalid_file_names(places: list[str], message: str) -> None:
    require_distinct_names(places[:1])
    with raises("input-invalid", message):
        require_distinct_names(places)
