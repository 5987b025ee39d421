"""Fixtures: servers in threads, on the loopback interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from babelite import Encoder
from babelite.index import Index
from babelite.server import Service, bind_socket, create_app, make_server, socket_url

LINES = [
    "Where is the nearest train station?",
    "Mein Koffer ist noch nicht angekommen.",
    "Il museo è chiuso il lunedì.",
    "¿Cuánto cuesta este libro?",
    "Le chat dort sur le canapé.",
]

# Shared: making a client takes longer than most requests.
HTTP = httpx.Client(timeout=20)


@contextmanager
def running(
    service: Service, keys: Sequence[str] = (), hosts: Sequence[str] | None = None
) -> Iterator[str]:
    """A real server; yields its address."""
    listening = bind_socket("127.0.0.1", 0)
    server = make_server(create_app(service, keys, hosts), service.limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield socket_url(listening)
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The packaged model."""
    return Encoder.load(threads=1)


@pytest.fixture(scope="session")
def address(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the packaged model and an index."""
    folder = tmp_path_factory.mktemp("served") / "index"
    Index.build({"lines.txt": LINES}, encoder, folder)
    with running(Service(encoder, index=folder, threads=2)) as address:
        yield address


@pytest.fixture
def api(address: str) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def folder_of(tmp_path: Path, encoder: Encoder) -> Callable[[Sequence[str]], Path]:
    """Builds an index of lines."""

    def build(lines: Sequence[str]) -> Path:
        Index.build({"lines.txt": lines}, encoder, tmp_path / "index")
        return tmp_path / "index"

    return build


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a change made by another thread."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "timeout"
        time.sleep(0.005)
