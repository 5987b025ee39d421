import gzip
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import random_model
from processes import start_babelite

from babelite.corpus import PairTable, parse_source
from babelite.encoding import open_encoder
from babelite.mining import mine
from babelite.storage import intact_bytes

Run = Callable[..., tuple[int, str, str]]
MODEL = ("-m", "letter_encoder:letters")
HEADER = ["score", "cosine", "ratio", "distance", "source_line", "target_line", "source", "target"]

# Encodes one block, and then hangs.
HANGING = """
import time
import numpy as np

blocks = 0

def letters(sentences):
    global blocks
    blocks += len(sentences) > 1
    if blocks > 1:
        time.sleep(600)
    return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
"""
_BLOCK_BYTES = 8192 * 256 * 2


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.txt").write_text("the house\n\nmusic\nzebra crossing\nthe house\n")
    (here / "b.txt").write_text("muusic\nkayak\nthe housee\n")
    (here / "gold.tsv").write_text("the house\tthe housee\nmusic\tmuusic\n")
    (here / "empty.txt").touch()
    (here / "blank.txt").write_text("\n \n")
    (here / "latin.txt").write_bytes("déjà vu\n".encode("latin-1"))
    (here / "wide.txt").write_bytes("déjà vu\n".encode("utf-16"))
    (here / "zero.txt").write_bytes(b"fine\nnot\0fine\n")
    (here / "cut.txt.gz").write_bytes(gzip.compress(b"music\n" * 1000)[:-9])


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_translation_memories(run: Run, here: Path) -> None:
    (here / "a.txt").rename(here / "t.en.txt")
    (here / "b.txt").rename(here / "t.fr.txt")
    texts = []
    for out in ("m.tsv", "m.tmx", "m.xliff"):
        code, _, err = run("mine", "t.en.txt", "t.fr.txt", "--out", out, *MODEL)
        assert code == 0, err
        source = parse_source(f"en-fr={out}", ("source", "target") if out == "m.tsv" else None)
        texts.append(list(source.read()))
    assert texts[0] == texts[1] == texts[2]
    assert len(texts[0]) == 3
    (here / "t.en.txt").rename(here / "a.txt")
    options = ("mine", "a.txt", "t.fr.txt", "--out", "n.tmx", *MODEL)
    code, _, err = run(*options)
    assert code == 2
    assert "--languages" in err
    assert run(*options, "--languages", "en-fr")[0] == 0


def test_pairs_with_scores_line_numbers_and_text(run: Run, here: Path) -> None:
    code, out, err = run("mine", "a.txt", "b.txt", "--out", "pairs.tsv", *MODEL)
    assert (code, out) == (0, "")
    header, *pairs = rows((here / "pairs.tsv").read_text())
    assert header == HEADER
    assert {tuple(pair[4:]) for pair in pairs[:2]} == {
        ("1", "3", "the house", "the housee"),
        ("3", "1", "music", "muusic"),
    }
    scores = [float(pair[0]) for pair in pairs]
    assert scores == sorted(scores, reverse=True)
    assert "3 and 3 distinct sentences: pairs.tsv" in err
    assert not (here / "pairs.tsv.work").exists()


def test_threshold_margin_direction_and_standard_streams(run: Run) -> None:
    code, out, _ = run(
        "mine", "-", "b.txt", "--margin", "absolute", "--direction", "intersection",
        "--threshold", "0.9", "--search", "clusters", *MODEL,
        standard_input="music\nunrelated\n",
    )  # fmt: skip
    assert code == 0
    _, *pairs = rows(out)
    assert [pair[6:] for pair in pairs] == [["music", "muusic"]]
    assert pairs[0][0] == pairs[0][1]


def test_calibration_and_explanation(run: Run, here: Path) -> None:
    code, _, err = run(
        "mine", "a.txt", "b.txt", "--out", "p.tsv", "--calibrate", "gold.tsv", "--plot", "c.png",
        "--explain", "1", "--work", "w", *MODEL,
    )  # fmt: skip
    assert code == 0
    assert "Highest F1: 100.00 %" in err
    assert "score = cosine ÷ mean of both means" in err
    assert (here / "c.png").read_bytes().startswith(b"\x89PNG")
    assert (here / "w" / "source.vectors").exists()
    # With the work folder nothing is encoded again.
    code, _, err = run("mine", "a.txt", "b.txt", "--out", "p.tsv", "--work", "w", *MODEL)
    assert code == 0
    assert "encoding" not in err


