"""Batching: every request gets its own vectors, independent of the batches."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelite.server.batching import Batcher, ClosedError, QueueFullError

DIM = 3


class Numbers:
    """Encodes the text of a number as that number; can be blocked, and records its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Semaphore(0)

    def __call__(self, texts: list[str]) -> tuple[NDArray[np.float32], list[int]]:
        self.batches.append(texts)
        self.entered.release()
        assert self.free.wait(20)
        numbers = np.array([float(text) for text in texts], np.float32)
        return np.repeat(numbers[:, None], DIM, axis=1), [len(text) for text in texts]


def with_batcher(
    test: Callable[[Batcher, Numbers], Awaitable[None]], threads: int = 1, **options: int
) -> Numbers:
    """Run a test in an event loop, with a batcher that is closed afterwards."""
    encode = Numbers()
    batcher = Batcher(encode, DIM, threads=threads, **options)

    async def run() -> None:
        try:
            await test(batcher, encode)
        finally:
            encode.free.set()
            await asyncio.get_running_loop().run_in_executor(None, batcher.close)

    asyncio.run(run())
    return encode


async def started(encode: Numbers) -> None:
    """Wait until a thread is encoding."""
    with ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, encode.entered.acquire)


def texts(count: int, first: int = 0) -> list[str]:
    return [str(number) for number in range(first, first + count)]


@given(st.lists(st.integers(0, 600), min_size=1, max_size=12), st.integers(1, 3))
def test_each_request_gets_the_vectors_of_its_texts(sizes: Sequence[int], threads: int) -> None:
    async def test(batcher: Batcher, _: Numbers) -> None:
        asked = [texts(size, 1000 * number) for number, size in enumerate(sizes)]
        answers = await asyncio.gather(*(batcher.submit(some) for some in asked))
        for some, (vectors, tokens) in zip(asked, answers, strict=True):
            assert vectors.tolist() == [[float(text)] * DIM for text in some]
            assert tokens == sum(map(len, some))
        assert batcher.waiting == 0

    encode = with_batcher(test, threads)
    assert max((len(batch) for batch in encode.batches), default=0) <= 128


def test_queued_requests_share_a_batch() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        first = batcher.submit(["0"])
        await started(encode)
        others = [batcher.submit(texts(5, 10 * number)) for number in range(6)]
        assert batcher.waiting == 30
        encode.free.set()
        await asyncio.gather(first, *others)

    encode = with_batcher(test)
    assert [len(batch) for batch in encode.batches] == [1, 30]


def test_a_large_request_does_not_block_small_ones() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        large = batcher.submit(texts(2000))
        await started(encode)
        small = batcher.submit(["0.5"])
        encode.free.set()
        await small
        assert len((await large).vectors) == 2000

    batches = with_batcher(test).batches
    (place,) = [place for place, batch in enumerate(batches) if "0.5" in batch]
    assert place < len(batches) / 3


def test_batches_of_long_texts_are_small() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        long = ["1" + "0" * 3_000] * 10
        encode.free.clear()
        first = batcher.submit(["0"])
        await started(encode)
        future = batcher.submit(long)
        encode.free.set()
        await first
        assert np.isinf((await future).vectors).all()

    assert [len(batch) for batch in with_batcher(test).batches] == [1, 4, 4, 2]


def test_threads_divide_the_queue() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        future = batcher.submit(texts(100))
        await started(encode)
        await started(encode)
        encode.free.set()
        await future

    encode = with_batcher(test, threads=2)
    assert max(map(len, encode.batches)) <= 50


def test_only_the_faulty_request_fails() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        first = batcher.submit(["0"])
        await started(encode)
        wrong, good = batcher.submit(["1", "not a number"]), batcher.submit(["2"])
        encode.free.set()
        await first
        with pytest.raises(ValueError, match="not a number"):
            await wrong
        assert (await good).vectors[0, 0] == 2
        assert (await batcher.submit(["3"])).vectors[0, 0] == 3

    with_batcher(test)


def test_a_full_queue_refuses_requests_with_a_retry_time() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        first = batcher.submit(["0"])
        await started(encode)
        second = batcher.submit(texts(10))
        with pytest.raises(QueueFullError) as refused:
            batcher.submit(["1"])
        assert refused.value.seconds > 0
        encode.free.set()
        await asyncio.gather(first, second)
        assert len((await batcher.submit(texts(30))).vectors) == 30  # the queue is empty

    with_batcher(test, max_waiting=10)


def test_cancelled_requests_are_not_encoded() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        first = batcher.submit(["0"])
        await started(encode)
        second, third = batcher.submit(["1", "2"]), batcher.submit(["3"])
        second.cancel()
        await asyncio.sleep(0)  # the loop calls the batcher
        assert batcher.waiting == 1
        encode.free.set()
        await asyncio.gather(first, third)

    assert with_batcher(test).batches == [["0"], ["3"]]


def test_close_finishes_accepted_requests_and_refuses_new_ones() -> None:
    async def test(batcher: Batcher, encode: Numbers) -> None:
        encode.free.clear()
        futures = [batcher.submit(texts(300)), batcher.submit(["5"])]
        await started(encode)
        closing = asyncio.get_running_loop().run_in_executor(None, batcher.close)
        while True:
            try:
                futures.append(batcher.submit(["6"]))
                await asyncio.sleep(0.001)
            except ClosedError:
                break
        encode.free.set()
        await closing
        answers = await asyncio.gather(*futures)
        assert [len(vectors) for vectors, _ in answers[:2]] == [300, 1]
        assert all(vectors[0, 0] == 6 for vectors, _ in answers[2:])

    with_batcher(test)


FORK = """
import asyncio, os, sys
import numpy as np
from babelite.server.batching import Batcher

batcher = Batcher(lambda texts: (np.ones((len(texts), 3), np.float32), [1] * len(texts)), 3)

async def encoded():
    return len((await asyncio.wait_for(batcher.submit(["a", "b"]), 20)).vectors)

assert asyncio.run(encoded()) == 2
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(asyncio.run(encoded()) != 2)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_encodes_in_threads_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)
