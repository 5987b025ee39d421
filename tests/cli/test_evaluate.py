import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from babelite import Encoder
from babelite.encoding import DEFAULT_MODEL

PAIRS = "nation\tnation\ntable\ttabelle\nfather\tvater\nmusic\tmusik\n"


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def words(here: Path) -> None:
    (here / "words.en-de.tsv").write_text(PAIRS)


def test_a_table(run: Run) -> None:
    code, out, _ = run("evaluate", "letter_encoder:letters", "words.en-de.tsv", "words.en-de.tsv")
    assert code == 0
    assert "words.en-de.tsv" in out
    assert "en → de" in out
    assert "mean of the files" in out
    assert "100.0" in out


def test_json(run: Run) -> None:
    code, out, _ = run("evaluate", "letter_encoder:letters", "words.en-de.tsv", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["model"] == "letter_encoder:letters"
    [result] = record["results"]
    assert result["languages"] == ["en", "de"]
    assert result["pairs"] == 4
    assert result["precision_at_1"]["mean"]["value"] == 1.0


def test_columns_languages_and_blank_sides(run: Run, here: Path) -> None:
    rows = [line.split("\t") for line in PAIRS.splitlines()]
    (here / "plain.tsv").write_text("".join(f"{a}\tx\t{b}\n" for a, b in rows) + "alone\tx\t\n")
    code, out, err = run(
        "evaluate",
        "letter_encoder:letters",
        "plain.tsv",
        "--columns",
        "3,1",
        "--languages",
        "de-en",
        "--json",
    )
    assert code == 0
    assert json.loads(out)["results"][0]["languages"] == ["de", "en"]
    assert json.loads(out)["results"][0]["pairs"] == 4
    assert "left out 1 pair with a blank side" in err


def test_a_file_name_without_languages(run: Run, here: Path) -> None:
    (here / "words.tsv").write_text(PAIRS)
    code, out, _ = run("evaluate", "words.tsv", "--model", "letter_encoder:letters", "--json")
    assert code == 0
    assert json.loads(out)["results"][0]["languages"] == ["source", "target"]


def test_json_names_the_packaged_model(run: Run) -> None:
    code, out, _ = run("evaluate", "words.en-de.tsv", "--json")
    assert code == 0
    assert json.loads(out)["model"] == Encoder.load().description.name
    code, out, _ = run("evaluate", "none.tsv", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "file-not-found"


def test_equal_texts_are_said(run: Run, here: Path) -> None:
    (here / "same.en-fr.tsv").write_text("yes\toui\nyes\tsi\nno\tnon\n")
    (here / "all.en-fr.tsv").write_text("yes\toui\nno\tnon\n")
    _, _, said = run("evaluate", "same.en-fr.tsv", "-m", "letter_encoder:letters")
    assert "2 pairs with a text that also occurs" in said
    _, _, said = run("evaluate", "all.en-fr.tsv", "-m", "letter_encoder:letters")
    assert "also occurs" not in said


def test_json_names_the_model_of_a_folder(run: Run, here: Path) -> None:
    folder = shutil.copytree(DEFAULT_MODEL, here / "copy")
    _, out, _ = run("evaluate", "words.en-de.tsv", "--json", "-m", str(folder))
    assert json.loads(out)["model"] == Encoder.load().description.name


def test_distractors(run: Run, here: Path) -> None:
    (here / "more.en-de.tsv").write_text("Table\tTisch\nhouse\thaus\n")
    code, out, _ = run(
        "evaluate",
        "letter_encoder:letters",
        "words.en-de.tsv",
        "--distractors",
        "more.en-de.tsv",
        "--queries",
        "3",
        "--json",
    )
    assert code == 0
    [result] = json.loads(out)["results"]
    assert (result["protocol"], result["pairs"]) == ("muse", 3)
    assert result["candidates"] == {"forward": 5, "backward": 5}


def test_a_plot(run: Run, here: Path) -> None:
    code, _, err = run(
        "evaluate", "letter_encoder:letters", "words.en-de.tsv", "--plot", "scores.png"
    )
    assert code == 0
    assert "scores.png" in err
    assert (here / "scores.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "words.en-de.tsv"], "nowhere: "),
        (["letter_encoder:letters", "none.tsv"], "none.tsv: "),
        (["letter_encoder:nothing", "words.en-de.tsv"], "nothing"),
        (["letter_encoder:letters", "empty.tsv"], "empty.tsv: "),
        (["letter_encoder:letters", "words.en-de.tsv", "--plot", "a.gif"], "a.gif: "),
        (["letter_encoder:letters", "words.en-de.tsv", "--languages", "x"], "--languages x"),
        (
            ["letter_encoder:letters", "words.en-de.tsv", "--distractors", "it.en-it.tsv"],
            "it.en-it.tsv: ",
        ),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], message: str
) -> None:
    (here / "empty.tsv").touch()
    (here / "it.en-it.tsv").write_text("a\tb\n")
    code, out, err = run("evaluate", *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("babelite: ")
    assert err.count("\n") == 1


def test_files_without_an_ending_are_not_taken_for_models(run: Run, here: Path) -> None:
    sides = zip(*(line.split("\t") for line in PAIRS.splitlines()), strict=True)
    for code, side in zip(("en", "de"), sides, strict=True):
        (here / f"corpus_{code}").write_text("".join(f"{word}\n" for word in side))
    for place in ("corpus_en,corpus_de", "en-de=corpus_en,corpus_de", "-", "en-de=-"):
        code, out, err = run("evaluate", place, "--json", standard_input=PAIRS)
        assert code == 0, err
        assert json.loads(out)["results"][0]["pairs"] == 4
    code, _, err = run("evaluate", "corpus_en,corpus_it", "--json")
    assert code == 2
    assert "corpus_it: " in err


def test_a_seed_below_0(run: Run) -> None:
    code, _, err = run("evaluate", "letter_encoder:letters", "words.en-de.tsv", "--seed", "-1")
    assert code == 2
    assert "Invalid value for '--seed'" in err


def test_the_model_may_be_the_first_argument(run: Run) -> None:
    first = run("evaluate", "letter_encoder:letters", "words.en-de.tsv", "--json")
    option = run("evaluate", "words.en-de.tsv", "-m", "letter_encoder:letters", "--json")
    ours, theirs = (json.loads(out) for _, out, _ in (first, option))
    for record in (ours, theirs):
        record["results"][0].pop("sentences_per_second")
    assert ours == theirs
    code, _, err = run("evaluate", "letter_encoder:letters")
    assert code == 2
    assert "no file is given" in err
