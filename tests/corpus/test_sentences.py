import gzip
import json
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus.sentences import Source, require_names
from babelite.errors import BabeliteError

LINES = ["the house", "", "une souris", "  ", "ein Haus 🏠", "x" * 3000, "last"]
MEMORY = fsspec.filesystem("memory")


def write(place: str, lines: list[str], column: int | None, field: str | None) -> Source:
    """A file in the format and packing that its name tells."""
    name = place.removesuffix(".gz")
    if name.endswith(".parquet"):
        sink = pa.BufferOutputStream()
        table = pa.table({"number": range(len(lines)), field or "text": lines})
        pq.write_table(table, sink, row_group_size=3)
        content = sink.getvalue().to_pybytes()
    elif name.endswith(".jsonl"):
        rows = [json.dumps({"n": 1, field or "text": line}) if line else "" for line in lines]
        content = "".join(f"{row}\n" for row in rows).encode()
    else:
        rows = [f"id\t{line}" if column else line for line in lines]
        content = "".join(f"{row}\n" for row in rows).encode()
    if place.endswith(".gz"):
        content = gzip.compress(content)
    with fsspec.open(place, "wb") as stream:
        stream.write(content)
    return Source(place, column=column, field=field)


@pytest.mark.parametrize("where", ["path", "memory"])
@pytest.mark.parametrize("stride", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("name", "column", "field"),
    [
        ("a.txt", None, None),
        ("a.tsv.gz", 2, None),
        ("a.jsonl", None, None),
        ("a.jsonl.gz", None, "said"),
        ("a.parquet", None, None),
        ("a.parquet", None, "said"),
    ],
)
def test_slices_make_up_the_whole(
    name: str, column: int | None, field: str | None, stride: int, where: str, tmp_path: Path
) -> None:
    place = str(tmp_path / name) if where == "path" else f"memory://sentences/{name}"
    source = write(place, LINES, column, field)
    survey = source.survey(stride)
    assert survey.rows == len(LINES)
    assert list(source.read()) == LINES
    found = [
        list(source.read_rows(first, min(stride, survey.rows - first), survey.offsets[number]))
        for number, first in enumerate(range(0, survey.rows, stride))
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
def test_any_text_in_any_slices(
    lines: list[str], stride: int, ending: str, mark: bool, ended: bool
) -> None:
    if lines[0].startswith("\ufeff") or (not ended and not lines[-1]):
        return
    text = ("\ufeff" if mark else "") + ending.join(lines) + (ending if ended else "")
    MEMORY.pipe("/any.txt", text.encode())
    source = Source("memory://any.txt")
    survey = source.survey(stride)
    assert list(source.read()) == lines
    for number, offset in enumerate(survey.offsets):
        first = number * stride
        count = min(stride, survey.rows - first)
        assert list(source.read_rows(first, count, offset)) == lines[first : first + stride]


def test_the_digest_tells_changes(tmp_path: Path) -> None:
    digests = set()
    for name in ("a.txt", "a.jsonl", "a.parquet"):
        for lines in (["one", "two"], ["one", "tow"], ["one"]):
            digests.add(write(str(tmp_path / name), lines, None, None).survey(10).digest)
    assert len(digests) == 9
    again = write(str(tmp_path / "a.txt"), ["one"], None, None)
    assert again.survey(10).digest in digests


def test_a_file_that_shrinks_is_noticed(tmp_path: Path) -> None:
    source = write(str(tmp_path / "a.txt"), ["one", "two", "three"], None, None)
    offsets = source.survey(2).offsets
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    with pytest.raises(BabeliteError, match="ends after 2 rows, but had more"):
        list(source.read_rows(2, 1, offsets[1]))


@pytest.mark.parametrize(
    ("name", "content", "column", "field", "message"),
    [
        ("a.txt", b"", None, None, "a.txt: is empty"),
        ("a.txt", b"fine\n\xff\xfe\n", None, None, "a.txt, line 2: is not UTF-8"),
        ("a.txt", b"fine\n\nze\0ro\n", None, None, "a.txt, line 3: contains a zero byte"),
        (
            "a.txt.gz",
            gzip.compress(b"fine\n" * 9999, mtime=0)[:60],
            None,
            None,
            "cannot be read to its end",
        ),
        ("a.tsv", b"a\tb\n\nc\n", 2, None, "a.tsv, line 3: has 1 columns"),
        ("a.txt", b"fine\n", None, "text", "which have no fields"),
        ("a.jsonl", b'{"text": "a"}\n', 1, None, "write --field NAME in place of --column"),
        ("a.jsonl", b'{"text": "a"}\n\n{"text"\n', None, None, "a.jsonl, line 3: is not JSON"),
        ("a.jsonl", b"[1]\n", None, None, "line 1: is not a JSON object"),
        ("a.jsonl", b'{"text": 3}\n', None, None, "'text' is not a string"),
        ("a.jsonl", b'\n{"text": "\\u0000"}\n', None, None, "line 2: 'text' contains a zero byte"),
        ("a.jsonl", b'{"en": "a"}\n', None, None, "has no 'text', it has en; mend"),
        ("a.jsonl", b'{"en": "a"}\n', None, "fr", "has no 'fr'"),
        ("a.parquet", b"not at all", None, None, "cannot be read as Parquet"),
    ],
)
def test_what_is_wrong_is_said_before_any_work(
    tmp_path: Path, name: str, content: bytes, column: int | None, field: str | None, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BabeliteError) as error:
        Source(str(tmp_path / name), column=column, field=field).survey(10)
    assert message in str(error.value)


@pytest.mark.parametrize("layout", [pa.string(), pa.large_string(), pa.string_view(), None])
def test_columns_of_parquet(layout: pa.DataType | None, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    words = pa.array(["a", None, "b"], layout)
    words = words if layout else words.dictionary_encode()
    pq.write_table(pa.table({"number": [1, 2, 3], "sentence": words}), path)
    assert list(Source(str(path)).read()) == ["a", "", "b"]
    with pytest.raises(BabeliteError, match="column 'number' holds int64, not text"):
        Source(str(path), field="number").survey(1)
    with pytest.raises(BabeliteError, match="has no column 'en', it has number, sentence"):
        Source(str(path), field="en").survey(1)


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "station \\ud83d?"}\n{"text": "\\ud83d\\ude00"}\n')
    assert list(Source(str(tmp_path / "a.jsonl")).read()) == ["station \ufffd?", "\U0001f600"]


def test_parquet_whose_text_cannot_be_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    latin = pa.array([b"fine", "café".encode("latin-1")]).view(pa.string())
    pq.write_table(pa.table({"text": latin}), path)
    with pytest.raises(
        BabeliteError, match=r"a\.parquet: contains b'caf\\xe9', which is not UTF-8"
    ):
        list(Source(str(path)).read())
    words = pa.array(["a"])
    pq.write_table(pa.Table.from_arrays([words, words], names=["text", "text"]), path)
    with pytest.raises(BabeliteError, match=r"a\.parquet: has 2 columns 'text'; rename all but"):
        Source(str(path)).survey(1)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (["a.txt", "b.txt", "a.txt"], "a.txt: is named twice; name it once"),
        (["a.txt", "caf\udce9.txt"], "has a name that is not UTF-8; rename it"),
    ],
)
def test_names_that_are_none(places: list[str], message: str) -> None:
    require_names(places[:1])
    with pytest.raises(BabeliteError, match=message):
        require_names(places)
