import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import random_model
from processes import start_babelite

from babelite import Encoder

Run = Callable[..., tuple[int, str, str]]
LETTERS = ("-m", "letter_encoder:letters")
LINES = ["the house", "", "a mouse", "music"]

# Encodes some blocks, and then hangs.
HANGING = """
import time
import numpy as np

seen = 0

def letters(sentences):
    global seen
    seen += len(sentences)
    if seen > 12_000:
        time.sleep(600)
    return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
"""


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.txt").write_text("".join(f"{line}\n" for line in LINES))
    (here / "b.jsonl").write_text("".join(json.dumps({"said": s}) + "\n" for s in LINES))
    (here / "c.jsonl").write_text('{"text": "a"}\n{"text"\n')
    (here / "caf\udce9.txt").write_text("a name in Latin-1\n")
    (here / "folder").mkdir()
    (here / "folder" / "notes.txt").write_text("mine")


def test_the_rows_of_several_files_follow_each_other(run: Run, here: Path) -> None:
    assert run("encode", "a.txt", "--out", "a.npy", *LETTERS)[0] == 0
    code, out, err = run("encode", "b.jsonl", "--column", "said", "--out", "b.npy", *LETTERS)
    assert (code, out) == (0, "")
    a = np.load(here / "a.npy")
    np.testing.assert_array_equal(a, np.load(here / "b.npy"))
    (here / "more.tsv").write_text("x\tzebra\ny\tkayak\n")
    assert run("encode", "more.tsv", "--column", "2", "--out", "more.npy", *LETTERS)[0] == 0
    (here / "zebra.txt").write_text("zebra\nkayak\n")
    code, _, err = run("encode", "a.txt", "zebra.txt", "--out", "both.npy", *LETTERS)
    assert code == 0
    assert "encoding: 6 in " in err
    assert "6 vectors of 256 components: both.npy" in err
    both = np.load(here / "both.npy", mmap_mode="r")
    np.testing.assert_array_equal(both, np.concatenate([a, np.load(here / "more.npy")]))


def test_a_file_that_shrinks_meanwhile_is_an_error(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from babelite.corpus import SentenceSource

    survey = SentenceSource.survey

    def then_cut(self: SentenceSource, stride: int) -> object:
        found = survey(self, stride)
        (here / "x.txt").write_text("one\n")
        return found

    (here / "x.txt").write_text("one\ntwo\n")
    monkeypatch.setattr(SentenceSource, "survey", then_cut)
    code, _, err = run("encode", "x.txt", "--out", "x.npy", *LETTERS)
    assert code == 2
    assert "x.txt" in err
    assert not (here / "x.npy").exists()


def test_a_killed_run_resumes_its_array(run: Run, here: Path) -> None:
    lines = [f"line {i:05d}" for i in range(20_000)]
    (here / "x.txt").write_text("".join(f"{line}\n" for line in lines[:5_000]))
    (here / "y.txt").write_text("".join(f"{line}\n" for line in lines[5_000:]))
    encoder = (here / "letter_encoder.py").read_text()
    (here / "letter_encoder.py").write_text(HANGING)
    arguments = ["encode", "x.txt", "y.txt", "--out", "v.npy", *LETTERS]
    process = start_babelite(arguments, here / "log")
    while not any(p.stat().st_size > 10_000 * 1024 for p in here.glob(".v.npy.*.part")):
        assert process.is_alive(), (here / "log").read_text()
        time.sleep(0.01)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert not (here / "v.npy").exists()
    (here / "letter_encoder.py").write_text(encoder)
    code, _, err = run(*arguments)
    assert code == 0
    assert "encoding: 11,808 in " in err
    letters = np.array([np.bincount([*s.encode()], minlength=256) for s in lines])
    expected = letters / np.linalg.norm(letters, axis=1, keepdims=True)
    np.testing.assert_allclose(np.load(here / "v.npy"), expected, atol=1e-6)
    assert not list(here.glob(".v.npy*"))


def test_a_run_with_other_text_does_not_resume(run: Run, here: Path) -> None:
    run("encode", "a.txt", "--out", "v.npy", *LETTERS)
    (here / ".v.npy.0123456789abcdef.part").write_bytes(b"x" * 5_000)
    (here / "a.txt").write_text("zebra\n")
    assert run("encode", "a.txt", "--out", "v.npy", *LETTERS)[0] == 0
    assert np.load(here / "v.npy").shape == (1, 256)
    assert not list(here.glob(".v.npy*"))


def test_shards_and_an_array_by_workers(
    run: Run, here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = str(random_model.write(tmp_path_factory.mktemp("models") / "model").path)
    code, out, err = run(
        "encode", "a.txt", "b.jsonl", "--column", "said", "--out", "shards", "-m", model
    )
    assert code == 2
    assert "a.txt" in err
    options = ("-m", model, "--shard-lines", "3", "--workers", "2")
    code, out, err = run("encode", "a.txt", "--out", "shards", *options)
    assert (code, out) == (0, "")
    assert "4 vectors of 48 components in 2 shards, at most " in err
    tables = [pq.read_table(path) for path in sorted((here / "shards").glob("*.parquet"))]
    assert [row for table in tables for row in table["id"].to_pylist()] == [
        f"a.txt:{number}" for number in range(1, 5)
    ]
    rows = [row for table in tables for row in table["vector"].to_pylist()]
    code, _, err = run("encode", "a.txt", "--out", "v.npy", "-m", model, "--workers", "1")
    assert code == 0
    np.testing.assert_allclose(np.load(here / "v.npy"), np.array(rows), atol=1e-6)
    code, _, err = run("encode", "a.txt", "--out", "shards", *options, "--float16")
    assert code == 2
    assert "babelite: shards: contains vectors of float32" in err


def test_mining_by_workers_equals_mining_alone(run: Run, here: Path) -> None:
    (here / "b.txt").write_text("muusic\nkayak\nthe housee\n")
    assert run("mine", "a.txt", "b.txt", "--out", "one.tsv", *LETTERS)[0] == 0
    assert run("mine", "a.txt", "b.txt", "--out", "two.tsv", "--workers", "1", *LETTERS)[0] == 0
    assert (here / "one.tsv").read_bytes() == (here / "two.tsv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["none.txt", "--out", "shards"], "none.txt"),
        (["a.txt", "--out", "v.csv"], "v.csv"),
        (["a.txt", "--out", "v.parquet"], "v.parquet"),
        (["a.txt", "a.txt", "--out", "shards"], "a.txt"),
        (["caf\udce9.txt", "--out", "shards", "--workers", "1"], "UTF-8"),
        (["a.txt", "-", "--out", "v.npy"], "standard input"),
        (["-", "--out", "shards"], "standard input"),
        (["a.txt", "--out", "folder"], "folder: contains other files, such as notes.txt"),
        (["a.txt", "--out", "v.npy", "--no-text"], "v.npy"),
        (["c.jsonl", "--out", "v.npy"], "c.jsonl, line 2"),
        (["c.jsonl", "--out", "shards", "--workers", "1"], "c.jsonl, line 2"),
        (["c.jsonl", "--column", "1", "--out", "v.npy"], "c.jsonl"),
        (["a.txt", "--out", "v.npy", "--ray", "here"], "--ray here"),
        (["a.txt", "--out", "no/v.npy"], "no/v.npy"),
        (["a.txt", "--out", "a.txt"], "a.txt"),
        (["a.txt", "--out", ""], "--out ''"),
        (["a.txt", "--out", "-"], "--out '-'"),
    ],
)
def test_invalid_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], fact: str
) -> None:
    before = sorted(here.rglob("*"))
    code, out, err = run("encode", *arguments, *LETTERS)
    assert (code, out) == (2, "")
    assert fact in err.splitlines()[-1]
    assert "Traceback" not in err
    assert sorted(here.rglob("*")) == before


