"""Invalid HTTP requests: malformed, huge, nested, of wrong types, and slow."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from http_load import HEAD_END, post

PATHS = ("/v1/embeddings", "/v1/rerank", "/v1/align")
HEAD = "POST {} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
AT_A_TIME = 50
TIMEOUT = 60.0
SLOW = "slow"  # sent byte by byte until the server ends the connection


def _text(random_: random.Random) -> bytes:
    """Invalid UTF-8."""
    return random_.choice([b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"])


def _wrong_type(random_: random.Random) -> bytes:
    value = random_.choice(
        [
            None,
            1,
            -1.5,
            True,
            {},
            {"a": []},
            [None],
            [[]],
            [["a"]],
            [1, "a"],
            ["a", 1],
            [{}],
            [True],
        ]
    )
    fields = dict.fromkeys(("input", "query", "documents", "source", "target"), value)
    return json.dumps(fields).encode()


def _wrong_option(random_: random.Random) -> bytes:
    body: dict[str, object] = {
        "input": "a", "query": "a", "documents": ["a"], "source": "a", "target": "a",
    }  # fmt: skip
    body |= random_.choice(
        [
            {"encoding_format": "int8", "top_n": 0, "max_size": 0},
            {"encoding_format": [], "top_n": "x", "min_score": []},
            {"dimensions": -1, "top_n": -1, "max_size": 10**9},
            {"dimensions": 3, "top_n": 2**63, "source_language": "../../etc/passwd"},
            {"dimensions": 10**40, "top_n": 10**40, "max_size": 10**40},
            {"model": {}},
        ]
    )
    return json.dumps(body).encode()


# Kind -> function that makes a body, which must be refused at every path.
BODIES: dict[str, Callable[[random.Random], bytes]] = {
    "empty": lambda r: b" " * r.randrange(9),
    "no JSON": lambda r: bytes(r.randrange(256) for _ in range(r.randrange(1, 200))),
    "cut short": lambda r: b'{"input": ["Hello", "Wor'[: r.randrange(1, 24)],
    "not an object": lambda r: r.choice([b"null", b"1", b'"a"', b"[]", b"true", b'["a"]']),
    "no field": lambda r: json.dumps({"inputs": "a" * r.randrange(9)}).encode(),
    "wrong type": _wrong_type,
    "wrong option": _wrong_option,
    "invalid UTF-8": lambda r: b'{"input": "' + _text(r) + b'"}',
    "not a number": lambda r: b'{"input": %s}' % r.choice([b"NaN", b"-Infinity", b"1e999"]),
    "huge number": lambda r: (
        b'{"input": "a", "query": 1, "source": 1, "dimensions": %s}'
        % (b"9" * r.randrange(30, 9999))
    ),
    "nested arrays": lambda r: b'{"input": ' + b"[" * r.randrange(300, 200_000),
    "nested objects": lambda r: b'{"input":' * r.randrange(300, 100_000),
    "closed nesting": lambda r: (lambda n: b'{"input": ' + b"[" * n + b"]" * n + b"}")(
        r.randrange(300, 100_000)
    ),
    "wrong items": lambda r: b'{"input": [' + b"null," * r.randrange(9, 700_000) + b"1]}",
    "too many texts": lambda r: json.dumps(
        {k: ["a"] * r.randrange(2049, 9999) for k in ("input", "documents", "source", "target")}
        | {"query": "a"}
    ).encode(),
    "too long a text": lambda r: json.dumps(
        dict.fromkeys(("input", "query", "source", "target"), "a" * r.randrange(100_001, 400_000))
        | {"documents": ["a"]}
    ).encode(),
    "too large": lambda r: b" " * (4 * 2**20 + r.randrange(1, 2**20)),
}


def request(kind: str, random_: random.Random) -> bytes:
    """A request with an invalid body."""
    return post(random_.choice(PATHS), BODIES[kind](random_))


def _wrong_content_type(random_: random.Random) -> bytes:
    kind = random_.choice(["text/plain", "application/x-www-form-urlencoded", "", "a" * 9000])
    return post(random_.choice(PATHS), b'{"input": "a"}', kind)


def _lying_length(random_: random.Random) -> bytes:
    """A request that announces a huge body and sends one byte."""
    length = random_.choice([2**31, 2**63, 10**18])
    return f"{HEAD.format(random_.choice(PATHS))}Content-Length: {length}\r\n\r\n{{".encode()


def _bad_chunks(random_: random.Random) -> bytes:
    head = HEAD.format(random_.choice(PATHS))
    chunk = random_.choice(["zz\r\n{}\r\n", "-1\r\n{}\r\n", "2\r\n{}{}\r\n0\r\n\r\n"])
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{chunk}".encode()


def _huge_head(random_: random.Random) -> bytes:
    return b"POST /v1/embeddings HTTP/1.1\r\nX: " + b"a" * random_.randrange(70_000, 200_000)


REQUESTS: dict[str, Callable[[random.Random], bytes]] = {
    "wrong content type": _wrong_content_type,
    "lying length": _lying_length,
    "bad chunks": _bad_chunks,
    "huge head": _huge_head,
    "no HTTP": lambda r: r.choice([b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"HELLO / X\r\n\r\n"]),
}


async def send_requests(port: int, count: int, slow: int = 100) -> dict[str, Counter[int]]:
    """Send invalid requests to 127.0.0.1, some in parallel.

    Args:
        port: Port of the server.
        count: Number of requests.
        slow: Number of them that send their bodies byte by byte, all in parallel.

    Returns:
        Kind -> status -> count; status 0: connection closed without an answer.
    """
    slow = min(slow, count)
    endless = f"{HEAD.format(PATHS[0])}Content-Length: 100000\r\n\r\n".encode()
    results: dict[str, Counter[int]] = {}
    kinds = [*BODIES, *REQUESTS]
    gate = asyncio.Semaphore(AT_A_TIME)

    async def send(number: int) -> None:
        kind, random_ = kinds[number % len(kinds)], random.Random(number)
        async with gate:
            data = REQUESTS[kind](random_) if kind in REQUESTS else request(kind, random_)
            results.setdefault(kind, Counter())[await exchange(port, data)] += 1

    async def crawl() -> None:
        results.setdefault(SLOW, Counter())[await exchange(port, endless, endless=True)] += 1

    crawling = [asyncio.create_task(crawl()) for _ in range(slow)]
    await asyncio.gather(*(send(number) for number in range(count - slow)))
    await asyncio.gather(*crawling)
    return results


async def exchange(port: int, data: bytes, endless: bool = False) -> int:
    """Send bytes on a new connection; if ``endless``, further single bytes until an answer.

    Returns:
        The status of the answer; 0 if none came in time or the connection was closed.
    """
    # A plain socket: an asyncio stream that fails to send loses an answer already received.
    with socket.socket() as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        sending = asyncio.create_task(_send(connection, data, endless))
        try:
            head = await asyncio.wait_for(_head(connection), TIMEOUT)
        except (OSError, TimeoutError, asyncio.TimeoutError):
            return 0
        finally:
            sending.cancel()
            await asyncio.wait([sending])  # before the socket is closed
    return int(head[9:12] or 0)


async def _send(connection: socket.socket, data: bytes, endless: bool) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):  # an answer sent before can still be read
        await loop.sock_sendall(connection, data)
        while endless:
            await asyncio.sleep(0.25)
            await loop.sock_sendall(connection, b" ")


async def _head(connection: socket.socket) -> bytes:
    received = b""
    while HEAD_END not in received:
        block = await asyncio.get_running_loop().sock_recv(connection, 65_536)
        if not block:
            return b""
        received += block
    return received
