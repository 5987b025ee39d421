import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]

SOURCE = ["the cat sat", "", "a dog", "zzz qqq", "birds fly"]
TARGET = ["the", "cat sat", "a dog", "birds fly"]
PAIRS = ["1\t1-2", "3\t3", "4\t", "5\t4"]
MODEL = ["-m", "letter_encoder:letters"]


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.txt").write_text("".join(f"{line}\n" for line in SOURCE))
    (here / "b.txt").write_text("".join(f"{line}\n" for line in TARGET))
    (here / "gold.tsv").write_text("".join(f"{line}\n" for line in PAIRS))
    (here / "latin.txt").write_bytes("été\n".encode("latin-1"))
    (here / "empty.txt").touch()


def numbers(tsv: str) -> list[str]:
    return ["\t".join(line.split("\t")[:2]) for line in tsv.splitlines()[1:]]


def test_segment_pairs_on_standard_output(run: Run) -> None:
    code, out, err = run("align", "a.txt", "b.txt", *MODEL)
    assert code == 0
    assert numbers(out) == PAIRS
    _, _, score, cosine, source, target = out.splitlines()[1].split("\t")
    assert (source, target) == ("the cat sat", "the cat sat")
    assert 0.9 < float(score) < float(cosine) < 1
    assert "4 and 4 sentences: 2 of 1-1, 1 of 1-2; 1 and 0 unmatched" in err


def test_the_file_ending_selects_the_format(run: Run, here: Path) -> None:
    for name in ("x.tsv", "x.json", "x.html", "x.tsv.gz"):
        code, out, err = run("align", "a.txt", "b.txt", *MODEL, "--out", name)
        assert (code, out) == (0, "")
        assert name in err
    assert numbers((here / "x.tsv").read_text()) == PAIRS
    assert numbers(gzip.decompress((here / "x.tsv.gz").read_bytes()).decode()) == PAIRS
    assert [pair["source"] for pair in json.loads((here / "x.json").read_text())] == [
        [1],
        [3],
        [4],
        [5],
    ]
    assert (here / "x.html").read_text().startswith("<!doctype html>")


def test_translation_memories_need_languages(run: Run, here: Path) -> None:
    code, _, err = run("align", "a.txt", "b.txt", *MODEL, "--out", "x.tmx")
    assert code == 2
    assert "--languages" in err
    options = (*MODEL, "--languages", "en-US,fr")
    assert run("align", "a.txt", "b.txt", *options, "--out", "x.tmx")[0] == 0
    assert 'xml:lang="en-US"' in (here / "x.tmx").read_text()


def test_folders(run: Run, here: Path) -> None:
    for place in ("en/1.en.txt", "en/deep/2.txt", "en/3.txt", "fr/1.fr.html", "fr/deep/2.txt.gz"):
        (here / place).parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"<p>{line}" if "html" in place else f"{line}\n" for line in TARGET)
        write = gzip.compress if place.endswith(".gz") else bytes
        (here / place).write_bytes(write(text.encode()))
    code, out, err = run("align", "en", "fr", *MODEL, "--out", "out")
    assert (code, out) == (0, ""), err
    assert "Without a partner: 1 file (en/3.txt)" in err
    for name in ("1", "deep/2"):
        assert numbers((here / f"out/{name}.tsv").read_text()) == [f"{n}\t{n}" for n in range(1, 5)]
    options = ("--out", "t/*.tmx", "--languages", "en-fr")
    assert run("align", "en", "fr", *MODEL, *options)[0] == 0
    assert sorted(path.name for path in (here / "t").rglob("*.tmx")) == ["1.tmx", "2.tmx"]
    assert run("align", "en", "fr", *MODEL)[0] == 2
    assert run("align", "en", "a.txt", *MODEL, "--out", "out")[0] == 2
    (here / "en/1.txt").write_text("again\n")
    code, _, err = run("align", "en", "fr", *MODEL, "--out", "out")
    assert (code, "the same name" in err) == (2, True)


def test_a_document_on_standard_input(run: Run) -> None:
    code, out, _ = run("align", "-", "b.txt", *MODEL, standard_input="\n".join(SOURCE))
    assert code == 0
    assert numbers(out) == PAIRS


def test_the_same_file_twice(run: Run) -> None:
    code, out, _ = run("align", "b.txt", "b.txt", *MODEL)
    assert code == 0
    assert numbers(out) == [f"{n}\t{n}" for n in range(1, 5)]


def test_gold_gives_scores(run: Run, here: Path) -> None:
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--gold", "gold.tsv")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["precision", "recall", "F1"],
        ["strict", "1.0000", "1.0000", "1.0000"],
        ["lax", "1.0000", "1.0000", "1.0000"],
    ]
    (here / "gold.tsv").write_text("1\t1\n3\t2-3\n5\t4\n")
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--gold", "gold.tsv", "--json")
    assert json.loads(out) == {
        "strict": {"precision": 0.25, "recall": 0.3333, "f1": 0.2857},
        "lax": {"precision": 0.75, "recall": 1.0, "f1": 0.8571},
    }


