"""Clients that do not read, and names in the Host header."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from babelite import Encoder
from babelite.server import Limits, Service

from .conftest import HTTP, running, wait_until

TEXTS = ["text"] * 30


class Wide:
    """An encoder of long vectors: a response does not fit into the buffers of a connection."""

    dim = 16_384

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        return np.random.default_rng(0).normal(size=(len(sentences), self.dim)).astype(np.float32)


@contextmanager
def asked(address: str) -> Iterator[socket.socket]:
    """A connection with a small buffer on which a request was sent."""
    body = json.dumps({"input": TEXTS}).encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", urlsplit(address).port or 0))
        connection.sendall(
            b"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        yield connection


def read_all(connection: socket.socket, pauses: int = 0) -> bytes:
    """The whole response of a connection that is closed at its end, with short pauses at first."""
    received = []
    try:
        while block := connection.recv(1 << 20):
            received.append(block)
            time.sleep(0.01 if len(received) <= pauses else 0)
    except ConnectionResetError:
        pass
    return b"".join(received)


def test_a_client_that_does_not_read_is_disconnected() -> None:
    limits = Limits(read_seconds=0.5, unread=1 << 20)
    request = {"input": "a"}
    with running(Service(Wide(), limits=limits)) as address:
        embeddings = f"{address}/v1/embeddings"
        with asked(address) as idle:
            # Until it is disconnected, its unread response is too much for others to be accepted.
            wait_until(lambda: HTTP.post(embeddings, json=request).status_code == 429)
            wait_until(lambda: HTTP.post(embeddings, json=request).status_code == 200)
            header, _, body = read_all(idle).partition(b"\r\n\r\n")
        assert b"200 OK" in header
        assert len(body) < int(header.lower().partition(b"content-length: ")[2].split()[0])


def test_a_slow_reader_gets_the_whole_response() -> None:
    with running(Service(Wide(), limits=Limits(read_seconds=0.5))) as address:
        with asked(address) as slow:
            time.sleep(0.3)
            _, _, body = read_all(slow, pauses=80).partition(b"\r\n\r\n")
        assert len(json.loads(body)["data"]) == len(TEXTS)


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("LOCALHOST.:80", True),
        ("[::1]:8000", True),
        ("app.localhost:8000", True),
        ("Example.org:443", True),
        ("evil.example", False),
        ("evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_the_host_must_be_a_name_of_the_server(named: str, host: str, accepted: bool) -> None:
    answer = HTTP.get(f"{named}/v1/models", headers={"Host": host})
    assert answer.status_code == (200 if accepted else 403)
    if not accepted:
        assert answer.json()["error"]["code"] == "host-not-allowed"


@pytest.fixture(scope="module")
def named(encoder: Encoder) -> Iterator[str]:
    """A server with one more name."""
    with running(Service(encoder), hosts=["example.org"]) as address:
        yield address


def test_without_names_every_host_is_accepted(address: str) -> None:
    assert HTTP.get(f"{address}/healthz", headers={"Host": "evil.example"}).status_code == 200
