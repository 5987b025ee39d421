"""Starts the command line or functions in processes that tests can kill."""

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

# Forked from a server with all modules imported, so that a process starts in milliseconds.
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
    """Environment variables of each process that ``torchrun`` starts on one machine."""
    common = {
        "WORLD_SIZE": str(world_size),
        "LOCAL_WORLD_SIZE": str(world_size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
    }
    return [common | {"RANK": str(n), "LOCAL_RANK": str(n)} for n in range(world_size)]


def launched_by_slurm(world_size: int) -> list[dict[str, str]]:
    """Environment variables of each task that Slurm's ``srun`` starts on one machine."""
    common = {
        "SLURM_JOB_ID": "20077",
        "SLURM_JOB_NAME": "train",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "localhost",
        "SLURM_NTASKS": str(world_size),
        "SLURM_NTASKS_PER_NODE": str(world_size),
        "SLURM_STEP_NUM_TASKS": str(world_size),
        "MASTER_PORT": str(free_port()),  # by default derived from the job number
    }
    return [common | {"SLURM_PROCID": str(n), "SLURM_LOCALID": str(n)} for n in range(world_size)]


def free_port() -> int:
    """A free port of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start_function(
    function: Callable[..., None], arguments: tuple[Any, ...], environment: dict[str, str]
) -> BaseProcess:
    """Start an importable function in another process."""
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
    """Start ``babelite`` with arguments; `log` receives standard output and standard error.

    Files cannot grow beyond `largest_file` bytes, as on a full disk.
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

    # Shells make background jobs ignore SIGINT, and processes of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["babelite", *arguments]
    main()
