"""Refused requests: status, error body, and no effect on other requests."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from invalid_requests import BODIES, REQUESTS, SLOW, send_requests
from numpy.typing import NDArray

from babelite import Encoder
from babelite.server import Limits, Service

from .conftest import HTTP, running, wait_until

PATIENT = 20.0


class Held:
    """An encoder that can be blocked."""

    dim = 2

    def __init__(self) -> None:
        self.free, self.entered, self.calls = threading.Event(), threading.Event(), 0

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        self.entered.set()
        assert self.free.wait(PATIENT)
        return np.full((len(sentences), 2), 0.5**0.5, np.float32)


@pytest.fixture
def held() -> Iterator[Held]:
    encoder = Held()
    yield encoder
    encoder.free.set()


@pytest.fixture(scope="module")
def strict(encoder: Encoder) -> Iterator[str]:
    """A server with low limits."""
    limits = Limits(
        body=20_000, items=4, characters=100, document=3, headers_seconds=0.4, body_seconds=0.4
    )
    with running(Service(encoder, limits=limits)) as address:
        yield address


def error_of(answer: httpx.Response) -> dict[str, str]:
    """The error in a response, which must have OpenAI's form and a code."""
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"]
    found: dict[str, str] = error
    return found


@pytest.mark.parametrize(
    ("body", "message", "param"),
    [
        ({}, "The field 'input' is missing.", "input"),
        ({"input": []}, "at least 1 item", "input"),
        ({"input": None}, "a string or a list", "input"),
        ({"input": ["a", None]}, "'input'[1] should be a string", "input"),
        ({"input": [1, 2]}, "Token ids are not accepted", "input"),
        ({"input": "a", "encoding_format": "int8"}, "'float' or 'base64'", "encoding_format"),
        ({"input": "a", "dimensions": 10**40}, "'dimensions'", "dimensions"),
        ({"input": "a", "dimensions": 3}, "256 dimensions", "dimensions"),
        ({"input": ["a"] * 5}, "has 5 texts, the maximum is 4", "input"),
        ({"input": ["a", "a" * 101]}, "101 characters, the maximum is 100", "input"),
    ],
)
def test_an_invalid_field_is_named(strict: str, body: object, message: str, param: str) -> None:
    answer = HTTP.post(f"{strict}/v1/embeddings", json=body)
    assert answer.status_code == 400
    assert message in error_of(answer)["message"]
    assert error_of(answer)["param"] == param


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("rerank", {"query": "a" * 101, "documents": ["a"]}, "'query' has 101 characters"),
        ("rerank", {"query": "a", "documents": ["a"] * 5}, "'documents' has 5 texts"),
        ("rerank", {"query": "a", "documents": ["a", 1]}, "'documents'[1]"),
        ("rerank", {"query": "a", "documents": [{"tex": "a"}]}, "'documents'[0] lacks 'text'"),
        ("rerank", {"query": "a", "documents": ["a"], "top_n": 0}, "'top_n'"),
        ("align", {"source": ["a"] * 4, "target": ["a"]}, "babelite align"),
        ("align", {"source": "a", "target": "a" * 101}, "'target' has 101 characters"),
        ("align", {"source": "a", "target": "a", "target_language": "../x"}, "target_language"),
        ("align", {"source": "a", "target": "a", "min_score": "x"}, "should be a number"),
        ("align", {"source": "a", "target": "a", "max_size": 9}, "should be at most 8"),
        ("align", {"source": "a", "target": "a", "split": True}, "no field 'split'"),
    ],
)
def test_limits_hold_for_every_endpoint(strict: str, path: str, body: object, message: str) -> None:
    answer = HTTP.post(f"{strict}/v1/{path}", json=body)
    assert answer.status_code == 400
    assert message in error_of(answer)["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"input": "\xed\xa0\x80"}', b"[" * 9999],
)
def test_invalid_json_is_refused(strict: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = HTTP.post(f"{strict}/v1/embeddings", content=body, headers=headers)
    assert answer.status_code == 400
    assert error_of(answer)["message"].startswith("The body is not valid JSON")


def test_a_client_with_a_large_body_receives_the_refusal(strict: str) -> None:
    body = json.dumps({"input": "a" * 3_000_000})
    headers = {"Content-Type": "application/json"}
    whole = HTTP.post(f"{strict}/v1/embeddings", content=body, headers=headers)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000].encode()

    in_chunks = HTTP.post(f"{strict}/v1/embeddings", content=pieces(), headers=headers)
    for answer in (whole, in_chunks):
        assert (answer.status_code, error_of(answer)["code"]) == (413, "limit-exceeded")


def test_a_huge_content_length_is_refused_without_waiting(strict: str) -> None:
    head = "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(strict).port or 0), PATIENT) as connection:
        connection.sendall(f"{head}Content-Length: {10**15}\r\n\r\n{{".encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_only_uncompressed_json_is_accepted(strict: str, headers: dict[str, str]) -> None:
    answer = HTTP.post(f"{strict}/v1/embeddings", content=b'{"input": "a"}', headers=headers)
    assert answer.status_code == 415
    assert error_of(answer)["message"].startswith("The body must")


def test_unknown_paths_and_methods_have_the_same_error_body(strict: str) -> None:
    for answer, status in (
        (HTTP.get(f"{strict}/no/such/place"), 404),
        (HTTP.post(f"{strict}/v1/models/none", json={}), 405),
        (HTTP.get(f"{strict}/v1/models/none"), 404),
        (HTTP.get(f"{strict}/v1/embeddings"), 405),
        (HTTP.get(f"{strict}/../../etc/passwd"), 404),
    ):
        assert answer.status_code == status
        assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         b"Content-Length: 50\r\n\r\n{", b"408"),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost", b"408"),
        (b"", b"408"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, b"431"),
        (b"HELLO\r\n\r\n", b"400"),
    ],
)  # fmt: skip
def test_slow_and_invalid_requests_are_closed(strict: str, sent: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(strict).port or 0), PATIENT) as connection:
        connection.sendall(sent)
        answer = b""
        while received := connection.recv(65536):  # until the server closes the connection
            answer += received
    assert answer.split()[1] == status