def test_a_pipe_is_read_once(run: Run, here: Path) -> None:
    os.mkfifo(here / "pipe")

    def fill() -> None:
        (here / "pipe").write_bytes((here / "a.txt").read_bytes())

    writer = threading.Thread(target=fill)
    writer.start()
    code, _, err = run("encode", "pipe", "--out", "v.npy", *LETTERS)
    writer.join()
    assert code == 0, err
    assert run("encode", "a.txt", "--out", "w.npy", *LETTERS)[0] == 0
    np.testing.assert_array_equal(np.load(here / "v.npy"), np.load(here / "w.npy"))
    code, _, err = run("encode", "pipe", "--out", "shards", *LETTERS)
    assert code == 2
    assert "babelite: pipe: " in err


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_command_leaves_nothing_half_written(
    here: Path, sent: signal.Signals, code: int
) -> None:
    (here / "x.txt").write_text("".join(f"line {i}\n" for i in range(20_000)))
    (here / "letter_encoder.py").write_text(HANGING)
    arguments = ["encode", "x.txt", "--out", "shards", "--workers", "1", *LETTERS]
    process = start_babelite(arguments, here / "log")
    while not list((here / "shards").glob(".part*")):
        assert process.is_alive(), (here / "log").read_text()
        time.sleep(0.01)
    os.kill(process.pid or 0, sent)
    process.join()
    assert process.exitcode == code
    assert [path.name for path in (here / "shards").iterdir() if path.suffix == ".tmp"] == []


@pytest.mark.parametrize("workers", [[], ["--workers", "1"]])
def test_vectors_are_cut(run: Run, here: Path, workers: list[str]) -> None:
    texts = [*random_model.TEXT, ""]
    random_model.write(here / "model", matryoshka=(8, 16))
    (here / "a.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    arguments = ["encode", "a.txt", "--out", "a.npy", "-m", "model", "--dim", "8", *workers]
    assert run(*arguments)[0] == 0
    expected = Encoder.load(here / "model", dim=8).encode(texts)
    np.testing.assert_allclose(np.load(here / "a.npy"), expected, atol=1e-6)
    assert run("encode", "a.txt", "--out", "b.npy", "-m", "model", "--dim", "9")[0] == 2
