import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.alignment.align import Bead
from babelite.alignment.bead_files import json_lines, read_beads, tsv_lines
from babelite.corpus import Document
from babelite.errors import BabeliteError

SOURCE = Document("a", ("One.", "Two\tand.", "Three."), (1, 3, 4), 5)
TARGET = Document("b", ("Eins.", "Zwei.", "Drei."), (1, 2, 3), 3)
BEADS = [
    Bead(range(0, 2), range(0, 1), 0.5, 0.75),
    Bead(range(2, 2), range(1, 2)),
    Bead(range(2, 3), range(2, 3), 0.91234, 0.9),
]


def test_tsv_names_lines() -> None:
    assert [line.split("\t") for line in tsv_lines(BEADS, SOURCE, TARGET)] == [
        ["source", "target", "score", "cosine", "source_text", "target_text"],
        ["1-3", "1", "0.5000", "0.7500", "One. Two and.", "Eins."],
        ["", "2", "0.0000", "0.0000", "", "Zwei."],
        ["4", "3", "0.9123", "0.9000", "Three.", "Drei."],
    ]


def test_json_is_one_array() -> None:
    records = json.loads("\n".join(json_lines(BEADS, SOURCE, TARGET)))
    assert records[0] == {
        "source": [1, 3],
        "target": [1],
        "score": 0.5,
        "cosine": 0.75,
        "source_text": ["One.", "Two\tand."],
        "target_text": ["Eins."],
    }
    assert [record["target"] for record in records] == [[1], [2], [3]]
    assert json.loads("\n".join(json_lines([], SOURCE, TARGET))) == []


@given(
    cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1).filter(
        lambda cuts: any(map(any, cuts))
    ),
    blanks=st.lists(st.booleans(), min_size=100, max_size=100),
)
def test_what_is_written_is_read(
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
    beads = [Bead(*pair) for pair in zip(*sides, strict=True) if any(pair)]
    path = tmp_path_factory.mktemp("beads") / "beads.tsv"
    path.write_text("".join(f"{line}\n" for line in tsv_lines(beads, *documents)))
    assert read_beads(str(path), *documents) == [
        (frozenset(bead.source), frozenset(bead.target)) for bead in beads
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
def test_gold_may_be_written_in_two_ways(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gold"
    path.write_text(text)
    assert read_beads(str(path), SOURCE, TARGET) == [
        (frozenset({0, 1}), frozenset({0})),
        (frozenset(), frozenset({1})),
        (frozenset({2}), frozenset({2})),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\t1\n1 - 1\n", "gold, line 2: is not a bead; write the lines"),
        ("1\t1\nx\t1\n", "gold, line 2: is not a bead"),
        ("1\t1\n\n2\t4\n", "gold, line 3: names line 4 of b, which has 3"),
        ("1\t1\n3,2-1\t2\n", "gold, line 2: names the lines 2-1, which end before they begin"),
        ("0\t1\n", "gold, line 1: names line 0 of a"),
        ("1-99999999999999\t1\n", "names line 99999999999999 of a, which has 5"),
        ("[0]:[3]\n", "names line 4 of b"),
        (f"1\t{'9' * 5_000}\n", "gold, line 1: is not a bead"),
        (f"[0]:[{'9' * 5_000}]\n", "gold, line 1: is not a bead"),
        ("source\ttarget\n", "gold: holds no bead"),
        ("", "gold: holds no bead"),
    ],
)
def test_gold_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gold").write_text(text)
    with pytest.raises(BabeliteError, match=message):
        read_beads("gold", SOURCE, TARGET)
