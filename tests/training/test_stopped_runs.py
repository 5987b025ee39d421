"""Resumption after kills, signals and full disks."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from processes import start_babelite
from small_runs import PAPER, flags, needs_bfloat16, records, run, run_stopped

import babelite.training.run
from babelite.errors import BabeliteError
from babelite.storage import sha256

pytestmark = pytest.mark.slow


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
    "steps": 15,
    "second_round_steps": 10,
    "similar_steps": 15,
    "checkpoint_seconds": 0.05,
}


@pytest.fixture(scope="module")
def undisturbed(parallel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float]:
    """The checksum of the weights of a run that nothing stopped, and how long it took."""
    out = tmp_path_factory.mktemp("undisturbed") / "model"
    began = time.monotonic()
    run(parallel_file, out, **RESUMED)
    return sha256(out / "model.safetensors"), time.monotonic() - began


def test_a_killed_run_resumes_bit_equal(
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


@needs_bfloat16
def test_a_run_in_bfloat16_resumes_bit_equal(
    parallel_file: Path, tmp_path: Path, start: Callable[..., BaseProcess]
) -> None:
    options = RESUMED | {"precision": "bfloat16"}
    command = ["train", str(parallel_file), *flags(**options)]
    for name in ("undisturbed", "killed"):
        process = start([*command, "--out", str(tmp_path / name)])
        if name == "killed":
            wait_for(lambda: '"layers"' in metrics_of(tmp_path / "killed"), process)
            process.kill()
            finish(process)
            process = start([*command, "--out", str(tmp_path / name)])
        assert finish(process) == 0
    checksums = [sha256(tmp_path / n / "model.safetensors") for n in ("undisturbed", "killed")]
    assert checksums[0] == checksums[1]


def metrics_of(out: Path) -> str:
    path = out / "training" / "metrics.jsonl"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_metrics_of_a_killed_run_have_no_repeated_steps(
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
def test_ctrl_c_saves_and_the_same_command_resumes(
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


def test_a_stop_during_the_last_validation_is_obeyed(
    parallel_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"bag_steps": 0, "steps": 5, "validations": 1}
    run(parallel_file, tmp_path / "whole", **options)
    run_stopped(parallel_file, tmp_path / "stopped", monkeypatch, **options)
    assert not (tmp_path / "stopped" / "babelite.json").exists()
    run(parallel_file, tmp_path / "stopped", **options)
    whole, stopped = (sha256(tmp_path / p / "model.safetensors") for p in ("whole", "stopped"))
    assert stopped == whole


def test_ctrl_c_in_a_shell_ends_with_code_130(parallel_file: Path, tmp_path: Path) -> None:
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
def test_a_full_disk_is_reported_and_the_run_can_resume(
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
        raise BabeliteError("No space left on device", code="not-writable", path=out)

    with monkeypatch.context() as patch:
        patch.setattr(babelite.training.run, "export", full)
        with pytest.raises(BabeliteError, match="No space"):
            run(parallel_file, out, **RESUMED)
    steps = len(records(out, "train"))
    run(parallel_file, out, **RESUMED)
    assert len(records(out, "train")) == steps  # nothing was trained again
    assert sha256(out / "model.safetensors") == undisturbed[0]
