"""Training in several processes: gradients, resumption, lost processes, errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import (
    free_port,
    launched_by_slurm,
    launched_by_torchrun,
    start_babelite,
    start_function,
)
from safetensors.torch import load_file
from shared_steps import Cases, one_step, steps_of_a_process
from small_runs import needs_bfloat16

from babelite import Encoder
from babelite.training.distributed.group import ProcessGroup
from babelite.training.objective_parser import OBJECTIVES

pytestmark = pytest.mark.slow

PAPER = "ugt + 2*align + 2*sim"
EVERYTHING = f"{PAPER} + mlm + tlm + smlm + xtr + translation"

# --- gradients --------------------------------------------------------------------------------

TWO: Cases = {name: (name, "layers", [128]) for name in OBJECTIVES} | {
    "everything, odd sizes, accumulated": (EVERYTHING, "layers", [7, 128, 5]),
    "bag": ("align", "bag", [128]),
    "bag, odd size": ("align", "bag", [7]),
    "teachers": ("align + teach + teach_sim", "layers", [128, 7]),
    "teachers, bag": ("align + 3*teach + teach_sim", "bag", [128]),
    "sentences alone": ("align + teach + smlm", "layers", [128, 7], 33),
    "sentences alone, bag": ("align + teach", "bag", [7], 65),
}
# Two pairs are too few for three processes.
THREE: Cases = {
    "everything": (EVERYTHING, "layers", [2, 7, 9]),
    "bag": ("align", "bag", [2]),
    "bag, odd size": ("align", "bag", [7]),
    "teachers": (f"{PAPER} + teach + 2*teach_sim", "layers", [2, 7]),
    "teachers, bag": ("teach", "bag", [7]),
    "sentences alone": ("align + teach + smlm", "layers", [7], 2),
    "sentences alone, bag": ("align + teach", "bag", [2], 7),
}


@pytest.mark.parametrize(
    ("cases", "environments"),
    [(TWO, launched_by_torchrun(2)), (THREE, launched_by_slurm(3))],
    ids=["two", "three"],
)
def test_gradients_of_several_processes_equal_those_of_one(
    cases: Cases, environments: list[dict[str, str]], tmp_path: Path
) -> None:
    started = [start_function(steps_of_a_process, (cases, tmp_path), e) for e in environments]
    finish(started, [0] * len(started))
    for name, case in cases.items():
        expected = one_step(ProcessGroup(), *case)
        assert max(float(tensor.abs().max()) for tensor in expected.values()) > 1e-2
        for rank in range(len(started)):
            found = load_file(tmp_path / f"{name}.{rank}.safetensors")
            assert found.keys() == expected.keys()
            for part, tensor in expected.items():
                # Gradients of the sum of everything are so long that float32 is coarser than 1e-5.
                torch.testing.assert_close(found[part], tensor, atol=1e-5, rtol=5e-7, msg=name)


@needs_bfloat16
def test_bfloat16_gradients_of_two_processes_are_close_to_those_of_one(tmp_path: Path) -> None:
    cases: Cases = {"paper": (PAPER, "layers", [128]), "odd size": ("align", "layers", [7])}
    arguments = (cases, tmp_path, torch.bfloat16)
    started = [start_function(steps_of_a_process, arguments, e) for e in launched_by_torchrun(2)]
    finish(started, [0, 0])
    for name, case in cases.items():
        expected = one_step(ProcessGroup(), *case, precision=torch.bfloat16)
        both = [load_file(tmp_path / f"{name}.{rank}.safetensors") for rank in range(2)]
        for part, tensor in expected.items():
            assert torch.equal(both[0][part], both[1][part])
            # bfloat16 has 8 bits of precision, so a sum of two parts is rounded differently.
            difference = float((both[0][part] - tensor).norm())
            assert difference <= 0.03 * float(tensor.norm()) + 1e-4, (name, part)


# --- runs -------------------------------------------------------------------------------------

SETTINGS: dict[str, Any] = {
    "preset": "tiny",
    "vocabulary_size": 300,
    "dim": 32,
    "hidden_dim": 64,
    "objective": PAPER,
    "temperature": 0.2,
    "bag_steps": 25,
    "bag_batch_size": 64,
    "steps": 60,
    "batch_size": 32,
    "batch_tokens": 700,  # batches of the longest sentences are cut into parts of odd sizes
    "warmup_steps": 5,
    "held_out": 100,
    "validations": 2,
    "checkpoint_seconds": 0.01,
    "precision": "float32",  # weights of runs in different numbers of processes are compared
    "threads": 1,
}


def command(file: Path, out: Path, **changes: Any) -> list[str]:
    options = [
        part
        for name, value in (SETTINGS | changes).items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    return ["train", str(file), "--out", str(out), *options]


def finish(processes: list[BaseProcess], codes: list[int]) -> None:
    for process in processes:
        process.join(timeout=120)
    assert [process.exitcode for process in processes] == codes


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., list[BaseProcess]]]:
    """Starts processes of ``babelite`` that write to ``log.txt``; none outlives the test."""
    started: list[BaseProcess] = []

    def begin(arguments: list[str], environments: list[dict[str, str]]) -> list[BaseProcess]:
        log = tmp_path / "log.txt"
        new = [start_babelite(arguments, log, environment=e) for e in environments]
        started.extend(new)
        return new

    yield begin
    for process in started:
        if process.is_alive():
            process.kill()
        process.join()


def place(out: Path) -> tuple[int, int]:
    """Phase and step of the last checkpoint."""
    path = out / "training" / "last.safetensors"
    if not path.exists():
        return 0, 0
    # Read in one go: the library opens the file twice, and it may be replaced in between.
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    counters = json.loads(header["__metadata__"]["counters"])
    return counters["phase"], counters["step"]


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def undisturbed(
    parallel_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, torch.Tensor]:
    """The weights of a run of one process that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    out = folder / "model"
    finish([start_babelite(command(parallel_file, out), folder / "log.txt")], [0])
    return load_file(out / "model.safetensors")


