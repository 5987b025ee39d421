import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
LETTERS = ["-m", "letter_encoder:letters"]


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.txt").write_text("the house\n\na mouse\nmusic\n")
    (here / "b.txt").write_text("the houses\nzzz\n")
    (here / "c.tsv").write_text("x\tqqq\ny\tmusics\n")
    (here / "empty.txt").touch()
    (here / "blank.txt").write_text("\n \n")
    (here / "latin.txt").write_bytes("caf\xe9\n".encode("latin-1"))
    (here / "caf\udce9.txt").write_text("a name in Latin-1\n")
    (here / "other_encoder.py").write_text(
        "import numpy as np\n\ndef lengths(sentences):\n"
        "    return np.array([[len(s)] * 128 + [1] * 128 for s in sentences])\n"
    )


@pytest.fixture
def index(run: Run, here: Path) -> str:
    code, out, _ = run("index", "a.txt", "b.txt", "--out", "my.index", *LETTERS)
    assert code == 0
    assert out.splitlines()[0].startswith("my.index: 5 lines, ")
    (here / "a.txt").unlink()  # no longer needed
    return "my.index"


def found(run: Run, *arguments: str) -> list[tuple[str, int, str]]:
    code, out, _ = run("search", *arguments, "--json")
    assert code == 0
    return [(h["file"], h["line"], h["text"]) for h in json.loads(out)["hits"]]


def test_search_names_file_and_line(run: Run, index: str) -> None:
    code, out, _ = run("search", index, "the houses!", "zzz", "-k", "2")
    assert code == 0
    query, first, second, blank, _, third, _ = out.splitlines()
    assert (query, blank) == ("the houses!", "")
    assert first.split(maxsplit=3)[2:] == ["b.txt:1", "the houses"]
    assert second.split(maxsplit=3)[2:] == ["a.txt:1", "the house"]
    assert third.split() == ["1", "1.000", "b.txt:2", "zzz"]


def test_json_equals_the_table(run: Run, index: str) -> None:
    code, out, _ = run("search", index, "-", "-k", "100", "--json", standard_input="zzz\nmusic\n")
    assert code == 0
    zzz, music = map(json.loads, out.splitlines())
    assert zzz["query"] == "zzz"
    assert zzz["hits"][0] == {
        "rank": 1,
        "cosine": pytest.approx(1, abs=1e-6),
        "file": "b.txt",
        "line": 2,
        "text": "zzz",
    }
    assert len(music["hits"]) == 5  # all there are


def test_lines_are_appended_and_removed(run: Run, index: str) -> None:
    code, out, _ = run("index", index, "--append", "c.tsv", "--column", "2")
    assert code == 0
    assert "7 lines" in out
    assert "c.tsv" in out
    assert found(run, index, "musics", "-k", "1") == [("c.tsv", 2, "musics")]
    code, _, err = run("index", index, "--remove-lines", "c.tsv:2", "--remove-lines", "a.txt:1-3")
    assert code == 0
    assert err == "3 lines removed\n"
    assert found(run, index, "musics", "-k", "1") == [("a.txt", 4, "music")]
    code, out, err = run("index", index, "--remove", "-", standard_input="music\nzzz\nnothing\n")
    assert (code, err) == (0, "2 lines removed\n")
    assert sorted(found(run, index, "x")) == [("b.txt", 1, "the houses"), ("c.tsv", 1, "qqq")]


def test_an_error_in_the_lines_to_remove_changes_nothing(run: Run, index: str) -> None:
    for wrong in (["--remove-lines", "a.txt:99"], ["--remove", "missing.txt"]):
        code, _, _ = run("index", index, "--append", "c.tsv", "--column", "2", *wrong)
        assert code == 2
        assert "c.tsv" not in run("index", index)[1]


def test_a_column_of_records(run: Run, here: Path) -> None:
    for name, text in (("d.jsonl", "music"), ("e.jsonl", "zebra"), ("f.jsonl", "kayak")):
        (here / name).write_text(json.dumps({"id": "x", "said": text}) + "\n")
    code, _, err = run("index", "d.jsonl", "e.jsonl", "--column", "said", "--out", "i", *LETTERS)
    assert code == 0, err
    code, _, err = run(
        *("index", "i", "--append", "f.jsonl", "--remove", "d.jsonl", "--column", "said")
    )
    assert code == 0, err
    assert sorted(found(run, "i", "x")) == [("e.jsonl", 1, "zebra"), ("f.jsonl", 1, "kayak")]


def test_an_unchanged_file_is_not_added_twice(run: Run, index: str) -> None:
    first = run("index", index, "--append", "c.tsv", "--column", "2")
    code, out, err = run("index", index, "--append", "c.tsv", "--column", "2")
    assert (code, out) == (0, first[1])
    assert "c.tsv: not added again" in err


def test_lines_of_a_file_that_was_added_twice_have_no_number(run: Run, index: str) -> None:
    for column in "12":
        assert run("index", index, "--append", "c.tsv", "--column", column)[0] == 0
    code, _, err = run("index", index, "--remove-lines", "c.tsv:1")
    assert code == 2
    assert "my.index: contains several files with the name c.tsv; remove lines by their t" in err


