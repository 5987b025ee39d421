import json
from collections.abc import Callable
from pathlib import Path

import pytest

from babelite.corpus import Pair, parse_source, write_pairs
from babelite.filtering import can_identify_languages

Run = Callable[..., tuple[int, str, str]]
MODEL = ("-m", "letter_encoder:letters")


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    rows = [f"{word * 3} {word}\t{word * 3} {word}{word[0]}\tnote {word}\n" for word in
            ("house", "mouse", "music", "zebra", "kayak", "puppy")]  # fmt: skip
    rows[1] = "five 375\tfive 395\tx\n"
    rows[2] = "the same three words\tthe same three words\n"
    rows[3] = "blank\t \ty\tz\n"
    (here / "pairs.tsv").write_text("".join(rows))
    (here / "named.tsv").write_text(
        "".join(["id\ttarget\tsource\n", "1\tfünf 375\tfive 375\n", "2\tsix 42\tsechs 43\n"])
    )
    (here / "one.tsv").write_text("a\tb\nonly one\n")


def test_kept_and_dropped_rows_are_unchanged(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("babelite.filtering", "babelite.corpus.language_id"):
        monkeypatch.setattr(f"{place}.can_identify_languages", lambda: False)
    lines = (here / "pairs.tsv").read_text().splitlines()
    code, out, err = run(
        "filter", "pairs.tsv", "--out", "kept.tsv", "--dropped", "dropped.tsv", *MODEL
    )
    assert (code, out) == (0, "")
    assert (here / "kept.tsv").read_text().splitlines() == [lines[0], lines[4], lines[5]]
    dropped = [line.rsplit("\t", 2) for line in (here / "dropped.tsv").read_text().splitlines()]
    assert [line for line, _, _ in dropped] == lines[1:4]
    assert [reason for _, _, reason in dropped] == ["numbers", "copied", "empty"]
    assert "6 pairs" in err
    assert not (here / "kept.tsv.work").exists()


def test_kept_rows_with_their_scores(run: Run, here: Path) -> None:
    code, out, _ = run("filter", "pairs.tsv", "--out", "-", "--score-column", *MODEL)
    assert code == 0
    rows = [line.rsplit("\t", 1) for line in out.splitlines()]
    assert rows
    assert all(row in (here / "pairs.tsv").read_text().splitlines() for row, _ in rows)
    assert all(0.7 <= float(score) < 5 for _, score in rows)


def test_a_file_with_the_score_of_every_row(run: Run, here: Path) -> None:
    options = ("--dropped", "d.jsonl", "--scores", "s.txt", "--score-column", *MODEL)
    assert run("filter", "pairs.tsv", "--out", "k.jsonl", *options)[0] == 0
    scores = list(map(float, (here / "s.txt").read_text().splitlines()))
    assert len(scores) == 6
    assert scores[3] == 0  # a side is blank
    written = [
        json.loads(line)["score"]
        for name in ("k.jsonl", "d.jsonl")
        for line in (here / name).read_text().splitlines()
    ]
    assert sorted(score or 0 for score in written) == sorted(scores)
    for same in ("k.tsv", "d.tsv"):
        options = ("--out", "k.tsv", "--dropped", "d.tsv", "--scores", same)
        assert run("filter", "pairs.tsv", *options, *MODEL)[0] == 2


def test_reasons_that_are_ignored(run: Run, here: Path) -> None:
    (here / "m.tsv").write_text("a <b>house</b>\ta <b>house</b>x\nthe cafÃ© 1\tthe cafe 1\n")
    for ignored, kept in (("", 0), ("markup", 1), ("mojibake, markup", 2)):
        options = ["--ignore", ignored] if ignored else []
        code, out, err = run("filter", "m.tsv", "--threshold", "-9", *options, *MODEL)
        assert code == 0, err
        assert len(out.splitlines()) == kept, (out, err)
    assert run("filter", "m.tsv", "--ignore", "ugly", *MODEL)[0] == 2


def test_columns_by_name_and_standard_input(run: Run, here: Path) -> None:
    code, out, _ = run("filter", "-", "--out", "-", "--threshold", "-9", *MODEL,
                       standard_input=(here / "named.tsv").read_text())  # fmt: skip
    assert code == 0
    assert out.splitlines()[0] == "id\ttarget\tsource"
    assert "2\tsix 42\tsechs 43" not in out


def test_errors_of_standard_input_name_it(run: Run) -> None:
    code, _, err = run("filter", "-", "--out", "k.tsv", *MODEL, standard_input="a\tb\nonly one\n")
    assert code == 2
    assert "standard input, line 2" in err


def test_languages_without_the_library(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:

    for place in ("babelite.filtering", "babelite.corpus.language_id"):
        monkeypatch.setattr(f"{place}.can_identify_languages", lambda: False)
    code, _, err = run("filter", "pairs.tsv", "--out", "k.tsv", *MODEL)
    assert code == 0
    assert "Languages are not checked" in err
    code, _, err = run("filter", "pairs.tsv", "--out", "k.tsv", "--languages", "en-fr", *MODEL)
    assert code == 2
    assert "pip install 'babelite[filter]'" in err


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_languages_may_have_regions(run: Run) -> None:
    code, _, err = run("filter", "pairs.tsv", "--languages", "en-US,fr-FR", *MODEL)
    assert code == 0
    assert "language: not en and fr" in err


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_an_unknown_language(run: Run) -> None:
    code, _, err = run("filter", "pairs.tsv", "--out", "k.tsv", "--languages", "en-qq", *MODEL)
    assert code == 2
    assert "'qq'" in err


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["none.tsv", "--out", "k.tsv"], "none.tsv"),
        (["one.tsv", "--out", "k.tsv"], "one.tsv, line 2"),
        (["pairs.tsv", "--out", "k.tsv", "--columns", "1,9"], "column 9"),
        (["named.tsv", "--out", "k.tsv", "--columns", "en,fr"], "'en'"),
        (["pairs.tsv", "--out", "k.tsv", "--dropped", "k.tsv"], "--out, --dropped"),
        (["pairs.tsv", "--out", "k.tsv", "--dropped", "./k.tsv"], "--out, --dropped"),
        (["pairs.tsv", "--out", "no/k.tsv"], "no/k.tsv"),
    ],
)
def test_invalid_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], fact: str
) -> None:
    code, _, err = run("filter", *arguments, *MODEL)
    assert code == 2
    assert fact in err
    assert "Traceback" not in err
    assert not (here / "k.tsv").exists()


