"""Whole runs on a made-up text: what is learned, and what kills, signals and full disks leave."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_languages import Bilingual
from processes import start_babelite

import babelite.training.run
from babelite import Encoder
from babelite.cli import main
from babelite.corpus import Cleaning, PairSource, parse_source
from babelite.errors import BabeliteError
from babelite.evaluation.retrieval import precision_at_1
from babelite.files import sha256
from babelite.training.config import make_config
from babelite.training.formula import OBJECTIVES
from babelite.training.prepare import TrainingText, open_text, prepare
from babelite.training.progress import Progress
from babelite.training.run import TrainingResult, train
from babelite.training.run_folder import RunFolder
from babelite.training.trainer import Trainer

# Small enough for a second, large enough to learn and to hold every kind of state.
SMALL: dict[str, Any] = {
    "preset": "tiny",
    "vocabulary_size": 300,
    "dim": 32,
    "hidden_dim": 64,
    "bag_steps": 40,
    "bag_batch_size": 64,
    "steps": 40,
    "batch_size": 32,
    "warmup_steps": 5,
    "held_out": 100,
    "validations": 3,
    "threads": 1,
}
PAPER = "ugt + 2*align + 2*sim"


def small(**changes: Any) -> dict[str, Any]:
    return SMALL | changes


def run(file: Path, out: Path, **changes: Any) -> TrainingResult:
    """Train through the library."""
    options = small(**changes)
    return train([parse_source(str(file))], out, make_config(options.pop("preset"), None, options))


def records(out: Path, event: str) -> list[dict[str, Any]]:
    lines = (out / "training" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["event"] == event]


# --- what is learned --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def easy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages of sixty words, which even a reconstruction alone learns in seconds."""
    path = tmp_path_factory.mktemp("easy") / "en-fr.tsv"
    pairs = Bilingual(words=60).pairs(1_500)
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def easy_text(easy_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingText:
    from babelite.corpus import Cleaning

    folder = RunFolder(tmp_path_factory.mktemp("prepared") / "run")
    options = small()
    config = make_config(options.pop("preset"), None, options)
    folder.claim({"config": {}, "cleaning": {}, "data": []})
    sources = [parse_source(str(easy_file))]
    prepare(folder, sources, config, cleaning=Cleaning(), progress=Progress(quiet=True))
    return open_text(folder, sources)


# P@1 that 60 steps give for certain; chance is 0.01. What masks words of one side alone, or
# predicts a side from the other's vector, need not bring the two vectors together.
EXPECTED = {"align": 0.5, PAPER: 0.5, "xtr": 0.015}


def total(weights: dict[str, float], losses: dict[str, float]) -> float:
    assert set(losses) == set(weights)
    return sum(weight * losses[name] for name, weight in weights.items())


@pytest.mark.parametrize("objective", [*OBJECTIVES, PAPER])
def test_every_objective_learns_from_scratch(
    objective: str, easy_text: TrainingText, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.claim({"config": {}, "cleaning": {}, "data": []})
    steps = 150 if objective == "xtr" else 60
    options = small(
        objective=objective, bag_steps=0, steps=steps, learning_rate=1e-2, batch_size=64
    )
    config = make_config(options.pop("preset"), None, options)
    trainer = Trainer(folder, easy_text, config, Progress(quiet=True), time.monotonic())
    before = trainer.validator(trainer.model, bag=False)
    trained = trainer.train()
    after = records(folder.out, "validation")[-1]["losses"]["en-fr"]
    assert total(config.weights, after) < total(config.weights, before.losses["en-fr"])
    assert trained.precision_at_1["en-fr"] >= EXPECTED.get(objective, 0)
    logged = [set(record["losses"]) for record in records(folder.out, "train")]
    assert logged == [set(config.weights)] * len(logged)


@pytest.fixture(scope="module")
def finished(
    parallel_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainingResult]:
    out = tmp_path_factory.mktemp("finished") / "model"
    return out, run(parallel_file, out, bag_steps=150)


def test_a_finished_run_is_an_encoder(
    finished: tuple[Path, TrainingResult], bilingual_pairs: list[tuple[str, str]]
) -> None:
    out, result = finished
    encoder = Encoder.load(out)
    assert encoder.languages == ("en", "fr")
    held_out = (out / "training" / "corpus" / "en-fr.held-out.tsv").read_text().splitlines()
    pairs = [tuple(line.split("\t")[:2]) for line in held_out]
    u, v = (encoder.encode(side) for side in zip(*pairs, strict=True))
    found = (precision_at_1(u, v).mean() + precision_at_1(v, u).mean()) / 2
    assert found > 0.5
    assert found == pytest.approx(result.precision_at_1["en-fr"], abs=0.03)
    assert set(pairs) <= set(bilingual_pairs)


def test_held_out_sentences_are_not_trained_on(finished: tuple[Path, TrainingResult]) -> None:
    corpus = finished[0] / "training" / "corpus"
    held_out, cleaned = (
        {side for line in (corpus / name).read_text().splitlines() for side in line.split("\t")[:2]}
        for name in ("en-fr.held-out.tsv", "en-fr.tsv")
    )
    assert len(held_out) == 200
    assert not held_out & cleaned


def test_the_metrics_tell_the_run(finished: tuple[Path, TrainingResult]) -> None:
    out, result = finished
    training, validations = records(out, "train"), records(out, "validation")
    assert [record["phase"] for record in training] == ["bag"] * 7 + ["layers"] * 2
    assert [record["phase"] for record in validations] == ["bag"] * 3 + ["layers"] * 3
    assert result.pairs == training[-1]["pairs"] == 150 * 64 + 40 * 32
    assert training[-1]["loss"] < training[0]["loss"]
    best = [record for record in validations if record["best"]]
    assert validations[0]["best"]
    assert result.precision_at_1 == best[-1]["precision_at_1"]
    highest = max(record["mean_precision_at_1"] for record in validations)
    assert result.precision_at_1["en-fr"] > highest - 0.05


def test_a_finished_run_repeated_does_nothing(
    finished: tuple[Path, TrainingResult], parallel_file: Path
) -> None:
    out, result = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert run(parallel_file, out, bag_steps=150) == result
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_finished_run_that_was_tampered_with_is_told(parallel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    run(parallel_file, out, bag_steps=1, steps=1)
    with (out / "model.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BabeliteError, match="was changed"):
        run(parallel_file, out, bag_steps=1, steps=1)


def test_three_languages_train_one_encoder(parallel_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "de.tsv"
    other.write_text(parallel_file.read_text(encoding="utf-8"), encoding="utf-8")
    sources = [parse_source(str(parallel_file)), parse_source(f"de-fr={other}")]
    options = small(objective="ugt + align", bag_steps=2, steps=2)
    config = make_config(options.pop("preset"), None, options)
    result = train(sources, tmp_path / "model", config)
    assert set(result.precision_at_1) == {"en-fr", "de-fr"}
    assert Encoder.load(tmp_path / "model").languages == ("en", "fr", "de")


@pytest.mark.parametrize("layers", [0, 1])
def test_a_budget_in_minutes_is_kept(layers: int, parallel_file: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    result = run(parallel_file, tmp_path / "model", minutes=0.03, layers=layers)
    # Never a test of speed: only that the run ended by itself, having trained in each phase.
    assert result.seconds <= time.monotonic() - began
    phases = {record["phase"] for record in records(tmp_path / "model", "validation")}
    assert phases == ({"bag", "layers"} if layers else {"bag"})


# --- what stops a run -------------------------------------------------------------------------


def flags(**changes: Any) -> list[str]:
    """The small settings as they are written on a command line."""
    return [
        part
        for name, value in small(**changes).items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., BaseProcess]]:
    """Starts processes of ``babelite`` that write to ``log.txt``; none outlives the test."""
    processes: list[BaseProcess] = []

    def begin(arguments: list[str], largest_file: int | None = None) -> BaseProcess:
        log = tmp_path / "log.txt"
        processes.append(start_babelite(arguments, log, largest_file=largest_file))
        return processes[-1]

    yield begin
    for process in processes:
        if process.is_alive():
            process.kill()
        process.join()


def finish(process: BaseProcess) -> int:
    process.join(timeout=60)
    assert process.exitcode is not None
    return process.exitcode


def wait_for(condition: Callable[[], bool], process: BaseProcess) -> None:
    while not condition():
        assert process.is_alive(), "the process ended before it came so far"
        time.sleep(0.005)


RESUMED = {
    "objective": f"{PAPER} + translation",
    "dropout": 0.1,
    "bag_steps": 30,
    "steps": 25,
    "checkpoint_seconds": 0.05,
}


@pytest.fixture(scope="module")
def undisturbed(parallel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float]:
    """The checksum of the weights of a run that nothing stopped, and how long it took."""
    out = tmp_path_factory.mktemp("undisturbed") / "model"
    began = time.monotonic()
    run(parallel_file, out, **RESUMED)
    return sha256(out / "model.safetensors"), time.monotonic() - began


def test_five_kills_at_random_moments_change_no_bit(
    undisturbed: tuple[str, float],
    parallel_file: Path,
    tmp_path: Path,
    start: Callable[..., BaseProcess],
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(5)
    kills, attempt = 0, 0
    command = ["train", str(parallel_file), *flags(**RESUMED)]
    while kills < 5:  # a run that was faster than its kills is followed by another one
        attempt += 1
        out = tmp_path / f"model{attempt}"
        while kills < 5 and not (out / "babelite.json").exists():
            process = start([*command, "--out", str(out)])
            process.join(timeout=chance.uniform(0.05, 0.5) * seconds)
            if process.is_alive():
                process.kill()
                kills += 1
            assert finish(process) in (0, -signal.SIGKILL), (tmp_path / "log.txt").read_text()
        assert finish(start([*command, "--out", str(out)])) == 0
        assert sha256(out / "model.safetensors") == expected
        leftovers = [path for path in out.rglob("*") if path.name.endswith(".tmp")]
        assert leftovers == []


def test_metrics_of_a_killed_run_are_told_once(
    parallel_file: Path, tmp_path: Path, start: Callable[..., BaseProcess]
) -> None:
    out = tmp_path / "model"
    command = ["train", str(parallel_file), "--out", str(out), *flags(checkpoint_seconds=3600)]
    process = start(command)
    wait_for(lambda: (out / "training" / "last.safetensors").exists(), process)
    process.kill()
    finish(process)
    assert finish(start(command)) == 0
    for event in ("train", "validation"):
        steps = [(record["phase"], record["step"]) for record in records(out, event)]
        assert len(steps) == len(set(steps))
        assert steps == sorted(steps)


# In the middle of preparation, and in the middle of training.
@pytest.mark.parametrize("stage", ["run.json", "best.safetensors"])
def test_ctrl_c_saves_and_the_same_command_goes_on(
    stage: str,
    undisturbed: tuple[str, float],
    parallel_file: Path,
    tmp_path: Path,
    start: Callable[..., BaseProcess],
) -> None:
    out = tmp_path / "model"
    command = ["train", str(parallel_file), "--out", str(out), *flags(**RESUMED)]
    process = start(command)
    wait_for((out / "training" / stage).exists, process)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    assert finish(process) == 130
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
    assert finish(start(command)) == 0
    assert sha256(out / "model.safetensors") == undisturbed[0]


def test_ctrl_c_in_a_shell(parallel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    command = [sys.executable, "-m", "babelite", "train", str(parallel_file), "--out", str(out)]
    process = subprocess.Popen(
        [*command, *flags(steps=1_000_000)], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        metrics = out / "training" / "metrics.jsonl"
        while not (metrics.exists() and metrics.stat().st_size):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"same command" in errors
    assert b"Traceback" not in errors
    assert output == b""
    assert (out / "training" / "last.safetensors").exists()


# Too little for the cleaned text; enough for it but too little for a checkpoint.
@pytest.mark.parametrize("largest_file", [5_000, 180_000])
def test_a_full_disk_is_told_and_the_run_goes_on_later(
    largest_file: int,
    undisturbed: tuple[str, float],
    parallel_file: Path,
    tmp_path: Path,
    start: Callable[..., BaseProcess],
) -> None:
    out = tmp_path / "model"
    command = ["train", str(parallel_file), "--out", str(out), *flags(**RESUMED)]
    assert finish(start(command, largest_file)) == 2
    message = (tmp_path / "log.txt").read_text()
    assert "File too large" in message
    assert "Traceback" not in message
    assert [path.name for path in out.rglob("*.tmp")] == []
    assert finish(start(command)) == 0
    assert sha256(out / "model.safetensors") == undisturbed[0]


def test_a_model_that_cannot_be_written_can_be_written_later(
    undisturbed: tuple[str, float],
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "model"

    def full(*arguments: object, **options: object) -> None:
        raise BabeliteError("cannot be written (No space left on device)", path=out)

    with monkeypatch.context() as patch:
        patch.setattr(babelite.training.run, "export", full)
        with pytest.raises(BabeliteError, match="No space"):
            run(parallel_file, out, **RESUMED)
    steps = len(records(out, "train"))
    run(parallel_file, out, **RESUMED)
    assert len(records(out, "train")) == steps  # nothing was trained again
    assert sha256(out / "model.safetensors") == undisturbed[0]


# --- what is refused --------------------------------------------------------------------------


def refuse(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> str:
    """Run a command that must end with exit code 2; what it says."""
    monkeypatch.setattr(sys, "argv", ["babelite", "train", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capfd.readouterr()
    assert ended.value.code == 2
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return " ".join(captured.err.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--objective", "ugt + laser"], ["'laser'", "add up some of mlm"]),
        (["--dim", "30", "--heads", "4"], ["30", "4 heads", "--dim"]),
        (["--temperature", "-1"], ["'temperature'", "greater than 0"]),
        (["--preset", "huge"], ["'huge'", "default, paper, tiny"]),
        (["--config", "missing.toml"], ["missing.toml", "no such file"]),
        (["--columns", "1"], ["--columns 1", "1,2"]),
        (["--dimension", "4"], ["--dimension"]),
        (["--dim", "wide"], ["--dim", "integer"]),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(
    options: list[str],
    words: list[str],
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "model"
    message = refuse([str(parallel_file), "--out", str(out), *options], monkeypatch, capfd)
    assert all(word in message for word in words), message
    assert not out.exists()


LINES = "".join(f"the cat number {n}\tle chat numéro {n}\n" for n in range(60))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("en-fr.tsv", b"", ["en-fr.tsv", "no pairs"]),
        ("en-fr.tsv", b"only one column\n" * 30, ["en-fr.tsv, line 1"]),
        ("en-fr.tsv", LINES.encode() + b"torn\n", ["en-fr.tsv, line 61"]),
        ("en-fr.tsv", b"\x00\x01\x02" * 100, ["en-fr.tsv, line 1"]),
        ("en-fr.tsv", LINES.encode("latin-1"), ["en-fr.tsv, line 1", "UTF-8"]),
        ("en-fr.tsv.gz", LINES.encode(), ["en-fr.tsv.gz", "damaged"]),
        ("en-fr.tsv", LINES[:300].encode(), ["en-fr.tsv", "pairs"]),
        ("en-fr.tsv", b"a b\ta b\n" * 100, ["en-fr.tsv", "after cleaning"]),
        ("pairs.tsv", LINES.encode(), ["pairs.tsv", "en-fr="]),
    ],
)
def test_bad_files_are_refused_with_file_and_line(
    name: str,
    content: bytes,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    arguments = [str(file), "--out", str(tmp_path / "model"), *flags()]
    message = refuse(arguments, monkeypatch, capfd)
    assert all(word in message for word in words), message
    # What was mended can be trained on with the same command.
    if name == "en-fr.tsv":
        assert not list((tmp_path / "model").rglob("*.safetensors"))


def test_a_missing_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "en-fr.tsv"
    message = refuse([str(file), "--out", str(tmp_path / "model")], monkeypatch, capfd)
    assert "en-fr.tsv: there is no such file" in message


def test_another_run_in_the_folder_is_refused(
    finished: tuple[Path, TrainingResult],
    parallel_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = finished[0]
    before = sha256(out / "model.safetensors")
    arguments = [str(parallel_file), "--out", str(out), *flags(bag_steps=150, seed=1)]
    message = refuse(arguments, monkeypatch, capfd)
    assert "another run, which differs in seed (was 0, is 1)" in message
    assert sha256(out / "model.safetensors") == before


def test_unusable_output_folders_are_refused(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for out, words in ((tmp_path, "not empty"), (tmp_path / "notes.txt", "is a file")):
        message = refuse([str(parallel_file), "--out", str(out)], monkeypatch, capfd)
        assert words in message
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_two_runs_with_two_seeds_differ_and_with_one_do_not(
    parallel_file: Path, tmp_path: Path
) -> None:
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        run(parallel_file, tmp_path / str(number), seed=seed, bag_steps=5, steps=5)
        sums.append(sha256(tmp_path / str(number) / "model.safetensors"))
    assert sums[0] == sums[1] != sums[2]


def test_training_works_in_any_thread(parallel_file: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run, parallel_file, tmp_path / "model", bag_steps=2, steps=2).result()
    assert Encoder.load(result.out).dim == SMALL["dim"]


def test_vectors_do_not_depend_on_who_trained(finished: tuple[Path, TrainingResult]) -> None:
    """The folder alone is the model: a copy gives the same vectors."""
    out = finished[0]
    copy = out.parent / "copy"
    shutil.copytree(out, copy, ignore=shutil.ignore_patterns("training"))
    sentences = ["Ba bebo.", "", "…", "\u200b", "a" * 100_000]
    assert np.array_equal(Encoder.load(copy).encode(sentences), Encoder.load(out).encode(sentences))


def test_weights_reach_the_tokens(bilingual_pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    files = [tmp_path / "talks.tsv", tmp_path / "manual.tsv"]
    for part, path in enumerate(files):
        lines = (f"{a}\t{b}\n" for a, b in bilingual_pairs[part:400:2])
        path.write_text("".join(lines), encoding="utf-8")
    sources = [
        PairSource((str(path),), "en", "fr", weight=w)
        for path, w in zip(files, (2, 0.5), strict=True)
    ]
    run = RunFolder(tmp_path / "model")
    run.claim({})
    config = make_config("tiny", options={"vocabulary_size": 300, "held_out": 20})
    prepare(run, sources, config, cleaning=Cleaning(), progress=Progress(quiet=True))
    [pair] = open_text(run, sources).pairs
    pairs = [line.split("\t") for line in run.cleaned("en-fr").read_text().splitlines()]
    talks = set(files[0].read_text().splitlines())
    expected = [2.0 if f"{a}\t{b}" in talks else 0.5 for a, b, _ in pairs]
    assert pair.tokens.weights.tolist() == expected
    assert sorted(set(expected)) == [0.5, 2.0]
