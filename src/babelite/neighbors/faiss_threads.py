"""FAISS with no more threads than this process may use, also in a forked process."""

from __future__ import annotations

import os
import sys
from typing import Any

from babelite.machine import usable_cores


def load_faiss() -> Any:  # noqa: ANN401
    """FAISS; the calling thread uses at most `usable_cores` OpenMP threads from now on.

    OpenMP itself respects the affinity of a process, but not the CPU quota of its container.
    """
    import faiss

    cores = usable_cores()
    if faiss.omp_get_max_threads() > cores:
        faiss.omp_set_num_threads(cores)
    return faiss


def _use_one_thread() -> None:
    """Set FAISS, if it is loaded, to one OpenMP thread in the calling thread."""
    set_threads = getattr(sys.modules.get("faiss"), "omp_set_num_threads", None)
    if set_threads is not None:
        set_threads(1)


# A forked process has a copy of OpenMP's thread pool without its threads. A parallel region in the
# thread that forked would wait for them for ever (libgomp, https://gcc.gnu.org/PR60035).
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_use_one_thread)
