"""The command line in processes of its own, which tests may stop as they like."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

# Forked from a server that has imported everything: a process in milliseconds.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["babelite.cli.commands", "babelite.training.run", "torch._dynamo", "onnxruntime", "faiss"]
)


def start_babelite(
    arguments: list[str], log: Path, *, largest_file: int | None = None
) -> BaseProcess:
    """Start ``babelite`` with some arguments.

    Args:
        arguments: What follows ``babelite`` on the command line.
        log: The file to which it writes, standard error included.
        largest_file: Bytes after which a file is full, as on a disk without space.
    """
    process = _FORKS.Process(target=_babelite, args=(arguments, log, largest_file), daemon=True)
    process.start()
    return process


def _babelite(arguments: list[str], log: Path, largest_file: int | None) -> None:
    from babelite.cli import main

    output = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if largest_file is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["babelite", *arguments]
    main()
