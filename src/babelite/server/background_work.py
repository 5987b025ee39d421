"""Work that is no encoding: searching an index, aligning documents; in threads, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from babelite.server.batching import QueueFullError

Result = TypeVar("Result")

# After so many seconds those who were turned away may try again.
_TRY_AGAIN = 2.0


class Workers:
    """A few threads and the tasks that wait for them.

    Args:
        threads: How many tasks are done at a time.
        max_tasks: How many may wait or be under way.
    """

    def __init__(self, threads: int, max_tasks: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="babelite-work")
        self._tasks, self._max_tasks = 0, max_tasks

    def submit(self, task: Callable[[], Result]) -> asyncio.Future[Result]:
        """Have a thread do a task.

        Returns:
            A future of what it returns.

        Raises:
            QueueFullError: Too many tasks wait.
        """
        if self._tasks >= self._max_tasks:
            raise QueueFullError(_TRY_AGAIN)
        self._tasks += 1
        done = self._pool.submit(task)
        loop = asyncio.get_running_loop()
        # Of the task, not of what is waited for: one that is given up still keeps its thread.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._ended))
        return asyncio.wrap_future(done)

    def close(self) -> None:
        """Finish what was accepted, and stop the threads."""
        self._pool.shutdown()

    def _ended(self) -> None:
        self._tasks -= 1
