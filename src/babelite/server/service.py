"""The work behind the endpoints: batched encoding, search and other tasks, within limits."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from babelite._version import __version__
from babelite.encoding import Encoder, SentenceEncoder, open_encoder
from babelite.errors import BabeliteError
from babelite.index import Index, IndexHit, index_version, read_index_description
from babelite.machine import usable_cores
from babelite.server import schemas
from babelite.server.batching import Batcher, ClosedError, Encoded, QueueFullError, batch_encoder
from babelite.server.http.error_bodies import RequestError
from babelite.server.http.limits import Limits
from babelite.server.http.metrics import Metrics
from babelite.server.text_warnings import TextWarnings

Result = TypeVar("Result")

_LOG = logging.getLogger("babelite.server")
_CHECK_SECONDS = 1.0  # interval of the checks whether the client is still connected
_MAX_TASKS = 64  # queued or running in worker threads
_RETRY_SECONDS = 2.0  # if there are more


class ReloadingIndex:
    """The newest state of an index folder; raises as `Index.open` does."""

    def __init__(self, folder: Path, encoder: SentenceEncoder) -> None:
        self._folder, self._encoder = folder, encoder
        self._lock = threading.Lock()
        self._stamp = index_version(self._folder)
        self._index = self._open()

    def __len__(self) -> int:
        return len(self._index)

    def search(
        self,
        vectors: NDArray[np.float32],
        k: int,
        *,
        where: Mapping[str, object],
        min_score: float,
    ) -> list[list[IndexHit]]:
        """The ``k`` nearest lines of each vector (n, dim); empty lists if all were removed."""
        index = self._newest()
        if not len(index):
            return [[] for _ in vectors]
        # Rounded cosines may be below -1.
        least = None if min_score <= -1 else min_score
        return index.search(vectors, k, where=where or None, min_score=least)

    def _newest(self) -> Index:
        with self._lock:
            stamp = index_version(self._folder)
            if stamp != self._stamp:
                try:
                    self._index = self._open()
                except BabeliteError as error:
                    _LOG.error("cannot reload the index, serving the previous state: %s", error)
                self._stamp = stamp
            return self._index

    def _open(self) -> Index:
        index = Index.open(self._folder, self._encoder)
        _ = index.encoder  # raises if the index was built with another encoder
        return index


class Service:
    """An encoder and optionally an index, ready for requests.

    Args:
        encoder: A `babelite.Encoder` is called from several threads at the same time and should be
            loaded with ``threads=1``; any other encoder is called from one thread.
        index: Folder of an index to search.
        limits: Limits of requests.
        name: Name of the model in responses; the encoder's own by default.
        threads: Number of batches encoded at the same time; default: one for each usable CPU.

    Raises:
        BabeliteError: The folder is not an index, or was built with another encoder.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        *,
        index: str | Path | None = None,
        limits: Limits | None = None,
        name: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.model = _describe(encoder, name)
        self.warnings = TextWarnings(encoder)
        self.index = None if index is None else ReloadingIndex(Path(index), encoder)
        self.metrics = Metrics(lambda: self._batcher.waiting, self.model.id, __version__)
        threads = (threads or usable_cores()) if isinstance(encoder, Encoder) else 1
        self._batcher = Batcher(
            batch_encoder(encoder),
            encoder.dim,
            threads=threads,
            max_waiting=self.limits.waiting,
            observer=self.metrics.batch,
        )
        # For work other than encoding: index search, alignment, sentence splitting.
        self._pool, self._tasks = ThreadPoolExecutor(threads, "babelite-work"), 0

    async def encode(self, request: Request, texts: Sequence[str]) -> Encoded:
        """Encode texts in batches with other requests; raises `RequestError` if overloaded."""
        try:
            future = self._batcher.submit(texts)
        except QueueFullError as error:
            raise _busy(error.seconds) from None
        except ClosedError:
            message, code = "The server is stopping.", "server-busy"
            raise RequestError(503, message, code=code, retry_after=5, close=True) from None
        return await self._result(request, future)

    async def run_in_thread(self, request: Request, task: Callable[[], Result]) -> Result:
        """Run a task in a worker thread; raises `RequestError` if overloaded."""
        if self._tasks >= _MAX_TASKS:
            raise _busy(_RETRY_SECONDS)
        self._tasks += 1
        future, loop = self._pool.submit(task), asyncio.get_running_loop()
        # Counted until the thread is free: a cancelled request does not stop its task.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._task_ended))
        return await self._result(request, asyncio.wrap_future(future))

    def close(self) -> None:
        """Finish all accepted work."""
        self._batcher.close()
        self._pool.shutdown()

    def _task_ended(self) -> None:
        self._tasks -= 1

    async def _result(self, request: Request, future: asyncio.Future[Result]) -> Result:
        """Wait for a result while the client is connected, within the time limit."""
        left = self.limits.answer_seconds
        try:
            while True:
                await asyncio.wait((future,), timeout=min(left, _CHECK_SECONDS))
                if future.done():
                    return future.result()
                left -= _CHECK_SECONDS
                if left <= 0:
                    raise _busy(self.limits.answer_seconds)
                if await request.is_disconnected():
                    message = "The client closed the connection."
                    raise RequestError(499, message, code="request-invalid")
        finally:
            future.cancel()  # without effect on a finished future


def open_service(
    model: str | None = None,
    *,
    index: str | Path | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    threads: int | None = None,
    allow_download: bool = False,
) -> Service:
    """Make a `Service` of a model by name; see `babelite.encoding.open_encoder` and `Service`.

    The default model is the encoder used to build the index, if there is one.
    """
    if model is None and index is not None:
        model = read_index_description(Path(index)).encoder.spec
    encoder = open_encoder(model, allow_download=allow_download, threads=1)
    return Service(encoder, index=index, limits=limits, name=name, threads=threads)


def _describe(encoder: SentenceEncoder, name: str | None) -> schemas.Model:
    """Facts about the model for ``/v1/models``, with its own name by default."""
    if isinstance(encoder, Encoder):
        known = encoder.description
        return schemas.Model(
            id=name or known.name,
            created=int(known.created.timestamp()),
            dimensions=known.dim,
            matryoshka=list(known.matryoshka),
            languages=list(known.languages),
            max_tokens=known.max_tokens,
        )
    return schemas.Model(
        id=name or str(getattr(encoder, "name", "encoder")), dimensions=encoder.dim
    )


def _busy(seconds: float) -> RequestError:
    message = "The server is overloaded: retry later."
    return RequestError(429, message, code="server-busy", retry_after=seconds)
