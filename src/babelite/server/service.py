"""What the server does, apart from HTTP: encode, score, align and search within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from babelite._version import __version__
from babelite.encoding import Encoder, SentenceEncoder, open_encoder
from babelite.machine import usable_cores
from babelite.server.background_work import Workers
from babelite.server.batching import Batcher, ClosedError, Encoded, QueueFullError, batch_encoder
from babelite.server.http.error_bodies import RefusedError
from babelite.server.http.limits import Limits
from babelite.server.http.metrics import Metrics
from babelite.server.live_index import LiveIndex

Result = TypeVar("Result")

# How often it is asked whether the client still waits.
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class ModelCard:
    """What is told of the model.

    Attributes:
        name: What it is called.
        dimensions: The components of a vector.
        languages: The codes of its languages; none if they are not known.
        max_tokens: The tokens of a text that count; None if that is not known.
        created: When it was made, in seconds since 1970; 0 if that is not known.
    """

    name: str
    dimensions: int
    languages: tuple[str, ...] = ()
    max_tokens: int | None = None
    created: int = 0

    @classmethod
    def of(cls, encoder: SentenceEncoder, name: str | None = None) -> ModelCard:
        """Describe an encoder, under another name if one is given."""
        if isinstance(encoder, Encoder):
            told = encoder.description
            created = int(told.created.timestamp())
            return cls(name or told.name, told.dim, told.languages, told.max_tokens, created)
        return cls(name or str(getattr(encoder, "name", "encoder")), encoder.dim)


class Service:
    """An encoder and an index, ready for requests.

    Args:
        encoder: What turns texts into vectors. babelite's own is used by several threads at once,
            and should be loaded with one thread of its own; any other by one.
        index: The folder of an index to search.
        limits: How much a request may ask for.
        name: What to call the model.
        threads: How many batches are encoded at a time; as many as the process may use CPUs if not
            given.

    Raises:
        BabeliteError: The index is none, or was made with another encoder.
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
        self.model = ModelCard.of(encoder, name)
        self.index = None if index is None else LiveIndex(Path(index), encoder)
        self.metrics = Metrics(lambda: self._batcher.waiting, self.model.name, __version__)
        threads = (threads or usable_cores()) if isinstance(encoder, Encoder) else 1
        self._batcher = Batcher(
            batch_encoder(encoder),
            encoder.dim,
            threads=threads,
            max_waiting=self.limits.waiting,
            observer=self.metrics,
        )
        self._workers = Workers(threads)

    async def encode(self, request: Request, texts: Sequence[str]) -> Encoded:
        """Encode texts together with those of other requests.

        Raises:
            RefusedError: Too much waits, or it took too long.
        """
        try:
            future = self._batcher.submit(texts)
        except QueueFullError as error:
            raise _busy(error.seconds) from None
        except ClosedError:
            message = "The server is stopping."
            raise RefusedError(503, message, retry_after=5, close=True) from None
        return await self._result(request, future)

    async def work(self, request: Request, task: Callable[[], Result]) -> Result:
        """Have another thread do a task.

        Raises:
            RefusedError: Too much waits, or it took too long.
        """
        try:
            future = self._workers.submit(task)
        except QueueFullError as error:
            raise _busy(error.seconds) from None
        return await self._result(request, future)

    def close(self) -> None:
        """Finish what was accepted."""
        self._batcher.close()
        self._workers.close()

    async def _result(self, request: Request, future: asyncio.Future[Result]) -> Result:
        """Wait for a result, as long as the client does and the limits allow."""
        left = self.limits.answer_seconds
        try:
            while True:
                await asyncio.wait((future,), timeout=min(left, _LOOK_SECONDS))
                if future.done():
                    return future.result()
                left -= _LOOK_SECONDS
                if left <= 0:
                    raise _busy(self.limits.answer_seconds)
                if await request.is_disconnected():
                    raise RefusedError(499, "The client has gone.")
        finally:
            future.cancel()  # to no effect if it is done


def open_service(
    model: str | None = None,
    *,
    index: str | Path | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    threads: int | None = None,
    allow_download: bool = False,
) -> Service:
    """Make a service of a model by its name.

    Args:
        model: As for `babelite.encoding.open_encoder`; if not given, the model that the index was
            made with, or without an index the one that babelite carries.
        index: As for `Service`.
        limits: As for `Service`.
        name: As for `Service`.
        threads: As for `Service`.
        allow_download: As for `babelite.encoding.open_encoder`.

    Raises:
        BabeliteError: The model or the index cannot be opened, or they do not belong together.
    """
    if model is None and index is not None:
        from babelite.index import read_description

        model = read_description(Path(index)).encoder.spec
    encoder = open_encoder(model, allow_download=allow_download, threads=1)
    return Service(encoder, index=index, limits=limits, name=name, threads=threads)


def _busy(seconds: float) -> RefusedError:
    message = "The server has more to do than it can: try again later."
    return RefusedError(429, message, code="server_busy", retry_after=seconds)
