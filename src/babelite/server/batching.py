"""Dynamic batching: a few threads encode the sentences of concurrent requests together.

A free thread takes up to one batch of queued sentences and does not wait for more: batches are
small under light load, and grow with the load.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import Encoder, SentenceEncoder

_MAX_BATCH = 128  # larger batches are not faster, and make other requests wait longer
_MAX_CHARACTERS = 10_000  # of a batch with more than one sentence
_MIN_SHARE = 16  # a queue of at most this size is not divided among the threads
_TURN = 256  # sentences of one request before the other requests have their turn
_RATE_WEIGHT = 0.1  # of the latest batch in the moving average of the rate


class Encoded(NamedTuple):
    """Vectors of a request, float32 of shape (sentences, dim), and its number of tokens."""

    vectors: NDArray[np.float32]
    tokens: int


EncodeBatch = Callable[[list[str]], tuple[NDArray[np.float32], Sequence[int]]]
# Receives the numbers of sentences and tokens of each batch, and the seconds that encoding took.
BatchObserver = Callable[[int, int, float], None]


class QueueFullError(Exception):
    """The queue is full; retry after about ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the queue is full for some {seconds:.0f} s")


class ClosedError(Exception):
    """The batcher accepts no more work: the server is stopping."""


def batch_encoder(encoder: SentenceEncoder) -> EncodeBatch:
    """A function that encodes a batch and counts its tokens (0 for other libraries' encoders)."""
    if not isinstance(encoder, Encoder):
        return lambda texts: (encoder.encode(texts), [0] * len(texts))
    encoder.warm_up()

    def encode(texts: list[str]) -> tuple[NDArray[np.float32], Sequence[int]]:
        ids = encoder.tokenize(texts)
        return encoder.encode_tokens(ids), [len(tokens) for tokens in ids]

    return encode


@dataclass(eq=False)
class _Job:
    """The sentences of one request, and how many are done."""

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    future: asyncio.Future[Encoded]
    taken: int = 0
    done: int = 0
    tokens: int = 0
    turn_ends: int = _TURN
    error: BaseException | None = None


class _Piece(NamedTuple):
    job: _Job
    start: int
    stop: int

    @property
    def texts(self) -> Sequence[str]:
        return self.job.texts[self.start : self.stop]


class Batcher:
    """Encodes the sentences of concurrent requests in common batches, in several threads.

    At most ``max_waiting`` sentences are queued; an empty queue accepts a request of any size.
    """

    def __init__(
        self,
        encode: EncodeBatch,
        dim: int,
        *,
        threads: int = 1,
        max_waiting: int = 32_768,
        observer: BatchObserver | None = None,
    ) -> None:
        self._encode, self._dim, self._observer = encode, dim, observer
        self._max_waiting = max_waiting
        self._jobs: deque[_Job] = deque()
        self._waiting = 0  # queued sentences
        self._rate = 1000.0  # sentences a second; an initial guess
        self._closed = False
        self._change = threading.Condition()
        self._count, self._threads, self._process = threads, list[threading.Thread](), 0

    @property
    def waiting(self) -> int:
        """Number of queued sentences."""
        return self._waiting

    def submit(self, texts: Sequence[str]) -> asyncio.Future[Encoded]:
        """Queue sentences; a cancelled future drops them. Raises QueueFullError, ClosedError."""
        future: asyncio.Future[Encoded] = asyncio.get_running_loop().create_future()
        job = _Job(texts, np.empty((len(texts), self._dim), np.float32), future)
        if not texts:
            future.set_result(Encoded(job.vectors, 0))
            return future
        self._start_threads()
        with self._change:
            if self._closed:
                raise ClosedError
            if self._waiting and self._waiting + len(texts) > self._max_waiting:
                raise QueueFullError(self._waiting / self._rate)
            self._jobs.append(job)
            self._waiting += len(texts)
            self._change.notify(1 if len(texts) <= _MIN_SHARE else self._count)
        future.add_done_callback(lambda done: self._drop(job) if done.cancelled() else None)
        return future

    def close(self) -> None:
        """Finish all accepted work and stop the threads."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def _start_threads(self) -> None:
        """Start the threads of this process: a forked process has none of those of its parent."""
        if self._process == os.getpid():
            return
        self._process, self._change = os.getpid(), threading.Condition()
        self._jobs, self._waiting = deque(), 0
        self._threads = [
            threading.Thread(target=self._work, name=f"babelite-encode-{i}", daemon=True)
            for i in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def _drop(self, job: _Job) -> None:
        """Remove the queued part of a job."""
        with self._change:
            if job in self._jobs:
                self._jobs.remove(job)
                self._waiting -= len(job.texts) - job.taken

    def _work(self) -> None:
        while pieces := self._take():
            self._run(pieces)
            finished = []
            with self._change:
                for piece in pieces:
                    piece.job.done += piece.stop - piece.start
                    if piece.job.done == len(piece.job.texts) or piece.job.error:
                        finished.append(piece.job)
            if finished:
                self._deliver(finished)

    def _take(self) -> list[_Piece]:
        """The next batch; empty when the batcher is closed and the queue is empty."""
        with self._change:
            while not self._jobs:
                if self._closed:
                    return []
                self._change.wait()
            share = -(-self._waiting // self._count)
            room = min(max(share, _MIN_SHARE), _MAX_BATCH)
            pieces: list[_Piece] = []
            characters = 0
            while room and self._jobs and characters < _MAX_CHARACTERS:
                job = self._jobs[0]
                stop = job.taken
                end = min(job.taken + room, job.turn_ends, len(job.texts))
                while stop < end and characters < _MAX_CHARACTERS:
                    characters += len(job.texts[stop])
                    stop += 1
                pieces.append(_Piece(job, job.taken, stop))
                room -= stop - job.taken
                self._waiting -= stop - job.taken
                job.taken = stop
                if stop == len(job.texts):
                    self._jobs.popleft()
                elif stop == job.turn_ends:
                    job.turn_ends += _TURN
                    self._jobs.rotate(-1)
            if self._jobs:
                self._change.notify()
            return pieces

    def _run(self, pieces: list[_Piece]) -> None:
        """Encode a batch; if that fails, each piece alone, so that only the faulty job fails."""
        texts = [text for piece in pieces for text in piece.texts]
        started = time.perf_counter()
        try:
            vectors, tokens = self._encode(texts)
        except Exception as error:
            if len(pieces) == 1:
                pieces[0].job.error = error
            else:
                for piece in pieces:
                    self._run([piece])
            return
        seconds = time.perf_counter() - started
        first = 0
        for piece in pieces:
            last = first + piece.stop - piece.start
            piece.job.vectors[piece.start : piece.stop] = vectors[first:last]
            count = sum(tokens[first:last])
            with self._change:
                piece.job.tokens += count
            first = last
        rate = self._count * len(texts) / max(seconds, 1e-6)
        self._rate += _RATE_WEIGHT * (rate - self._rate)
        if self._observer is not None:
            self._observer(len(texts), sum(tokens), seconds)

    def _deliver(self, jobs: list[_Job]) -> None:
        """Resolve the futures of jobs, with one call for each event loop."""
        for loop in {job.future.get_loop() for job in jobs}:
            own = [job for job in jobs if job.future.get_loop() is loop]
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._resolve, own)

    def _resolve(self, jobs: list[_Job]) -> None:
        for job in jobs:
            if job.future.done():  # cancelled
                continue
            if job.error is not None:
                self._drop(job)
                job.future.set_exception(job.error)
            else:
                job.future.set_result(Encoded(job.vectors, job.tokens))