def test_remove_lines_needs_no_name_in_an_index_of_one_file(run: Run) -> None:
    run("index", "a.txt", "--out", "my.index", *LETTERS)
    code, out, err = run("index", "my.index", "--remove-lines", "1,3-4")
    assert (code, err) == (0, "3 lines removed\n")
    assert out.startswith("my.index: 0 lines (3 removed), ")
    code, _, err = run("search", "my.index", "x")
    assert code == 2
    assert "my.index: all lines were removed; add some" in err


def test_json_shows_the_index(run: Run, index: str) -> None:
    code, out, _ = run("index", index, "--remove-lines", "b.txt:2", "--json")
    assert code == 0
    shown = json.loads(out)
    assert (shown["lines"], shown["removed"], shown["blank"]) == (4, 1, 1)
    assert shown["files"] == [{"file": "a.txt", "lines": 4}, {"file": "b.txt", "lines": 2}]


def test_standard_input_and_showing(run: Run) -> None:
    code, made, _ = run("index", "-", "--out", "i", *LETTERS, standard_input="one\ntwo\n")
    assert code == 0
    code, shown, _ = run("index", "i")
    assert (code, shown) == (0, made)
    assert "exact" in shown
    assert "letter_encoder:letters" in shown
    assert found(run, "i", "owt", "-k", "1") == [("-", 2, "two")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "a.txt", "none.txt", "--out", "i", *LETTERS], "none.txt: there is no such file"),
        (["index", "a.txt", "empty.txt", "--out", "i", *LETTERS], "empty.txt: is empty"),
        (["index", "a.txt", "latin.txt", "--out", "i", *LETTERS], "latin.txt, line 1: is not UTF"),
        (["index", "a.txt", "a.txt", "--out", "i", *LETTERS], "a.txt: is named twice"),
        (["index", "caf\udce9.txt", "--out", "i", *LETTERS], ".txt: has a name that is not UTF-8"),
        (["index", "a.txt", "--out", "i", "-m", "nowhere"], "nowhere: there is no such model"),
        (["index", "a.txt", "--out", ".", *LETTERS], ".: contains other files"),
        (["index", "a.txt", "--out", "b.txt", *LETTERS], "b.txt: cannot be created"),
        (["index", "blank.txt", "--out", "i", *LETTERS], "blank.txt: contains only blank lines"),
        (["index", "a.txt", "--out", "i", "--append", "b.txt"], "--out builds an index"),
        (["index", "a.txt"], "--out is missing; give an output folder"),
        (["index", "."], ".: is not an index"),
        (["index", "a.txt", "--append", "b.txt"], "change one index; give the folder"),
        (["search", ".", "q"], ".: is not an index"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], message: str
) -> None:
    before = sorted(here.iterdir())
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("babelite: ")
    assert message in err
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "my.index", "q", "--column", "2"], "is an index, which has no columns"),
        (
            ["search", "my.index", "q", "-m", "other_encoder:lengths"],
            "my.index: was made with the model letter_encoder:letters",
        ),
        (["index", "my.index", "--append", "b.txt", "-m", "other_encoder:lengths"], "other vector"),
        (["index", "my.index", "--append", "latin.txt"], "latin.txt, line 1: is not UTF-8"),
        (["index", "my.index", "--append", "caf\udce9.txt"], ".txt: has a name that is not UTF-8"),
        (["index", "my.index", "--remove", "none.txt"], "none.txt: there is no such file"),
        (["index", "my.index", "--remove-lines", "1"], "1 does not say which of the 2 files"),
        (["index", "my.index", "--remove-lines", "d.txt:1"], "contains no file d.txt"),
        (["index", "my.index", "--remove-lines", "b.txt:3"], "b.txt: has 2 lines in the index"),
        (["index", "my.index", "--remove-lines", "b.txt:0"], "'0' is not a line number"),
        (["index", "my.index", "--remove-lines", "b.txt:2-1"], "'2-1' is not a line number"),
        (["index", "my.index", "--remove-lines", "b.txt:x"], "'x' is not a line number"),
        (["index", "b.txt", "--out", "my.index", *LETTERS], "is a finished index of other lines"),
    ],
)
def test_bad_input_does_not_change_an_index(
    run: Run, index: str, here: Path, arguments: list[str], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in (here / index).iterdir()}
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("babelite: ")
    assert message in err
    assert {path.name: path.read_bytes() for path in (here / index).iterdir()} == before


@pytest.mark.parametrize(
    "options", [["--kind", "ivf"], ["--float16"], ["--column", "2"], ["-m", "x"]]
)
def test_options_without_effect_are_refused(run: Run, index: str, options: list[str]) -> None:
    code, _, err = run("index", index, *options)
    assert code == 2
    assert f"leave out {'--model' if options[0] == '-m' else options[0]}" in err
    assert run("index", index)[0] == 0


def test_a_range_without_an_end_is_refused(run: Run, index: str) -> None:
    code, _, err = run("index", index, "--remove-lines", "b.txt:1-")
    assert code == 2
    assert "'1-' is not a line number or a range" in err
