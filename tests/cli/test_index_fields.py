"""Ids and fields of an index on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]
LETTERS = ["-m", "letter_encoder:letters"]


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.csv").write_text(
        "id,text,lang,year\na,the house,en,2020\nb,music,fr,2021\nc,the houses,fr,\n"
    )
    (here / "b.csv").write_text("id,text,lang,year\nb,zebra,de,2021\nd,kayak,en,2020\n")
    (here / "plain.txt").write_text("houses\n")


@pytest.fixture
def index(run: Run) -> str:
    code, out, err = run(
        *("index", "a.csv", "--id", "id", "--keep", "lang,year", "--out", "i"), *LETTERS
    )
    assert code == 0, err
    assert "fields: ids, lang, year" in out
    return "i"


def hits(run: Run, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = run("search", *arguments, "--json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)["hits"]
    return found


def test_hits_have_ids_and_fields(run: Run, index: str) -> None:
    found = hits(run, index, "music", "-k", "1")
    assert [(hit["id"], hit["text"], hit["fields"]) for hit in found] == [
        ("b", "music", {"lang": "fr", "year": "2021"})
    ]
    _, out, _ = run("search", index, "music", "-k", "1")
    assert out.splitlines()[2].split() == ["id=b", "lang=fr", "year=2021"]
    _, out, _ = run("index", index, "--json")
    assert (json.loads(out)["ids"], json.loads(out)["fields"]) == (True, ["lang", "year"])


def test_filters(run: Run, index: str) -> None:
    def ids(*options: str) -> str:
        return "".join(sorted(hit["id"] for hit in hits(run, index, "the house", *options)))

    assert ids() == "abc"
    assert ids("--where", "lang=fr") == "bc"
    assert ids("--where", "lang=fr", "--where", "lang=en") == "abc"
    assert ids("--where", "lang=fr", "--where", "year=2021") == "b"
    assert ids("--where", "year=") == "c"
    assert ids("--where", "lang=xx") == ""
    assert ids("--min-score", "0.9") == "ac"
    assert ids("--min-score", "0.9", "--where", "lang=fr") == "c"


def test_appended_lines_replace_those_with_their_ids(run: Run, index: str) -> None:
    code, out, err = run("index", index, "--append", "b.csv")
    assert code == 0, err
    assert out.startswith("i: 4 lines (1 removed)")
    found = {hit["id"]: (hit["text"], hit["fields"]["lang"]) for hit in hits(run, index, "x")}
    assert found == {
        "a": ("the house", "en"),
        "b": ("zebra", "de"),
        "c": ("the houses", "fr"),
        "d": ("kayak", "en"),
    }
    code, _, err = run("index", index, "--remove-id", "b", "--remove-id", "d")
    assert (code, err) == (0, "2 lines removed\n")
    assert {hit["id"] for hit in hits(run, index, "x")} == {"a", "c"}


def test_columns_of_appended_files_can_be_chosen(run: Run, here: Path, index: str) -> None:
    (here / "c.jsonl").write_text('{"key": 7, "said": "quiz", "meta": {"lang": "es"}}\n')
    code, _, err = run("index", index, "--append", "c.jsonl")
    assert code == 2
    assert "c.jsonl, line 1: " in err
    columns = ["--column", "said", "--id", "key", "--keep", "meta.lang"]
    assert run("index", index, "--append", "c.jsonl", *columns)[0] == 0
    assert hits(run, index, "quiz", "-k", "1")[0]["fields"] == {"meta.lang": "es"}
    code, _, err = run("index", index, "--append", "plain.txt")
    assert code == 2
    assert "plain.txt, line 1: has no column 'id'" in err
    assert run("index", index, "--append", "plain.txt", "--id", "", "--keep", "")[0] == 0
    [hit] = hits(run, index, "houses", "-k", "1")
    assert (hit["text"], hit["id"], hit["fields"]) == ("houses", None, {})


def test_a_table_from_standard_input(run: Run, here: Path) -> None:
    code, _, err = run(
        *("index", "-", "--column", "text", "--id", "id", "--keep", "lang", "--out", "i", *LETTERS),
        standard_input=(here / "a.csv").read_text().replace(",", "\t"),
    )
    assert code == 0, err
    assert {hit["id"] for hit in hits(run, "i", "x", "--where", "lang=fr")} == {"b", "c"}


def test_ids_must_differ_among_files(run: Run) -> None:
    code, _, err = run("index", "a.csv", "b.csv", "--id", "id", "--out", "i", *LETTERS)
    assert code == 2
    assert "the id 'b' occurs twice" in err


def test_filters_and_least_scores_of_files(run: Run) -> None:
    assert [
        h["text"] for h in hits(run, "plain.txt", "houses", "--min-score", "0.9", *LETTERS)
    ] == ["houses"]
    assert hits(run, "plain.txt", "xyz", "--min-score", "0.9", *LETTERS) == []
    code, _, err = run("search", "plain.txt", "houses", "--where", "lang=fr", *LETTERS)
    assert code == 2
    assert "--where needs the folder of an index" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "i", "q", "--where", "lang"], "--where lang is not FIELD=VALUE"),
        (["search", "i", "q", "--where", "=fr"], "--where =fr is not FIELD=VALUE"),
        (["search", "i", "q", "--where", "no=fr"], "has no field 'no'"),
        (["index", "i", "--remove-id", "z"], "has no line with the id 'z'"),
        (["index", "i", "--append", "b.csv", "--remove-id", "z"], "has no line with the id 'z'"),
        (["index", "i", "--id", "id"], "leave out --id"),
        (["index", "i", "--remove", "plain.txt", "--keep", "lang"], "leave out --keep"),
        (["index", "i", "--append", "b.csv", "--keep", "lang,,year"], "a comma without a name"),
        (["index", "i", "--append", "b.csv", "--keep", "lang,lang"], "names a column twice"),
        (["index", "i", "--append", "b.csv", "--keep", "none"], "b.csv, line 1: has no column"),
        (["index", "a.csv", "--id", "lang", "--out", "j", *LETTERS], "line 4: the id 'fr' occurs"),
        (["index", "a.csv", "--id", "year", "--out", "j", *LETTERS], "line 4: has a text but no"),
    ],
)
def test_bad_input_changes_nothing(
    run: Run, index: str, here: Path, arguments: list[str], message: str
) -> None:
    before = {path.name: path.read_bytes() for path in (here / index).iterdir()}
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert {path.name: path.read_bytes() for path in (here / index).iterdir()} == before
    assert not (here / "j").exists()


def test_an_index_without_ids_names_the_option(run: Run) -> None:
    assert run("index", "plain.txt", "--out", "i", *LETTERS)[0] == 0
    assert "--id" in run("index", "i", "--remove-id", "a")[2]
    assert "--keep" in run("search", "i", "q", "--where", "lang=fr")[2]