def test_the_output_does_not_replace_an_input(run: Run, here: Path) -> None:
    text = (here / "pairs.tsv").read_text()
    for options in (["--out", "pairs.tsv"], ["--out", "k.tsv", "--dropped", "pairs.tsv"]):
        code, _, err = run("filter", "pairs.tsv", *options, *MODEL)
        assert (code, (here / "pairs.tsv").read_text()) == (2, text)
        assert "babelite: pairs.tsv: " in err


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl", "p.parquet", "p.tmx"])
@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "parquet", "tmx"])
def test_formats_by_the_endings(
    run: Run, here: Path, name: str, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("babelite.filtering", "babelite.corpus.language_id"):
        monkeypatch.setattr(f"{place}.can_identify_languages", lambda: False)
    rows = [line.split("\t") for line in (here / "pairs.tsv").read_text().splitlines()]
    pairs = [Pair(*row[:2]) for row in rows if row[1].strip()]
    write_pairs(pairs, str(here / "x.jsonl"), ("en", "fr"))
    run("filter", "en-fr=x.jsonl", "--out", name, "--threshold", "-9", *MODEL)
    options = ("--out", f"kept.{ending}", "--dropped", "dropped.jsonl", "--threshold", "-9")
    code, _, err = run("filter", f"en-fr={name}", *options, *MODEL)
    assert code == 0, err
    kept = list(parse_source(f"en-fr={here / f'kept.{ending}'}").read())
    assert kept == [pairs[0], *pairs[3:]]
    assert not (here / "dropped.jsonl").read_text()


def test_dropped_rows_as_records(run: Run, here: Path) -> None:
    run("filter", "pairs.tsv", "--out", "kept.jsonl", "--dropped", "dropped.jsonl", *MODEL)
    records = [json.loads(line) for line in (here / "dropped.jsonl").read_text().splitlines()]
    assert list(records[0]) == ["source", "target", "column_3", "score", "reasons"]
    assert records[0]["reasons"] == "numbers"
    assert "score" not in (here / "kept.jsonl").read_text()


@pytest.mark.parametrize(
    "options",
    [
        ["--out", "k.docx"],
        ["--out", "k.tmx", "--score-column"],
        ["--out", "k.tsv", "--dropped", "d.tmx"],
    ],
)
def test_outputs_that_cannot_hold_the_rows(run: Run, here: Path, options: list[str]) -> None:
    before = sorted(here.iterdir())
    code, _, err = run("filter", "pairs.tsv", *options, *MODEL)
    assert (code, sorted(here.iterdir())) == (2, before), err
