import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.alignment.align import SegmentPair
from babelite.alignment.alignment_files import (
    HEADER,
    alignment_format,
    read_alignment,
    write_alignment,
)
from babelite.corpus import Document, Pair, PairSource
from babelite.errors import BabeliteError

SOURCE = Document("a", ("One.", "Two\tand.", "Three."), (1, 3, 4), 5)
TARGET = Document("b", ("Eins.", "Zwei.", "Drei."), (1, 2, 3), 3)
PAIRS = [
    SegmentPair(range(0, 2), range(0, 1), 0.5, 0.75),
    SegmentPair(range(2, 2), range(1, 2)),
    SegmentPair(range(2, 3), range(2, 3), 0.91234, 0.9),
]


def test_tables_have_line_numbers_scores_and_texts(tmp_path: Path) -> None:
    write_alignment(str(tmp_path / "a.tsv"), PAIRS, SOURCE, TARGET)
    rows = [line.split("\t") for line in (tmp_path / "a.tsv").read_text().splitlines()]
    assert rows == [
        ["source", "target", "score", "cosine", "source_text", "target_text"],
        ["1-3", "1", "0.5000", "0.7500", "One. Two and.", "Eins."],
        ["", "2", "0.0000", "0.0000", "", "Zwei."],
        ["4", "3", "0.9123", "0.9000", "Three.", "Drei."],
    ]
    write_alignment(str(tmp_path / "a.csv"), PAIRS, SOURCE, TARGET)
    assert list(csv.reader((tmp_path / "a.csv").open())) == rows
    write_alignment(str(tmp_path / "a.jsonl"), PAIRS, SOURCE, TARGET)
    record = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[2])
    assert record == dict(zip(HEADER, ("4", "3", 0.9123, 0.9, "Three.", "Drei."), strict=True))


def test_tmx_and_xliff_have_the_pairs_with_two_sides(tmp_path: Path) -> None:
    for name in ("a.tmx", "a.xliff.gz"):
        path = str(tmp_path / name)
        write_alignment(path, PAIRS, SOURCE, TARGET, languages=("en", "de"))
        pairs = [Pair("One. Two and.", "Eins."), Pair("Three.", "Drei.")]
        assert list(PairSource((path,), "en", "de").read()) == pairs
    with pytest.raises(BabeliteError) as error:
        write_alignment(str(tmp_path / "b.tmx"), PAIRS, SOURCE, TARGET)
    assert error.value.code == "languages-unknown"


def test_json_is_one_array(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_alignment(str(path), PAIRS, SOURCE, TARGET)
    records = json.loads(path.read_text())
    assert records[0] == {
        "source": [1, 3],
        "target": [1],
        "score": 0.5,
        "cosine": 0.75,
        "source_text": ["One.", "Two\tand."],
        "target_text": ["Eins."],
    }
    assert [record["target"] for record in records] == [[1], [2], [3]]
    write_alignment(str(path), [], SOURCE, TARGET)
    assert json.loads(path.read_text()) == []


@given(
    cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1).filter(
        lambda cuts: any(map(any, cuts))
    ),
    blanks=st.lists(st.booleans(), min_size=100, max_size=100),
)
def test_written_alignments_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int]], blanks: list[bool]
) -> None:
    documents, sides = [], []
    for column in zip(*cuts, strict=True):
        stops = [sum(column[: place + 1]) for place in range(len(column))]
        sides.append([range(s - n, s) for s, n in zip(stops, column, strict=True)])
        lines = [
            number for number, blank in enumerate([*blanks, *[False] * stops[-1]], 1) if not blank
        ][: stops[-1]]
        documents.append(Document("x", ("x",) * stops[-1], tuple(lines), lines[-1] if lines else 0))
    pairs = [SegmentPair(*pair) for pair in zip(*sides, strict=True) if any(pair)]
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    write_alignment(str(path), pairs, *documents)
    assert read_alignment(str(path), *documents) == [
        (frozenset(pair.source), frozenset(pair.target)) for pair in pairs
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1-3\t1\n\t2\n4\t3\n",
        "source\ttarget\n1,3\t1\textra\n\n \t2\r\n4\t3",
        f"[0, 2]:[0]:0.{'25' * 20}\n[]:[1]:0.0\n[3]:[2]\n[4]:[]\n",
        "[0,1,2] : [0]\n[1]:[]\n[]:[1]\n[3]:[2]\n",  # with a blank line named
    ],
)
def test_a_gold_alignment_is_read_from_tsv_and_vecalign_format(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gold"
    path.write_text(text)
    assert read_alignment(str(path), SOURCE, TARGET) == [
        (frozenset({0, 1}), frozenset({0})),
        (frozenset(), frozenset({1})),
        (frozenset({2}), frozenset({2})),
    ]


@pytest.mark.parametrize(
    ("text", "code", "line", "fact"),
    [
        ("1\t1\n1 - 1\n", "format-invalid", 2, None),
        ("1\t1\nx\t1\n", "format-invalid", 2, None),
        ("1\t1\n\n2\t4\n", "input-invalid", 3, "line 4 of b, which has 3"),
        ("1\t1\n3,2-1\t2\n", "format-invalid", 2, "2-1"),
        ("0\t1\n", "input-invalid", 1, "line 0 of a"),
        ("1-99999999999999\t1\n", "input-invalid", 1, "line 99999999999999 of a, which has 5"),
        ("[0]:[3]\n", "input-invalid", 1, "line 4 of b"),
        (f"1\t{'9' * 5_000}\n", "format-invalid", 1, None),
        (f"[0]:[{'9' * 5_000}]\n", "format-invalid", 1, None),
        ("source\ttarget\n", "input-empty", None, None),
        ("", "input-empty", None, None),
    ],
)
def test_an_invalid_gold_alignment_is_rejected(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    code: str,
    line: int | None,
    fact: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold").write_text(text)
    with pytest.raises(BabeliteError, match=fact) as error:
        read_alignment("gold", SOURCE, TARGET)
    assert (error.value.code, error.value.path, error.value.line) == (code, "gold", line)


@pytest.mark.parametrize(
    ("out", "format_"),
    [("-", "tsv"), ("a.tsv", "tsv"), ("a.txt.gz", "tsv"), ("a.json", "json"), ("a.html", "html")],
)
def test_the_format_follows_the_file_ending(out: str, format_: str) -> None:
    assert alignment_format(out) == format_


def test_an_unknown_file_ending_is_rejected() -> None:
    with pytest.raises(BabeliteError, match=r"\.pdf") as error:
        alignment_format("a.pdf")
    assert error.value.code == "format-unknown"
