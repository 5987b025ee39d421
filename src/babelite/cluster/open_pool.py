"""open_pool: workers on this machine or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable

from babelite.cluster.local_workers import ProcessWorkers, ThreadWorker
from babelite.cluster.pool import WorkerPool
from babelite.cluster.worker import WorkerModel
from babelite.machine import usable_cores


def open_pool(
    model: str | None = None,
    *,
    ray: str | None = None,
    workers: int | None = None,
    notice: Callable[[str], None] | None = None,
) -> WorkerPool:
    """Start workers; use it in a ``with`` statement, which stops them at the end.

    Without ``ray`` the workers are processes of this machine, for which a script needs Python's
    usual ``if __name__ == "__main__":``; a single worker is a thread of this process.

    Args:
        model: The encoder, as `babelite.open_encoder` takes it. A model folder is sent to the
            cluster; models of other libraries must be installed there.
        ray: The address of a Ray cluster: ``auto``, ``local``, ``HOST:PORT`` or
            ``ray://HOST:PORT``.
        workers: The number of workers, with one core each; default: all cores.
        notice: Called with a message if the cluster has no free core for a while.

    Raises:
        BabeliteError: There is no such model or cluster.
        MissingExtraError: Ray is not installed.

    Example:
        >>> with open_pool(workers=1) as pool:
        ...     pool.backend.size
        1
    """
    if ray is not None:
        from babelite.cluster.ray_workers import RayWorkers

        return WorkerPool(RayWorkers(ray, workers, WorkerModel.packed(model)), notice)
    workers = workers or usable_cores()
    if workers == 1:
        return WorkerPool(ThreadWorker(WorkerModel(model)))
    return WorkerPool(ProcessWorkers(workers, WorkerModel(model)))
