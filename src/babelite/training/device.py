"""Where to train, and in which precision."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys

import torch

from babelite.errors import BabeliteError
from babelite.training.config import TrainingConfig
from babelite.training.distributed.group import Processes

_PRECISIONS = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def choose_device(config: TrainingConfig) -> torch.device:
    """The device that the configuration asks for; ``auto`` is a GPU if there is one.

    Raises:
        BabeliteError: CUDA is asked for, but this machine or this torch has none.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise BabeliteError(
            "there is no CUDA device that torch can use", hint="choose --device cpu"
        )
    if config.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(config.device)


def choose_precision(config: TrainingConfig, device: torch.device) -> torch.dtype:
    """bfloat16 if asked for, or by ``auto`` where the hardware multiplies it; else float32.

    A CPU without such instructions takes bfloat16 too, a hundred times slower than float32.

    Raises:
        BabeliteError: float16 is asked for, but there is no GPU.
    """
    if config.precision == "float16" and device.type == "cpu":
        raise BabeliteError(
            "float16 is too slow on a CPU", hint="choose --precision bfloat16 or float32"
        )
    if config.precision != "auto":
        return _PRECISIONS[config.precision]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    fast = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    supported = any(fast.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16"))
    return torch.bfloat16 if supported else torch.float32


def check_compiler(config: TrainingConfig, device: torch.device) -> None:
    """See that there is a compiler if the configuration asks for compiled layers.

    Raises:
        BabeliteError: torch.compile needs a C++ compiler on a CPU, and there is none.
    """
    compilers = (os.environ.get("CXX", ""), "g++", "clang++")
    if (
        config.compile
        and device.type == "cpu"
        and not any(shutil.which(name) for name in compilers if name)
    ):
        raise BabeliteError(
            "there is no C++ compiler, which torch.compile needs",
            hint="install g++, or leave out --compile",
        )


def choose_threads(config: TrainingConfig, processes: Processes) -> int | None:
    """CPU threads: as many as the configuration says, else this process's share of the cores.

    A process on its own keeps what torch chose (None). Where ``torchrun`` has set
    ``OMP_NUM_THREADS`` to 1 to be safe, the cores are shared out instead; another number there is
    the user's, and is kept.
    """
    if config.threads is not None:
        return config.threads
    if processes.world_size == 1 or os.environ.get("OMP_NUM_THREADS", "1") != "1":
        return None
    return processes.cores()


def keep_freed_memory() -> None:
    """Let glibc keep large freed blocks instead of giving them back to the system.

    Every step frees and asks again for the same large arrays; without this, a third of the time of
    training on a CPU goes into clearing pages. Other C libraries are left as they are.
    """
    if library := _glibc():
        trim_threshold, mmap_max = -1, -4
        library.mallopt(mmap_max, 0)
        library.mallopt(trim_threshold, 2**31 - 1)


def give_back_memory() -> None:
    """Give what glibc has kept back to the system.

    Batches differ in length and so arrays in size: kept for ever, the holes between them add up.
    """
    if library := _glibc():
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
