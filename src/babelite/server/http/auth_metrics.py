"""ASGI middleware: API keys, request metrics, and clean ends of unread bodies."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Collection, Sequence
from http import HTTPStatus

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from babelite.server.http.error_bodies import RequestError
from babelite.server.http.metrics import Metrics

# A client that is still sending its body when the connection closes does not see the response. So
# the rest of the body is read and discarded first, within these limits.
_DISCARDED_BYTES = 16 << 20
_DISCARDED_SECONDS = 2.0


class AuthAndMetricsMiddleware:
    """Checks the API key (except for ``open_paths``), counts responses and measures their time."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Sequence[str],
        open_paths: Collection[str],
        paths: Collection[str],
        metrics: Metrics,
    ) -> None:
        self._app, self._metrics = app, metrics
        self._keys = [_digest(key.encode()) for key in keys]
        self._open_paths, self._paths = frozenset(open_paths), frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        headers = Headers(scope=scope)
        unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"

        async def receiving() -> Message:
            nonlocal unread
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                response_headers = MutableHeaders(scope=message)
                response_headers["X-Content-Type-Options"] = "nosniff"
                if unread and status != HTTPStatus.REQUEST_TIMEOUT:
                    await _discard_body(receiving, headers)
                if unread:
                    response_headers["Connection"] = "close"
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            if self._keys and path not in self._open_paths and not self._has_valid_key(headers):
                await _UNAUTHORIZED.response()(scope, receiving, sending)
            else:
                await self._app(scope, receiving, sending)
        finally:
            # Other paths share one label: requests for random paths must not fill the memory.
            route = path if path in self._paths else "other"
            self._metrics.request(route, status, time.perf_counter() - started)

    def _has_valid_key(self, headers: Headers) -> bool:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        digest = _digest(key.strip(" \t").encode("latin-1"))
        # In constant time: all keys are compared, by digests of equal length.
        matches = [hmac.compare_digest(digest, known) for known in self._keys]
        return scheme.lower() == "bearer" and any(matches)


async def _discard_body(receive: Receive, headers: Headers) -> None:
    """Read the rest of a body if it is short and arrives soon."""
    declared = headers.get("content-length", "0")
    if len(declared) > len(str(_DISCARDED_BYTES)) or "expect" in headers:
        return
    left = _DISCARDED_BYTES
    with anyio.move_on_after(_DISCARDED_SECONDS):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if not message.get("more_body"):
                return


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


_UNAUTHORIZED = RequestError(
    401, "A valid API key is required: send 'Authorization: Bearer KEY'.", code="unauthorized"
)
