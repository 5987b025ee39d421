"""HTTP as uvicorn speaks it, with a limit on the size and the time of a request's head."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD = 64 * 1024
# A client that could speak another protocol as well (curl, Java) may say so. The parser would drop
# the body of its request; a server that goes on with HTTP/1.1 answers that request all the same.
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


def protocol_with(headers_seconds: float) -> type[asyncio.Protocol]:
    """The protocol for `uvicorn.Config`.

    Uvicorn waits for the head of a request as long as it takes, and holds all of it. A client that
    sends it byte by byte, or never, would keep its connection for ever.

    Args:
        headers_seconds: The seconds in which a head must arrive, counted from the first byte or,
            at the beginning of a connection, from there.
    """
    return type("Protocol", (_HeadLimits,), {"headers_seconds": headers_seconds})


class _HeadLimits(HttpToolsProtocol):
    headers_seconds = 10.0

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _UPGRADE.sub(b"\r\nx-upgrade:", head) + end + rest
            self._expect_head()
            self._head += len(data)
            before = self.cycle
            super().data_received(data)
            if self.cycle is before and self._head > _LARGEST_HEAD:
                self._refuse(431, f"The head of a request may have {_LARGEST_HEAD:,} bytes.")
        else:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_seconds, self._too_slow)

    def _head_is_there(self) -> None:
        self._head = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        message = f"The head of the request did not arrive within {self.headers_seconds:g} s."
        self._refuse(408, message)

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        problem = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = orjson.dumps({"error": problem})
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
