"""``babelite serve``: what it refuses to begin, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx
import pytest
from processes import start_babelite

Run = Callable[..., tuple[int, str, str]]

PATIENCE = 180.0

SLOW_ENCODER = """
import pathlib, time
import numpy as np

def encode(sentences):
    if sentences != ["A sentence."]:
        pathlib.Path("encoding").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    return np.ones((len(sentences), 2))
"""


@pytest.fixture
def start(here: Path) -> Iterator[Callable[..., tuple[BaseProcess, str]]]:
    """Starts a server on a free port; gives its process and its address."""
    started: list[BaseProcess] = []

    def run(*arguments: str) -> tuple[BaseProcess, str]:
        log = here / "log"
        process = start_babelite(["serve", *arguments, "--port", "0"], log)
        started.append(process)
        until = time.monotonic() + PATIENCE
        while not (found := re.search(r"http://\S+", log.read_text() if log.exists() else "")):
            assert process.is_alive(), log.read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        return process, found.group()

    yield run
    for process in started:
        process.kill()
        process.join()


def appears(path: Path) -> bool:
    until = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return path.exists()


def test_a_stopped_server_answers_what_it_accepted(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    (here / "slow_encoder.py").write_text(SLOW_ENCODER)
    process, address = start("slow_encoder:encode", "--name", "slow")
    answers: list[httpx.Response] = []
    body = {"input": ["one", "two"]}
    asking = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{address}/v1/embeddings", json=body, timeout=PATIENCE)
        )
    )
    asking.start()
    assert appears(here / "encoding")
    os.kill(process.pid or 0, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    with pytest.raises(httpx.TransportError):  # it takes no more
        while time.monotonic() < until:
            httpx.get(f"{address}/healthz", timeout=5)
    (here / "go").touch()
    asking.join()
    assert answers[0].status_code == 200
    assert answers[0].json()["model"] == "slow"
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert "stopped" in (here / "log").read_text()


def test_only_this_machine_is_served_unless_told_otherwise(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    process, address = start("letter_encoder:letters")
    assert address.startswith("http://127.0.0.1:")
    assert "Whoever reaches" not in (here / "log").read_text()
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(PATIENCE)
    assert process.exitcode == 0


def test_keys_are_read_from_a_file_and_limits_from_options(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    (here / "keys").write_text("\n first \nsecond\n")
    _, address = start("letter_encoder:letters", "--api-key-file", "keys", "--max-items", "2")
    with httpx.Client(base_url=address) as api:
        assert api.post("/v1/embeddings", json={"input": "a"}).status_code == 401
        api.headers["Authorization"] = "Bearer first"
        assert api.post("/v1/embeddings", json={"input": ["a", "b"]}).status_code == 200
        assert api.post("/v1/embeddings", json={"input": ["a", "b", "c"]}).status_code == 400


def test_a_port_that_is_taken_is_an_error_with_a_remedy(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, error = run("serve", "letter_encoder:letters", "--port", port)
    assert code == 2
    assert f"127.0.0.1:{port}: cannot be listened on" in error
    assert "choose another --port" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_folder"], "no_such_folder: there is no such model folder"),
        (["--index", "no_such_index"], "no_such_index"),
        (["letter_encoder:letters", "--api-key-file", "empty"], "empty: holds no key"),
        (["letter_encoder:letters", "--host", "no such host"], "is no address of this machine"),
        (["letter_encoder:letters", "--timeout", "0"], "must be finite and above 0"),
        (["letter_encoder:letters", "--timeout", "inf"], "must be finite and above 0"),
        (["letter_encoder:letters", "--max-body", "nan"], "must be finite and above 0"),
        (["letter_encoder:letters", "--max-body", "1e305"], "must be finite and above 0"),
    ],
)
def test_what_cannot_be_served_is_an_error(
    run: Run, here: Path, arguments: list[str], message: str
) -> None:
    (here / "empty").write_text("\n\n")
    code, _, error = run("serve", *arguments, "--port", "0")
    assert code == 2
    assert message in error


def test_an_empty_key_is_no_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BABELITE_API_KEY", " ")
    code, _, error = run("serve", "letter_encoder:letters", "--port", "0")
    assert code == 2
    assert "BABELITE_API_KEY is empty" in error
