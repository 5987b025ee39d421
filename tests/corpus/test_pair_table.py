"""Files of pairs that are read repeatedly and whose rows are written again."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from error_codes import raises

from babelite.corpus import Pair, PairTable, Record, parse_source, write_records

ROWS = [{"id": 1, "en": "one, two", "fr": "un"}, {"id": 2, "en": "three", "fr": "trois"}]
PAIRS = [Pair("one, two", "un"), Pair("three", "trois")]


def table_of(path: Path, columns: tuple[str, str] | None = None) -> PairTable:
    return PairTable(parse_source(str(path), columns, default_languages=("source", "target")))


def write(path: Path) -> None:
    """Write `ROWS` in the format of a file."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif path.suffix == ".csv":
        path.write_text('id,en,fr\n1,"one, two",un\n2,three,trois\n')
    else:
        path.write_text("id\ten\tfr\n1\tone, two\tun\n2\tthree\ttrois\n")


def test_rows_appended_after_the_first_reading_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\teins\n" * 6)
    table = table_of(tmp_path / "pairs.tsv")
    first = list(table.side(0))
    with (tmp_path / "pairs.tsv").open("a") as stream:
        stream.write("one\tmore\n")
    assert list(table.side(0)) == first
    assert len(list(table.side(1))) == len(list(table.rows())) == len(first)
    (tmp_path / "pairs.tsv").write_text("one\tonly\n")
    with raises("file-changed", r"pairs\.tsv: .*6 rows .* 1 "):
        list(table.rows())


def test_a_row_that_changes_between_two_readings_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("one\teins\ntwo\tzwei\n")
    table = table_of(tmp_path / "pairs.tsv")
    assert list(table.side(0)) == ["one", "two"]
    (tmp_path / "pairs.tsv").write_text("one\teins\ntwo\tzwo!\n")
    with raises("file-changed", r"pairs\.tsv: changed"):
        list(table.side(1))


@pytest.mark.parametrize("target", ["a.tsv", "a.csv", "a.jsonl", "a.parquet"])
@pytest.mark.parametrize("source", ["b.tsv", "b.csv", "b.jsonl", "b.parquet"])
def test_rows_of_any_format_are_written_in_any_other(
    tmp_path: Path, source: str, target: str
) -> None:
    write(tmp_path / source)
    table = table_of(tmp_path / source)
    assert [row.pair for row in table.rows()] == PAIRS
    assert (table.names, table.languages) == (("id", "en", "fr"), ("en", "fr"))
    out = tmp_path / target
    records = (Record(row.record.values, {"score": 0.123456}) for row in table.rows())
    write_records(str(out), records, table.names, ["score"], schema=table.schema)
    again = table_of(out)
    assert [row.pair for row in again.rows()] == PAIRS
    assert again.names == ("id", "en", "fr", "score")
    if {Path(source).suffix, Path(target).suffix} <= {".jsonl", ".parquet"}:
        values = [row.record.values for row in again.rows()]
        assert values == [{**row, "score": 0.1235} for row in ROWS]
    if source[1:] == target[1:] == ".tsv":
        assert out.read_text().splitlines()[1] == "1\tone, two\tun\t0.1235"


def test_rows_without_names_and_with_missing_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('x\t"one\tun\tmore\n\ny\ttwo\tdeux\n')
    table = table_of(path, ("2", "3"))
    assert list(table.side(0)) == ['"one', "", "two"]
    assert not table.has_header
    out = tmp_path / "b.tsv"
    write_records(
        str(out), (row.record for row in table.rows()), table.names, header=table.has_header
    )
    assert out.read_bytes() == path.read_bytes()
    records = (row.record for row in table.rows())
    write_records(str(tmp_path / "b.jsonl"), records, table.names)
    first = json.loads((tmp_path / "b.jsonl").read_text().splitlines()[0])
    assert first == {"column_1": "x", "source": '"one', "target": "un", "column_4": "more"}


def test_a_memory_and_aligned_files(tmp_path: Path) -> None:
    (tmp_path / "a.tmx").write_text(
        '<tmx version="1.4"><header srclang="en"/><body><tu><tuv xml:lang="en"><seg>yes</seg></tuv>'
        '<tuv xml:lang="fr"><seg>oui</seg></tuv></tu></body></tmx>'
    )
    (tmp_path / "a.en").write_text("yes\n")
    (tmp_path / "a.fr").write_text("oui\n")
    for source in (str(tmp_path / "a.tmx"), f"{tmp_path / 'a.en'},{tmp_path / 'a.fr'}"):
        table = PairTable(parse_source(source))
        assert [row.pair for row in table.rows()] == [Pair("yes", "oui")]
        assert table.names == ("en", "fr")


def test_records_that_a_format_cannot_hold(tmp_path: Path) -> None:
    mixed = [Record({"a": 1}), Record({"a": 2, "b": 3})]
    for name in ("a.tsv", "a.csv"):
        with raises("format-invalid", "'b'"):
            write_records(str(tmp_path / name), mixed, ["a"])
    with raises("format-invalid", "different types"):
        write_records(str(tmp_path / "a.parquet"), [Record({"a": 1}), Record({"a": "x"})], ["a"])
    write_records(str(tmp_path / "a.jsonl"), mixed, ["a"])
    assert (tmp_path / "a.jsonl").read_text() == '{"a": 1}\n{"a": 2, "b": 3}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_values_that_json_and_text_cannot_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_records(str(path), [Record({"a": "\ud83d"}, {"score": float("nan")})], ["a"])
    assert json.loads(path.read_text()) == {"a": "\ud83d", "score": None}
    write_records(str(tmp_path / "a.tsv"), [Record(["two\nlines", None])], ["a", "b"])
    assert (tmp_path / "a.tsv").read_text() == "a\tb\ntwo lines\t\n"


@pytest.mark.parametrize("name", ["a.docx", "a.tmx", "a.json", "a.npy.gz"])
def test_other_endings_are_refused(name: str) -> None:
    with raises("format-unknown", r"\.parquet"):
        write_records(name, [], ["a"])


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.parquet"])
def test_no_record_is_an_empty_table(tmp_path: Path, name: str) -> None:
    write_records(str(tmp_path / name), [], ["a"], ["score"])
    assert (tmp_path / name).stat().st_size > 0
