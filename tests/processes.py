"""The command line in processes of its own, which tests may stop as they like, also several."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# Forked from a server that has imported everything: a process in milliseconds.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "babelite.cli.commands",
        "babelite.training.run",
        "torch._dynamo",
        "onnxruntime",
        "faiss",
        "lightning_fabric",
    ]
)


def launched_by_torchrun(world_size: int) -> list[dict[str, str]]:
    """The environment that ``torchrun`` gives each of some processes on one machine."""
    common = {
        "WORLD_SIZE": str(world_size),
        "LOCAL_WORLD_SIZE": str(world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
    }
    return [common | {"RANK": str(n), "LOCAL_RANK": str(n)} for n in range(world_size)]


def launched_by_slurm(world_size: int) -> list[dict[str, str]]:
    """The environment that Slurm's ``srun`` gives each of some tasks on one machine."""
    common = {
        "SLURM_JOB_ID": "20077",
        "SLURM_JOB_NAME": "train",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "localhost",
        "SLURM_NTASKS": str(world_size),
        "SLURM_NTASKS_PER_NODE": str(world_size),
        "SLURM_STEP_NUM_TASKS": str(world_size),
        "MASTER_PORT": str(free_port()),  # else made of the job's number
    }
    return [common | {"SLURM_PROCID": str(n), "SLURM_LOCALID": str(n)} for n in range(world_size)]


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start_function(
    function: Callable[..., None], arguments: tuple[Any, ...], environment: dict[str, str]
) -> BaseProcess:
    """Start a function of a module that other processes can import."""
    process = _FORKS.Process(target=_call, args=(function, arguments, environment), daemon=True)
    process.start()
    return process


def _call(
    function: Callable[..., None], arguments: tuple[Any, ...], environment: dict[str, str]
) -> None:
    os.environ.update(environment)
    function(*arguments)


def start_babelite(
    arguments: list[str],
    log: Path,
    *,
    largest_file: int | None = None,
    environment: dict[str, str] | None = None,
) -> BaseProcess:
    """Start ``babelite`` with some arguments.

    Args:
        arguments: What follows ``babelite`` on the command line.
        log: The file to which it writes, standard error included.
        largest_file: Bytes after which a file is full, as on a disk without space.
        environment: Variables that are set.
    """
    process = _FORKS.Process(
        target=_babelite, args=(arguments, log, largest_file, environment or {}), daemon=True
    )
    process.start()
    return process


def _babelite(
    arguments: list[str], log: Path, largest_file: int | None, environment: dict[str, str]
) -> None:
    os.environ.update(environment)
    from babelite.cli import main

    # Shells let jobs in the background ignore Ctrl-C, and what the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["babelite", *arguments]
    main()