def same_result(out: Path, expected: dict[str, torch.Tensor]) -> None:
    """Compare weights: gradients differ in rounding, of which Adam makes more than there was."""
    found = load_file(out / "model.safetensors")
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, atol=2e-3, rtol=0, msg=name)
    steps = [
        (record["event"], record["phase"], record["step"])
        for record in map(json.loads, (out / "training" / "metrics.jsonl").open())
    ]
    assert len(steps) == len(set(steps))
    assert [step[1:] for step in steps if step[0] == "train"] == [
        ("bag", 20),
        *(("layers", step) for step in (20, 40, 60)),
    ]


def test_a_run_resumes_in_another_number_of_processes(
    undisturbed: dict[str, torch.Tensor],
    parallel_file: Path,
    tmp_path: Path,
    start: Callable[..., list[BaseProcess]],
) -> None:
    out = tmp_path / "model"
    asked = command(parallel_file, out)
    two = start(asked, launched_by_torchrun(2))
    wait_until(lambda: place(out) >= (0, 8))
    os.kill(two[1].pid or 0, signal.SIGTERM)  # one is asked, both stop
    finish(two, [130, 130])
    reached = place(out)
    one = start(asked, [{}])
    wait_until(lambda: place(out) >= (1, 10))
    os.kill(one[0].pid or 0, signal.SIGTERM)
    finish(one, [130])
    assert reached < place(out) < (2, 0)
    finish(start(asked, launched_by_torchrun(2)), [0, 0])
    same_result(out, undisturbed)
    said = (tmp_path / "log.txt").read_text()
    assert said.count("Stopped and saved") == 2
    assert said.count("The model is in") == 1
    assert "Traceback" not in said and "Warning" not in said
    # Finished: nothing is done again, by none of them.
    finish(start(asked, launched_by_torchrun(2)), [0, 0])
    assert (tmp_path / "log.txt").read_text().count("nothing to do") == 1


def workers(parent: int) -> dict[int, int]:
    """Rank -> process of what ``torchrun`` has started."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) != parent:
                continue
            variables = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            continue
        ranks = [int(v[5:]) for v in variables if v.startswith(b"RANK=")]
        if ranks:
            found[ranks[0]] = int(entry.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_lost_process_ends_the_run_with_one_message_and_it_can_resume(
    undisturbed: dict[str, torch.Tensor],
    parallel_file: Path,
    tmp_path: Path,
    start: Callable[..., list[BaseProcess]],
) -> None:
    out = tmp_path / "model"
    # No checkpoint by the clock: what is saved is what process 0 saved when the other was lost.
    arguments = [*command(parallel_file, out), "--checkpoint-seconds", "3600"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    process = subprocess.Popen(
        [*torchrun, "--master-port", str(free_port()), "-m", "babelite", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_until(lambda: place(out) >= (1, 0))
        other, metrics = workers(process.pid)[1], out / "training" / "metrics.jsonl"
        wait_until(lambda: '"layers", "step": 20' in metrics.read_text())
        os.kill(other, signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode != 0
    told = [line for line in errors.splitlines() if line.startswith("babelite:")]
    assert len(told) == 1, errors
    assert "one of the processes was lost" in told[0]
    assert "same command again" in told[0]
    assert (1, 20) <= place(out) < (2, 0)
    finish(start(arguments, launched_by_slurm(2)), [0, 0])
    same_result(out, undisturbed)


def test_the_loss_of_process_0_is_reported(
    parallel_file: Path, tmp_path: Path, start: Callable[..., list[BaseProcess]]
) -> None:
    out = tmp_path / "model"
    asked = command(parallel_file, out, steps=1_000_000)
    three = start(asked, launched_by_torchrun(3))
    wait_until(lambda: place(out) >= (1, 1))
    three[0].kill()
    finish(three, [-signal.SIGKILL, 2, 2])
    assert "one of the processes was lost" in (tmp_path / "log.txt").read_text()


def test_an_error_in_all_processes_is_printed_once(
    parallel_file: Path, tmp_path: Path, start: Callable[..., list[BaseProcess]]
) -> None:
    asked = command(parallel_file, tmp_path / "model", precision="float16", device="cpu")
    finish(start(asked, launched_by_torchrun(2)), [2, 2])
    said = (tmp_path / "log.txt").read_text()
    assert said.count("babelite:") == 1
    assert "float16 is too slow on a CPU" in said


def test_an_error_in_one_process_is_printed_once_and_ends_all(
    tmp_path: Path, start: Callable[..., list[BaseProcess]]
) -> None:
    file = tmp_path / "en-fr.tsv"
    file.write_text("torn\n" * 30)
    finish(start(command(file, tmp_path / "model"), launched_by_torchrun(2)), [2, 2])
    said = (tmp_path / "log.txt").read_text()
    assert said.count("babelite:") == 1
    assert "en-fr.tsv, line 1" in said


def test_the_clock_of_process_0_ends_the_run(
    parallel_file: Path, tmp_path: Path, start: Callable[..., list[BaseProcess]]
) -> None:
    out = tmp_path / "model"
    options = {name: value for name, value in SETTINGS.items() if not name.endswith("steps")}
    arguments = command(parallel_file, out)[:4]
    for name, value in (options | {"minutes": 0.1}).items():
        arguments += [f"--{name.replace('_', '-')}", str(value)]
    finish(start(arguments, launched_by_torchrun(2)), [0, 0])
    assert Encoder.load(out).dim == SETTINGS["dim"]
