"""uvicorn's HTTP/1.1 protocol with limits for request headers and for clients that do not read.

Time limit and size limit of the headers are counted from their first byte, on a new connection from
its start. A client that stops reading a response is disconnected; while the responses that clients
have not read yet take too much memory, further requests are refused.
"""

from __future__ import annotations

import asyncio
import re
import socket
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from babelite.server.http.error_bodies import RequestError, error_body
from babelite.server.http.limits import Limits

_MAX_HEADER_BYTES = 64 * 1024
# Less in a check interval is no progress; slower than any network that can carry such responses.
_MIN_READ_BYTES = 16 * 1024
# What the system takes ahead of the network. Without a limit it is megabytes, and a slow client
# seems not to read at all.
_UNSENT_BYTES = 128 * 1024
# Clients such as curl and Java's offer to upgrade to HTTP/2. The parser would drop the body of such
# a request; a server may ignore the offer and answer with HTTP/1.1.
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


def protocol_with_limits(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol class for `uvicorn.Config`, which itself has no such limits."""
    return type("Protocol", (_LimitedProtocol,), {"limits": limits, "unread": set()})


class _LimitedProtocol(HttpToolsProtocol):
    limits: Limits
    unread: set[_LimitedProtocol]  # the connections with a response that is not read, of a server

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._check: asyncio.TimerHandle | None = None
        self._unread_bytes = 0  # at the last check
        self._served_app = self.app

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # not on Windows
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_headers()
        self._end_reading()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread.add(self)
        self._check_later()

    def resume_writing(self) -> None:
        self._end_reading()
        super().resume_writing()

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
        unread = sum(other.transport.get_write_buffer_size() for other in self.unread)
        self.app = _busy if unread > self.limits.unread else self._served_app
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg, "request-invalid")

    def _start_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.headers_seconds, self._too_slow)

    def _end_headers(self) -> None:
        self._header_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        message = f"The headers did not arrive within {self.limits.headers_seconds:g} s."
        self._refuse(408, message, "time-exceeded")

    def _check_later(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._check = self.loop.call_later(self.limits.read_seconds, self._check_reading)

    def _check_reading(self) -> None:
        """Disconnect a client that has read next to nothing since the last check."""
        left = self.transport.get_write_buffer_size()
        if self._unread_bytes - left < _MIN_READ_BYTES:
            self.transport.abort()
        else:
            self._check_later()

    def _end_reading(self) -> None:
        self.unread.discard(self)
        if self._check is not None:
            self._check.cancel()
            self._check = None

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


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    message = "Too many responses have not been read: retry later."
    busy = RequestError(429, message, code="server-busy", retry_after=2, close=True)
    await busy.response()(scope, receive, send)
