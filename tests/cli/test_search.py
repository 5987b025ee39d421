import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import random_model

LINES = ["the house", "", "a mouse", "music", "the houses"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "lines.txt").write_text("".join(f"{line}\n" for line in LINES))
    (here / "lines.tsv").write_text("".join(f"x\t{line}\n" for line in LINES))
    (here / "blank.txt").write_text("\n \n")
    (here / "empty.txt").touch()


def test_search_prints_rank_cosine_line_and_text(run: Run) -> None:
    code, out, _ = run(
        "search", "-m", "letter_encoder:letters", "lines.txt", "the house!", "-k", "2"
    )
    assert code == 0
    query, first, second = out.splitlines()
    assert query == "the house!"
    assert first.split(maxsplit=4)[0::2] == ["1", "line", "the house"]
    assert second.endswith("line 5  the houses")


def test_search_as_json_by_column(run: Run) -> None:
    code, out, _ = run(
        "search",
        "-m",
        "letter_encoder:letters",
        "lines.tsv",
        "music",
        "mouse",
        "--column",
        "2",
        "--json",
    )
    assert code == 0
    music, mouse = map(json.loads, out.splitlines())
    assert music["query"] == "music"
    assert music["hits"][0] == {"rank": 1, "cosine": 1.0, "line": 4, "text": "music"}
    assert mouse["hits"][0]["line"] == 3
    # The blank line cannot be found.
    assert len(mouse["hits"]) == 4


def test_equal_lines_are_one_hit(run: Run, here: Path) -> None:
    (here / "equal.txt").write_text("music\nmusic\n\nmusic\na mouse\nthe house\n")
    options = ("-m", "letter_encoder:letters", "music", "-k", "3", "--json")
    _, out, _ = run("search", "equal.txt", *options)
    assert sorted(hit["line"] for hit in json.loads(out)["hits"]) == [1, 5, 6]


def test_a_blank_query_is_an_error(run: Run) -> None:
    code, _, err = run("search", "-m", "letter_encoder:letters", "lines.txt", "music", " ")
    assert (code, "blank" in err) == (2, True)


def test_search_in_a_column_of_records(run: Run, here: Path) -> None:
    records = "".join(json.dumps({"id": "x", "said": line}) + "\n" for line in LINES)
    (here / "lines.jsonl").write_text(records)
    options = ("-m", "letter_encoder:letters", "--column", "said", "--json")
    for place in ("lines.jsonl", "-"):
        code, out, err = run("search", place, "music", *options, standard_input=records)
        assert code == 0, err
        [first, *others] = json.loads(out)["hits"]
        assert (first["line"], first["text"], len(others)) == (4, "music", 3)


def test_the_names_of_columns_are_line_1(run: Run, here: Path) -> None:
    (here / "table.tsv").write_text("id\tsaid\nx\tmusic\n")
    options = ("-m", "letter_encoder:letters", "--column", "said", "--json")
    code, out, err = run("search", "table.tsv", "music", *options)
    assert code == 0, err
    assert [hit["line"] for hit in json.loads(out)["hits"]] == [2]


def test_a_lone_surrogate_is_shown_as_a_replacement_character(run: Run, here: Path) -> None:
    (here / "lines.jsonl").write_text('{"text": "music \\ud83d"}\n')
    code, out, _ = run("search", "-m", "letter_encoder:letters", "lines.jsonl", "music")
    assert code == 0
    assert out.endswith("music \ufffd\n")


def test_queries_from_standard_input(run: Run) -> None:
    code, out, _ = run(
        "search",
        "--model",
        "letter_encoder:letters",
        "lines.txt",
        "-",
        "-k",
        "1",
        "--json",
        standard_input="music\n\nmouse\n",
    )
    assert code == 0
    assert [json.loads(line)["query"] for line in out.splitlines()] == ["music", "mouse"]


def test_queries_in_an_unknown_script_are_warned_about(
    run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = str(random_model.write(tmp_path_factory.mktemp("models") / "model").path)
    run("index", "lines.txt", "--out", "lines.index", "-m", model)
    for place in ("lines.txt", "lines.index"):
        code, out, err = run("search", place, "ქართული", "music", "-m", model)
        assert code == 0
        assert len(out.splitlines()) == 7  # nothing is found for a text that cannot be read
        assert "knows little or nothing of the query 'ქართული'" in err
        assert "languages of the model are en, no." in err
        assert "'music'" not in err


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_encode_writes_a_row_a_line(run: Run, here: Path, dtype: type) -> None:
    options = ["--float16"] if dtype is np.float16 else []
    code, out, err = run(
        "encode", "-m", "letter_encoder:letters", "lines.txt", "--out", "v.npy", *options
    )
    assert (code, out) == (0, "")
    assert "5 vectors of 256 components: v.npy" in err
    vectors = np.load(here / "v.npy")
    assert vectors.dtype == dtype
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1], atol=1e-3)


def test_encode_standard_input_by_column(run: Run, here: Path) -> None:
    code, _, _ = run(
        "encode",
        "--model",
        "letter_encoder:letters",
        "--out",
        "v.npy",
        "--column",
        "1",
        standard_input="a\tbb\nb\taa\n",
    )
    assert code == 0
    vectors = np.load(here / "v.npy")
    assert vectors.argmax(axis=1).tolist() == [ord("a"), ord("b")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "-m", "nowhere", "lines.txt", "q"], "nowhere: there is no such model folder"),
        (
            ["search", "-m", "letter_encoder:letters", "none.txt", "q"],
            "none.txt: there is no such file",
        ),
        (["search", "-m", "letter_encoder:letters", "empty.txt", "q"], "empty.txt: is empty"),
        (["search", "-m", "letter_encoder:letters", "blank.txt", "q"], "contains only blank lines"),
        (["search", "-m", "letter_encoder:letters", "-", "-"], "standard input: cannot be both"),
        (["search", "-m", "letter_encoder:letters", "lines.txt", "-"], "standard input: is empty"),
        (
            ["search", "-m", "letter_encoder:letters", "lines.tsv", "q", "--column", "3"],
            "lines.tsv, line 1: has 2 columns",
        ),
        (
            ["search", "-m", "letter_encoder:letters", "lines.tsv", "q", "--column", "said"],
            "lines.tsv, line 1: has no column",
        ),
        (["encode", "-m", "letter_encoder:letters", "empty.txt", "--out", "v.npy"], "is empty"),
        (["encode", "-m", "letter_encoder:letters", ".", "--out", "v.npy"], "is a folder"),
        (
            ["encode", "-m", "letter_encoder:letters", "lines.txt", "--out", "no/v.npy"],
            "no/v.npy: ",
        ),
        (
            ["encode", "-m", "letter_encoder:letters", "lines.txt", "--out", "/dev/full"],
            "/dev/full: ",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], message: str
) -> None:
    before = sorted(here.iterdir())
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err.splitlines()[-1].startswith("babelite: ")
    assert message in err
    assert "Traceback" not in err
    assert sorted(here.iterdir()) == before