def test_precision_is_estimated_without_gold_pairs(run: Run, here: Path) -> None:
    words = [f"{i:b}".replace("0", "ab").replace("1", "xyz") + f"{i:o}" for i in range(300)]
    (here / "c.txt").write_text("".join(f"{word}\n" for word in words))
    (here / "d.txt").write_text("".join(f"{word}.\n" for word in words[::-1]))
    code, _, err = run(
        "mine", "c.txt", "d.txt", "--out", "p.tsv", "--plot", "e.svg", "--threshold", "1", *MODEL
    )
    assert code == 0
    assert "Estimated precision" in err
    assert (here / "e.svg").exists()


@pytest.mark.slow
def test_a_killed_run_resumes(run: Run, here: Path) -> None:
    encoder = (here / "letter_encoder.py").read_text()
    (here / "letter_encoder.py").write_text(HANGING)
    for side, end in (("c", ""), ("d", "!")):
        (here / f"{side}.txt").write_text("".join(f"line {i:05d}{end}\n" for i in range(9_000)))
    arguments = ["mine", "c.txt", "d.txt", "--out", "p.tsv", "-m", "letter_encoder:letters"]
    process = start_babelite(arguments, here / "log")
    vectors = here / "p.tsv.work" / "source.vectors"
    while not vectors.exists() or intact_bytes(vectors) < _BLOCK_BYTES:  # with their checksums
        assert process.is_alive(), (here / "log").read_text()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (here / "p.tsv").exists()
    (here / "letter_encoder.py").write_text(encoder)
    code, _, err = run(*arguments)
    assert code == 0
    assert "encoding the source side: 808 in" in err
    assert "encoding the target side: 9,000 in" in err
    assert len((here / "p.tsv").read_text().splitlines()) > 1
    assert not vectors.exists()


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["none.txt", "b.txt"], "none.txt"),
        (["empty.txt", "b.txt"], "empty.txt"),
        (["a.txt", "blank.txt"], "blank.txt"),
        (["latin.txt", "b.txt"], "latin.txt, line 1"),
        (["a.txt", "wide.txt"], "wide.txt, line 1"),
        (["a.txt", "zero.txt"], "zero.txt, line 2"),
        (["a.txt", "cut.txt.gz"], "cut.txt.gz"),
        (["-", "-"], "standard input"),
        (["a.txt", "b.txt", "--margin", "best"], "'best'"),
        (["a.txt", "b.txt", "--direction", "up"], "'up'"),
        (["a.txt", "b.txt", "--search", "ivf"], "'ivf'"),
        (["a.txt", "b.txt", "--out", "no/p.tsv"], "no/p.tsv"),
        (["a.txt", "b.txt", "--plot", "p.gif"], "p.gif"),
        (["a.txt", "b.txt", "--calibrate", "none.tsv"], "none.tsv"),
        (["a.txt", "b.txt", "--explain", "99"], "pair 99"),
        (["a.txt", "b.txt", "--work", "a.txt"], "a.txt"),
        (["a.txt", "b.txt", "--calibrate", "a.tsv"], "a.tsv"),
    ],
)
def test_invalid_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], fact: str
) -> None:
    code, _, err = run("mine", "--out", "pairs.tsv", *arguments, *MODEL)
    assert code == 2
    assert err.splitlines()[-1].startswith("babelite: ")
    assert fact in err.splitlines()[-1]
    assert "Traceback" not in err
    # A run that encoded nothing leaves no work folder: the text may be fixed before the next run.
    assert not list(here.glob("pairs.tsv*"))


def test_a_column_of_both_files(run: Run, here: Path) -> None:
    for side, lines in (("a", ["the house", "music"]), ("b", ["muusic", "the housee"])):
        rows_ = [f"{side}-{i}\t{line}\n" for i, line in enumerate(lines)]
        (here / f"{side}.tsv").write_text("".join(rows_))
    code, out, _ = run("mine", "a.tsv", "b.tsv", "--column", "2", *MODEL)
    assert code == 0
    assert {tuple(pair[6:]) for pair in rows(out)[1:]} == {
        ("the house", "the housee"), ("music", "muusic")
    }  # fmt: skip
    code, _, err = run("mine", "a.tsv", "b.tsv", "--column", "3", *MODEL)
    assert code == 2
    assert "a.tsv, line 1" in err


def test_a_json_field_of_both_files(run: Run, here: Path) -> None:
    for side, lines in (("a", ["the house", "music"]), ("b", ["muusic", "the housee"])):
        rows_ = [json.dumps({"id": side, "said": line}) + "\n" for line in lines]
        (here / f"{side}.jsonl").write_text("".join(rows_))
    code, out, _ = run("mine", "a.jsonl", "b.jsonl", "--column", "said", *MODEL)
    assert code == 0
    assert {tuple(pair[6:]) for pair in rows(out)[1:]} == {
        ("the house", "the housee"), ("music", "muusic")
    }  # fmt: skip
    code, _, err = run("mine", "a.jsonl", "b.txt", "--column", "said", *MODEL)
    assert code == 2
    assert "b.txt" in err