def test_later_requests_on_a_connection_have_a_time_limit(strict: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(strict).port or 0), PATIENT) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_invalid_requests_are_refused(encoder: Encoder) -> None:
    limits = Limits(headers_seconds=1.0, body_seconds=1.0)
    with running(Service(encoder, limits=limits)) as address:
        port = urlsplit(address).port or 0
        results = asyncio.run(send_requests(port, 75, slow=5))
        answer = HTTP.post(f"{address}/v1/embeddings", json={"input": "still there"})
    assert set(results) == {*BODIES, *REQUESTS, SLOW}
    wrong = {
        kind: found for kind, found in results.items() if any(not 400 <= s < 500 for s in found)
    }
    assert not wrong
    assert set(results[SLOW]) == {408}
    assert answer.status_code == 200


def test_protected_paths_require_a_key(encoder: Encoder) -> None:
    good = {"Authorization": "Bearer second"}
    wrong: list[dict[str, str | bytes]] = [
        {},
        {"Authorization": "Bearer sec"},
        {"Authorization": "Basic second"},
        {"Authorization": "Bearer"},
        {"Authorization": b"Bearer \xe9"},
    ]
    body = {"input": "a"}
    with running(Service(encoder), ["first", "second"]) as address:
        for headers in wrong:
            answer = HTTP.post(f"{address}/v1/embeddings", json=body, headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 401
            assert error_of(answer)["code"] == "unauthorized"
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/metrics", "/v1/models", "/nowhere"):
            assert HTTP.get(address + path).status_code == 401
        for path in ("/", "/page.js", "/healthz", "/openapi.json"):
            assert HTTP.get(address + path).status_code == 200
        assert HTTP.get(f"{address}/metrics", headers=good).status_code == 200
        answer = HTTP.post(f"{address}/v1/embeddings", json=body, headers=good)
        assert answer.status_code == 200


def test_a_full_queue_returns_retry_after(held: Held) -> None:
    answers: list[httpx.Response] = []
    with running(Service(held, limits=Limits(waiting=3))) as address:

        def ask(count: int) -> None:
            answers.append(HTTP.post(f"{address}/v1/embeddings", json={"input": ["a"] * count}))

        asking = [threading.Thread(target=ask, args=(count,)) for count in (1, 3)]
        asking[0].start()
        assert held.entered.wait(PATIENT)
        asking[1].start()
        wait_until(lambda: "babelite_waiting_sentences 3.0" in HTTP.get(f"{address}/metrics").text)
        refused = HTTP.post(f"{address}/v1/embeddings", json={"input": "a"})
        held.free.set()
        for thread in asking:
            thread.join()
    assert (refused.status_code, error_of(refused)["type"]) == (429, "rate_limit_error")
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_request_that_waits_too_long_is_refused(held: Held) -> None:
    with running(Service(held, limits=Limits(answer_seconds=0.2))) as address:
        answer = HTTP.post(f"{address}/v1/embeddings", json={"input": "a"}, timeout=PATIENT)
        held.free.set()
    assert (answer.status_code, error_of(answer)["code"]) == (429, "server-busy")


def test_requests_of_disconnected_clients_are_not_encoded(held: Held) -> None:
    with running(Service(held)) as address:
        place, asked = f"{address}/v1/embeddings", {"json": {"input": "a"}}
        first = threading.Thread(target=HTTP.post, args=(place,), kwargs=asked)
        first.start()
        assert held.entered.wait(PATIENT)
        with pytest.raises(httpx.ReadTimeout):
            HTTP.post(place, json={"input": "b"}, timeout=0.3)
        wait_until(lambda: "babelite_waiting_sentences 0.0" in HTTP.get(f"{address}/metrics").text)
        held.free.set()
        first.join()
    assert held.calls == 1


def test_an_encoder_error_is_an_internal_error() -> None:
    class Broken:
        dim = 2

        def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
            raise RuntimeError("out of order")

    with running(Service(Broken())) as address:
        answer = HTTP.post(f"{address}/v1/embeddings", json={"input": "a"})
        assert HTTP.get(f"{address}/healthz").status_code == 200
    assert (answer.status_code, error_of(answer)["type"]) == (500, "server_error")
    assert "out of order" not in answer.text


def test_idle_connections_do_not_block_requests(strict: str) -> None:
    port = urlsplit(strict).port or 0
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    started = time.monotonic()
    assert HTTP.post(f"{strict}/v1/embeddings", json={"input": "a"}).status_code == 200
    assert time.monotonic() - started < PATIENT
    for connection in idle:
        connection.close()


def exchange(address: str, request: bytes) -> bytes:
    """Send bytes; return everything received until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), PATIENT) as stream:
        stream.sendall(request)
        answer = b""
        while block := stream.recv(65_536):
            answer += block
    return answer


def test_invalid_http_has_the_same_error_body(strict: str) -> None:
    head, _, body = exchange(strict, b"GARBAGE\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


def test_an_offer_of_http_2_is_ignored(strict: str) -> None:
    body = json.dumps({"input": "hi"}).encode()
    head = (
        f"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/json\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
    )
    answer = exchange(strict, head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_trailing_slash_is_not_found(strict: str) -> None:
    answer = HTTP.post(f"{strict}/v1/embeddings/", json={"input": "a"})
    assert answer.status_code == 404
    assert error_of(answer)["message"]