def test_gold_is_marked_on_the_page(run: Run, here: Path) -> None:
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--gold", "gold.tsv", "--out", "x.html")
    assert code == 0
    assert "strict" in out
    assert "not in gold (0)" in (here / "x.html").read_text()


def test_running_text_is_split(run: Run, here: Path) -> None:
    (here / "a.txt").write_text("The cat sat. A dog ran. Birds fly.\n")
    (here / "b.txt").write_text("The cat sat. A dog ran.\n\nBirds fly.\n")
    code, out, err = run("align", "a.txt", "b.txt", *MODEL)
    assert "a.txt: many lines contain several sentences" in err
    assert "--split" in err
    code, out, err = run("align", "a.txt", "b.txt", *MODEL, "--split", "--languages", "en-en")
    assert code == 0
    assert numbers(out) == ["1\t1", "2\t2", "3\t3"]
    assert "--split" not in err
    options = ("--split", "--languages", "en-US,en_GB")
    assert run("align", "a.txt", "b.txt", *MODEL, *options)[1] == out


def test_few_matches_cause_a_warning(run: Run, here: Path) -> None:
    (here / "b.txt").write_text("1234\n5678\n")
    code, out, err = run("align", "a.txt", "b.txt", *MODEL)
    assert code == 0
    assert numbers(out) == ["1\t", "3\t", "4\t", "5\t", "\t1", "\t2"]
    assert "Fewer than half" in err


def test_options_reach_the_search(run: Run) -> None:
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--max-size", "1")
    assert code == 0
    assert all("-" not in line for line in numbers(out))
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--min-score", "0.99")
    assert numbers(out) == ["1\t", "\t1", "\t2", "3\t3", "4\t", "5\t4"]


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["none.txt", "b.txt"], "none.txt"),
        (["a.txt", "empty.txt"], "empty.txt"),
        (["latin.txt", "b.txt"], "latin.txt, line 1"),
        (["-", "-"], "standard input"),
        (["a.txt", "b.txt", "--out", "x.pdf"], "x.pdf"),
        (["a.txt", "b.txt", "--out", "no/x.tsv"], "no/x.tsv"),
        (["a.txt", "b.txt", "--split", "--languages", "en"], "en"),
        (["a.txt", "b.txt", "--split"], "--split"),
        (["a.txt", "b.txt", "--gold", "a.txt"], "a.txt, line 1"),
        (["b.txt", "b.txt", "--gold", "gold.tsv"], "gold.tsv, line 4"),
        (["a.txt", "b.txt", "-m", "nowhere"], "nowhere"),
    ],
)
def test_invalid_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], fact: str
) -> None:
    before = sorted(here.iterdir())
    code, out, err = run("align", *MODEL, *arguments)
    assert code == 2
    assert out == "" or "--json" in arguments
    assert err.splitlines()[-1].startswith("babelite: ")
    assert fact in err.splitlines()[-1]
    assert "Traceback" not in err
    assert sorted(here.iterdir()) == before


def test_json_and_a_file_exclude_each_other(run: Run, here: Path) -> None:
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--out", "x.tsv", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "option-conflict"
    assert not (here / "x.tsv").exists()


def test_json_on_standard_output(run: Run) -> None:
    code, out, _ = run("align", "a.txt", "b.txt", *MODEL, "--json")
    assert code == 0
    assert [pair["target"] for pair in json.loads(out)] == [[1, 2], [3], [], [4]]


def test_a_terminal_shows_progress(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    code, _, err = run("align", "a.txt", "b.txt", *MODEL)
    assert code == 0
    assert "━" in err
    assert "encoding: 8 sentences in" in err


@pytest.mark.parametrize("read", ["a.txt", "b.txt", "gold.tsv"])
def test_the_output_does_not_replace_an_input(run: Run, here: Path, read: str) -> None:
    text = (here / read).read_text()
    code, _, err = run(*("align", "a.txt", "b.txt", "--gold", "gold.tsv", "--out", read), *MODEL)
    assert (code, (here / read).read_text()) == (2, text)
    assert f"babelite: {read}: " in err


def test_a_file_name_that_is_not_utf8(run: Run, here: Path) -> None:
    name = os.fsdecode(b"a\xff.txt")
    (here / name).write_text((here / "a.txt").read_text())
    code, _, err = run("align", name, "b.txt", "--out", "x.html", *MODEL)
    assert code == 0, err
    assert "a\ufffd.txt" in (here / "x.html").read_text(encoding="utf-8")
