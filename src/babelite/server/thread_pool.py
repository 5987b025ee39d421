"""Bounded thread pool for work other than encoding: index search, alignment, sentence splitting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from babelite.server.batching import QueueFullError

Result = TypeVar("Result")

_RETRY_SECONDS = 2.0


class BoundedThreadPool:
    """Runs tasks in threads; at most ``max_tasks`` may be queued or running."""

    def __init__(self, threads: int, max_tasks: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="babelite-work")
        self._tasks, self._max_tasks = 0, max_tasks

    def submit(self, task: Callable[[], Result]) -> asyncio.Future[Result]:
        """Queue a task; raises `QueueFullError` if there are too many."""
        if self._tasks >= self._max_tasks:
            raise QueueFullError(_RETRY_SECONDS)
        self._tasks += 1
        done = self._pool.submit(task)
        loop = asyncio.get_running_loop()
        # Counted until the thread is free: a cancelled request does not stop its task.
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._task_ended))
        return asyncio.wrap_future(done)

    def close(self) -> None:
        """Finish all accepted tasks and stop the threads."""
        self._pool.shutdown()

    def _task_ended(self) -> None:
        self._tasks -= 1
