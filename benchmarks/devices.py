"""Training speed of two processes on two cores against one process on one core.

All train the layers at the default sizes on the same batches; two processes take half of each
batch. Each process is pinned to a core and has one thread. Steps are timed in process 0, without
preparation, validation and checkpoints. Run nothing else meanwhile.

    python benchmarks/devices.py PAIRS.tsv.gz [--steps 12] [--repeat 3] [--cores 0,1]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from babelite.corpus import WeightedPair, parse_source
from babelite.training import (
    Stepper,
    TrainingConfig,
    build_model,
    choose_hardware,
    join_processes,
    make_optimizer,
    open_tokens,
    plan_phases,
    tokenize,
    train_vocabulary,
)

_WARMUP = 2
_PHASES = ("layers", "bag")


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", help="parallel text, for example en-fr.tsv.gz")
    parser.add_argument("--steps", type=int, default=12, help="steps to measure (default 12)")
    parser.add_argument(
        "--repeat", type=int, default=3, help="number of runs; the median is reported"
    )
    parser.add_argument("--sample", type=int, default=100_000, help="number of pairs to read")
    parser.add_argument("--cores", default="0,1", help="the two cores (default 0,1)")
    parser.add_argument("--objective", default="align", help="objective of the layers phase")
    parser.add_argument("--phase", choices=_PHASES, default="layers")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        _measure(options)
        return
    cores = [int(core) for core in options.cores.split(",")]
    if len(cores) != 2 or not set(cores) <= os.sched_getaffinity(0):
        parser.error(f"--cores {options.cores}: give two cores that this process may use")
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        _prepare(options, Path(folder))
        for _ in range(options.repeat):  # alternating, so that a temporary slowdown affects both
            for count, found in rates.items():
                found.append(_run(cores[:count], Path(folder)))
    print(f"| processes | pairs/s ({options.phase}) | lowest–highest |\n|---|---:|---:|")
    for count, found in rates.items():
        print(f"| {count} | {statistics.median(found):.1f} | {min(found):.1f}–{max(found):.1f} |")
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    print(
        f"\ntwo / one: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f}–{max(ratios):.2f}, {options.repeat} runs)"
    )


def _prepare(options: argparse.Namespace, folder: Path) -> None:
    config = TrainingConfig()
    pairs = [
        WeightedPair(*pair) for pair in islice(parse_source(options.pairs).read(), options.sample)
    ]
    sentences = [side for pair in pairs for side in (pair.source, pair.target)]
    tokenizer = train_vocabulary(sentences, config.vocabulary_size)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokenize(pairs, tokenizer, folder / "tokens", max_tokens=config.max_tokens)


def _run(cores: list[int], folder: Path) -> float:
    """Pairs per second of one process on each of the cores."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    processes = []
    for rank, core in enumerate(cores):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(len(cores)),
            "LOCAL_WORLD_SIZE": str(len(cores)),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, *sys.argv, "--folder", str(folder), "--cores", str(core)]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("a process failed; see above")
    return float(json.loads(outputs[0].splitlines()[-1]))


def _measure(options: argparse.Namespace) -> None:
    """Measure in one process; process 0 prints the rate."""
    os.sched_setaffinity(0, {int(options.cores)})
    config = TrainingConfig(objective=options.objective, threads=1)
    hardware = choose_hardware(config)
    hardware.set_up_process()
    tokenizer = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
    corpus = open_tokens(options.folder / "tokens", "pairs", tokenizer)
    model = build_model(config, tokenizer.get_vocab_size(), 2).to(hardware.device)
    phase = next(p for p in plan_phases(config, [corpus], 0.0) if p.name == options.phase)
    optimizer = make_optimizer(config, phase, model)
    with join_processes(hardware.device) as processes:
        stepper = Stepper(
            model,
            config,
            [corpus],
            [(0, 1)],
            processes,
            hardware.of_process(processes),
        )
        pairs = 0
        batches = islice(stepper.batches(phase, 0), options.steps + _WARMUP)
        for number, rows in enumerate(batches):
            if number == _WARMUP:
                processes.all_reduce_max(0.0)
                started = time.perf_counter()
            stepper.step(phase, [rows], number, optimizer)
            processes.all_reduce_max(0.0)  # as in each training step
            pairs += len(rows.rows) if number >= _WARMUP else 0
        if processes.is_rank_zero:
            print(json.dumps(pairs / (time.perf_counter() - started)))


if __name__ == "__main__":
    main()
