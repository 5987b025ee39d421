"""``babelite serve``: options, invalid arguments, start and stop."""

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

Fails = Callable[..., str]
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
    """Starts a server on a free port; returns its process and its address."""
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


def test_a_stopped_server_answers_accepted_requests(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    (here / "slow_encoder.py").write_text(SLOW_ENCODER)
    process, address = start("-m", "slow_encoder:encode", "--name", "slow")
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
    with pytest.raises(httpx.TransportError):  # it accepts no more requests
        while time.monotonic() < until:
            httpx.get(f"{address}/healthz", timeout=5)
    (here / "go").touch()
    asking.join()
    assert answers[0].status_code == 200
    assert answers[0].json()["model"] == "slow"
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert "Server stopped" in (here / "log").read_text()


def test_serve_listens_on_the_loopback_address_by_default(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    process, address = start("-m", "letter_encoder:letters")
    assert address.startswith("http://127.0.0.1:")
    assert "Anyone who can reach" not in (here / "log").read_text()
    assert httpx.get(f"{address}/healthz").status_code == 200
    assert httpx.get(f"{address}/healthz", headers={"Host": "evil.example"}).status_code == 403
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(PATIENCE)
    assert process.exitcode == 0


def test_serve_reads_keys_from_a_file_and_limits_from_options(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    (here / "keys").write_text("\n first \nsecond\n")
    (here / "keys").chmod(0o600)
    _, address = start("-m", "letter_encoder:letters", "--api-key-file", "keys", "--max-items", "2")
    assert "chmod" not in (here / "log").read_text()
    with httpx.Client(base_url=address) as api:
        assert api.post("/v1/embeddings", json={"input": "a"}).status_code == 401
        api.headers["Authorization"] = "Bearer first"
        assert api.post("/v1/embeddings", json={"input": ["a", "b"]}).status_code == 200
        assert api.post("/v1/embeddings", json={"input": ["a", "b", "c"]}).status_code == 400


def test_serve_refuses_a_port_in_use(fails: Fails) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port}" in fails("address-in-use", "serve", "--port", port)


def test_serve_warns_of_keys_that_others_can_read(
    here: Path, start: Callable[..., tuple[BaseProcess, str]]
) -> None:
    (here / "my keys").write_text("first\n")
    (here / "my keys").chmod(0o644)
    start(
        "-m", "letter_encoder:letters", "--api-key-file", "my keys", "--allowed-host", "a.example"
    )
    assert "chmod 600 'my keys'" in (here / "log").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "fact"),
    [
        (["--api-key-file", "empty"], "input-empty", "empty: contains no key"),
        (["--host", "no such host"], "option-invalid", "no such host"),
        (["--timeout", "0"], "option-invalid", "--timeout"),
        (["--timeout", "inf"], "option-invalid", "--timeout"),
        (["--max-body", "nan"], "option-invalid", "--max-body"),
        (["--max-body", "1e305"], "option-invalid", "--max-body"),
    ],
)
def test_serve_refuses_invalid_arguments(
    fails: Fails, here: Path, arguments: list[str], code: str, fact: str
) -> None:
    (here / "empty").write_text("\n\n")
    assert fact in fails(code, "serve", *arguments, "--port", "0")


@pytest.mark.parametrize("option", ["--model", "--index"])
def test_serve_refuses_a_missing_folder(run: Run, option: str) -> None:
    code, _, error = run("serve", option, "no_such_folder", "--port", "0")
    assert code == 2
    assert "no_such_folder" in error


def test_serve_refuses_an_empty_key(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BABELITE_API_KEY", " ")
    assert "BABELITE_API_KEY" in fails("option-invalid", "serve", "--port", "0")
