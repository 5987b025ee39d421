"""Load generation for the HTTP server: a minimal HTTP/1.1 client, and a server in a process.

The clients share the processor with the server, and their CPU time reduces its throughput.
Therefore requests are prepared as bytes, and only length and status of an answer are parsed.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """A persistent connection with one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._expected = 0
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, port: int) -> Client:
        """Open a connection to 127.0.0.1."""
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(cls, "127.0.0.1", port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class is not a subclass

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the event loop."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed before the answer was complete"))

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._received += data
        if not self._expected:
            head_ends = self._received.find(HEAD_END)
            if head_ends < 0:
                return
            head = bytes(self._received[:head_ends]).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            self._expected = head_ends + len(HEAD_END) + length
        if len(self._received) >= self._expected and self._answer is not None:
            answer = bytes(self._received)
            self._received.clear()
            self._expected = 0
            self._answer.set_result((int(answer[9:12]), answer))

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; returns a future of the status and the complete answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Close the connection."""
        assert self._transport is not None
        self._transport.close()


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """A POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def embedding_request(sentences: Sequence[str]) -> bytes:
    """A request for vectors as OpenAI's client sends it."""
    body = {"model": "babelite", "input": list(sentences), "encoding_format": "base64"}
    return post("/v1/embeddings", json.dumps(body, ensure_ascii=False).encode())


@dataclass
class Load:
    """Measurements of a load.

    Attributes:
        seconds: Latency of each answer, from the time when its request was due.
        statuses: Status -> count; 0: broken connection.
        duration: Duration in seconds.
        first: Client number -> its first answer.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    duration: float = 0.0
    first: dict[int, bytes] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers with status 200 per second."""
        return self.statuses.get(200, 0) / self.duration

    @property
    def errors(self) -> int:
        """Number of answers with another status."""
        return sum(self.statuses.values()) - self.statuses.get(200, 0)

    def quantile(self, share: float) -> float:
        """Quantile of the latency in seconds."""
        ranked = sorted(self.seconds)
        return ranked[min(int(share * len(ranked)), len(ranked) - 1)]

    def count(self, status: int, started: float) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(time.perf_counter() - started)


async def closed_loop(port: int, requests: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Closed loop: every client sends its next request when the last one is answered."""
    load = Load()
    connections = [await Client.connect(port) for _ in range(clients)]
    started = time.perf_counter()

    async def run(number: int) -> None:
        connection, turn = connections[number], number
        while (sent := time.perf_counter()) - started < seconds:
            try:
                status, answer = await connection.send(requests[turn % len(requests)])
            except OSError:
                status, answer = 0, b""
                connection = connections[number] = await Client.connect(port)
            if turn == number:
                load.first[number] = answer
            load.count(status, sent)
            turn += clients

    await asyncio.gather(*(run(number) for number in range(clients)))
    load.duration = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return load


async def open_loop(
    port: int, requests: Sequence[bytes], clients: int, seconds: float, rate: float
) -> Load:
    """Open loop: requests at random times, on average ``rate`` per second (Poisson process).

    Latency includes the wait for a free connection.
    """
    load, random_ = Load(), random.Random(0)
    free: asyncio.Queue[Client] = asyncio.Queue()
    for _ in range(clients):
        free.put_nowait(await Client.connect(port))
    started = due = time.perf_counter()
    tasks = []

    async def ask(request: bytes, due: float) -> None:
        connection = await free.get()
        try:
            status, _ = await connection.send(request)
        except OSError:
            status, connection = 0, await Client.connect(port)
        load.count(status, due)
        free.put_nowait(connection)

    for number in range(int(rate * seconds)):
        due += random_.expovariate(rate)
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(ask(requests[number % len(requests)], due)))
    await asyncio.gather(*tasks)
    load.duration = time.perf_counter() - started
    while not free.empty():
        free.get_nowait().close()
    return load


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int
    process: subprocess.Popen[str]

    def megabytes(self) -> float:
        """Current memory in MB (Linux)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1000

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process.poll() is None


@contextmanager
def serving(*arguments: str) -> Iterator[Served]:
    """Run `babelite serve` on a free port of the loopback interface."""
    command = [sys.executable, "-m", "babelite", "serve", *arguments, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        port = urlsplit(line.rpartition(" ")[2].strip()).port
        if port is None:
            raise SystemExit(line + process.stderr.read())
        yield Served(port, process)
    finally:
        process.terminate()
        process.wait(60)
