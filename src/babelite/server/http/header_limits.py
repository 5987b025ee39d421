"""uvicorn's HTTP/1.1 protocol with a size limit and a time limit for request headers."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from babelite.server.http.error_bodies import error_body

_MAX_HEADER_BYTES = 64 * 1024
# Clients such as curl and Java's offer to upgrade to HTTP/2. The parser would drop the body of such
# a request; a server may ignore the offer and answer with HTTP/1.1.
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


def protocol_with_header_limits(headers_seconds: float) -> type[asyncio.Protocol]:
    """The protocol class for `uvicorn.Config`, which itself has no such limits.

    The time is counted from the first byte of the headers, on a new connection from its start.
    """
    return type("Protocol", (_HeaderLimits,), {"headers_seconds": headers_seconds})


class _HeaderLimits(HttpToolsProtocol):
    headers_seconds = 10.0

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_headers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            headers, end, rest = data.partition(b"\r\n\r\n")
            data = _UPGRADE.sub(b"\r\nx-upgrade:", headers) + end + rest
            self._start_deadline()
            self._header_bytes += len(data)
            before = self.cycle
            super().data_received(data)
            if self.cycle is before and self._header_bytes > _MAX_HEADER_BYTES:
                message = f"The headers are larger than {_MAX_HEADER_BYTES:,} bytes."
                self._refuse(431, message, "limit-exceeded")
        else:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        self._end_headers()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg, "request-invalid")

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_seconds, self._too_slow)

    def _end_headers(self) -> None:
        self._header_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        message = f"The headers did not arrive within {self.headers_seconds:g} s."
        self._refuse(408, message, "time-exceeded")

    def _refuse(self, status: int, message: str, code: str) -> None:
        if self.transport.is_closing():
            return
        body = error_body(status, message, code)
        headers = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(headers.encode() + body)
        self.transport.close()
