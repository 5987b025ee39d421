"""Which workers there are: as the options of a command say."""

from __future__ import annotations

from collections.abc import Callable

from babelite.cluster.pool import Pool
from babelite.cluster.processes import OneThread, Processes
from babelite.cluster.worker import Model
from babelite.machine import usable_cores


def open_pool(
    model: str | None = None,
    *,
    ray: str | None = None,
    workers: int | None = None,
    notice: Callable[[str], None] | None = None,
) -> Pool:
    """Find workers; to be used in a ``with`` statement, at whose end they are sent away.

    Without an address they are processes of this machine, which need Python's usual
    ``if __name__ == "__main__":`` around what a script does; one worker is a thread of this
    process.

    Args:
        model: The encoder they are to hold, as `babelite.encoding.open_encoder` takes it. On a
            cluster a model folder is sent to them; what other libraries open has to be there.
        ray: The address of a Ray cluster: ``auto``, ``local``, ``HOST:PORT`` or
            ``ray://HOST:PORT``.
        workers: How many; as many as there are cores if not given.
        notice: Told in a sentence when the cluster lets the work wait.

    Raises:
        BabeliteError: There is no such model or cluster.
        MissingExtraError: Ray is not installed.

    Example:
        >>> with open_pool(workers=1) as pool:
        ...     pool.crew.size
        1
    """
    if ray is not None:
        from babelite.cluster.on_ray import OnRay

        return Pool(OnRay(ray, workers, Model.packed(model)), notice)
    workers = workers or usable_cores()
    if workers == 1:
        return Pool(OneThread(Model(model)))
    return Pool(Processes(workers, Model(model)))