def test_a_byte_order_mark_and_line_ends_of_windows(run: Run, here: Path) -> None:
    (here / "a.txt").write_bytes(b"\xef\xbb\xbfthe house\r\nmusic\r\n")
    code, out, _ = run("mine", "a.txt", "b.txt", *MODEL)
    assert code == 0
    assert {tuple(pair[6:]) for pair in rows(out)[1:]} == {
        ("the house", "the housee"), ("music", "muusic")
    }  # fmt: skip


def test_a_text_unknown_to_the_model_causes_a_warning(
    run: Run, here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = str(random_model.write(tmp_path_factory.mktemp("models") / "model").path)
    (here / "c.txt").write_text("ქართული ენა\nსახლი დიდია\nthe house\n")
    code, _, err = run("mine", "a.txt", "c.txt", "-m", model)
    assert code == 0
    assert "of c.txt" in err
    assert "of a.txt" not in err


def test_a_work_folder_of_another_text_is_unchanged(run: Run, here: Path) -> None:
    run("mine", "a.txt", "b.txt", "--work", "w", *MODEL)
    before = {path.name: path.read_bytes() for path in (here / "w").iterdir()}
    code, _, err = run("mine", "b.txt", "a.txt", "--work", "w", *MODEL)
    assert code == 2
    assert "babelite: w: contains the work of another source text" in err
    assert {path.name: path.read_bytes() for path in (here / "w").iterdir()} == before


def test_a_second_command_does_not_change_a_locked_work_folder(run: Run, here: Path) -> None:
    def while_it_works() -> Iterator[str]:
        yield from ("the house", "music")
        code, _, err = run("mine", "a.txt", "b.txt", "--out", "pairs.tsv", *MODEL)
        assert code == 2
        assert "pairs.tsv.work: is locked by another process" in err

    encoder = open_encoder("letter_encoder:letters")
    work = here / "pairs.tsv.work"
    with mine(while_it_works(), ["the housee", "muusic"], encoder, work=work) as mined:
        assert len(mined.pairs()) == 2


def test_the_output_does_not_replace_the_gold_pairs(run: Run, here: Path) -> None:
    text = (here / "gold.tsv").read_text()
    code, _, err = run(
        "mine", "a.txt", "b.txt", "--calibrate", "gold.tsv", "--out", "gold.tsv", *MODEL
    )
    assert (code, (here / "gold.tsv").read_text()) == (2, text)
    assert "babelite: gold.tsv: " in err


def test_gold_pairs_with_line_breaks_are_found(run: Run, here: Path) -> None:
    pairs = [("the\t\thouse\nagain", "the housee again"), ("music\r\nmusic", "muusic muusic")]
    for name, side in (("a.jsonl", 0), ("b.jsonl", 1)):
        (here / name).write_text("".join(json.dumps({"text": p[side]}) + "\n" for p in pairs))
    gold = (json.dumps({"source": s, "target": t}) + "\n" for s, t in pairs)
    (here / "gold.jsonl").write_text("".join(gold))
    code, _, err = run(
        "mine", "a.jsonl", "b.jsonl", "--out", "p.tsv", "--calibrate", "gold.jsonl", *MODEL
    )
    assert code == 0, err
    assert "2 gold pairs" in err


@pytest.mark.parametrize("name", ["p.jsonl", "p.parquet", "p.csv", "p.tsv.gz"])
def test_the_ending_selects_the_format(run: Run, here: Path, name: str) -> None:
    run("mine", "a.txt", "b.txt", "--out", "p.tsv", *MODEL)
    code, _, err = run("mine", "a.txt", "b.txt", "--out", name, *MODEL)
    assert code == 0, err
    wanted, found = (list(parse_source(f"en-fr={here / out}").read()) for out in ("p.tsv", name))
    assert found == wanted
    assert next(PairTable(parse_source(f"en-fr={here / name}")).rows()).record.values
    if name == "p.jsonl":
        first = json.loads((here / name).read_text().splitlines()[0])
        assert [*first][:5] == ["score", "cosine", "ratio", "distance", "source_line"]
        assert isinstance(first["source_line"], int)


@pytest.mark.parametrize("name", ["p.docx", "p.tmx", "p.npy"])
def test_an_ending_of_another_format_is_refused(run: Run, here: Path, name: str) -> None:
    code, _, err = run("mine", "a.txt", "b.txt", "--out", name, *MODEL)
    assert (code, (here / name).exists()) == (2, False), err
