"""Device, precision, threads and compilation of a training run, chosen once at its start."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from dataclasses import dataclass, replace

import torch

from babelite.errors import BabeliteError
from babelite.machine import usable_cores
from babelite.training.config import TrainingConfig
from babelite.training.distributed.group import ProcessGroup


@dataclass(frozen=True)
class Hardware:
    """Where and how a process computes."""

    device: torch.device
    precision: torch.dtype = torch.float32  # of the layers; weights are float32 always
    threads: int | None = None  # CPU threads; None: torch's choice, at most the usable cores
    compile: bool = False  # compile the layers with torch.compile

    def autocast(self) -> torch.autocast:
        """A context in which layers are computed in `precision`."""
        enabled = self.precision is not torch.float32
        return torch.autocast(self.device.type, dtype=self.precision, enabled=enabled)

    def of_process(self, processes: ProcessGroup) -> Hardware:
        """The hardware of one process of a group: its own device and its share of the CPU cores.

        A process on its own keeps the threads that torch chose. ``torchrun`` sets
        ``OMP_NUM_THREADS`` to 1 as a precaution, so that value is ignored; another value is the
        user's choice and is kept.
        """
        threads = self.threads
        alone = processes.world_size == 1
        if threads is None and not alone and os.environ.get("OMP_NUM_THREADS", "1") == "1":
            threads = min(processes.cores(), usable_cores())
        return replace(self, device=processes.device or self.device, threads=threads)

    def set_up_process(self) -> None:
        """Set the threads and, on a CPU, the memory allocation of this process."""
        threads = self.threads or min(torch.get_num_threads(), usable_cores())
        if threads != torch.get_num_threads():
            torch.set_num_threads(threads)
        if self.device.type == "cpu":
            _keep_freed_memory()


def choose_hardware(config: TrainingConfig) -> Hardware:
    """Choose the hardware that a configuration requests, and check that this machine has it.

    ``auto`` chooses a GPU if there is one, and bfloat16 where the hardware has instructions for it.
    """
    device = _choose_device(config)
    _require_compiler(config, device)
    return Hardware(device, _choose_precision(config, device), config.threads, config.compile)


def _choose_device(config: TrainingConfig) -> torch.device:
    available = torch.cuda.is_available()
    if config.device == "cuda" and not available:
        raise BabeliteError(
            "torch finds no CUDA device", code="device-unavailable", hint="choose --device cpu"
        )
    if config.device == "auto":
        return torch.device("cuda" if available else "cpu")
    return torch.device(config.device)


def _choose_precision(config: TrainingConfig, device: torch.device) -> torch.dtype:
    if config.precision == "float16" and device.type == "cpu":
        raise BabeliteError(
            "float16 is too slow on a CPU",
            code="device-unavailable",
            hint="choose --precision bfloat16 or float32",
        )
    if config.precision != "auto":
        precision: torch.dtype = getattr(torch, config.precision)
        return precision
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    # A CPU without such instructions computes bfloat16 a hundred times slower than float32.
    fast = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    supported = any(fast.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16"))
    return torch.bfloat16 if supported else torch.float32


def _require_compiler(config: TrainingConfig, device: torch.device) -> None:
    """Check that ``torch.compile`` finds the C++ compiler that it needs on a CPU."""
    if not config.compile or device.type != "cpu":
        return
    if not any(map(shutil.which, (os.environ.get("CXX", ""), "g++", "clang++"))):
        raise BabeliteError(
            "torch.compile needs a C++ compiler, and none was found",
            code="device-unavailable",
            hint="install g++, or omit --compile",
        )


def _keep_freed_memory() -> None:
    """Let glibc keep large freed blocks instead of returning them to the system.

    Every step frees large arrays and allocates them again. Without this setting, a third of the
    time of training on a CPU is spent on clearing pages. Other C libraries are not changed.
    """
    if library := _glibc():
        trim_threshold, mmap_max = -1, -4
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)


def release_memory() -> None:
    """Return the freed blocks that glibc has kept to the system.

    Arrays differ in size from batch to batch, so the kept blocks would fragment and add up.
    """
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
