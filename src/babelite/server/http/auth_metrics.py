"""What every request passes on its way in and every answer on its way out."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Collection, Sequence
from http import HTTPStatus

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from babelite.server.http.error_bodies import RefusedError
from babelite.server.http.metrics import Metrics

_OTHER = "other"

# A client that still sends its body when the connection is closed does not see the answer. So the
# rest is read and thrown away first, within these bounds.
_SPILLED_BYTES = 16 << 20
_SPILLED_SECONDS = 2.0


class Gate:
    """Asks for the key, counts the answers and times them.

    Args:
        app: What is behind the gate.
        keys: The keys of which one must be given; none must if there are none.
        open_paths: Where no key is asked for.
        paths: The paths that are counted by their names; all others are counted together, so that
            nobody fills the memory with names.
        metrics: What counts.
    """

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
        self._open, self._paths = frozenset(open_paths), frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, as ASGI says."""
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
                own = MutableHeaders(scope=message)
                own["X-Content-Type-Options"] = "nosniff"
                if unread and status != HTTPStatus.REQUEST_TIMEOUT:
                    await _spill(receiving, headers)
                if unread:
                    own["Connection"] = "close"
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            if self._keys and path not in self._open and not self._allowed(headers):
                await _NO_KEY.response()(scope, receiving, sending)
            else:
                await self._app(scope, receiving, sending)
        finally:
            route = path if path in self._paths else _OTHER
            self._metrics.request(route, status, time.perf_counter() - started)

    def _allowed(self, headers: Headers) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        digest = _digest(given.strip(" \t").encode("latin-1"))
        # All keys are compared, and digests take the same time whatever was given.
        matches = [hmac.compare_digest(digest, key) for key in self._keys]
        return kind.lower() == "bearer" and any(matches)


async def _spill(receive: Receive, headers: Headers) -> None:
    """Read the rest of a body, if it is short and comes soon."""
    declared = headers.get("content-length", "0")
    if len(declared) > len(str(_SPILLED_BYTES)) or "expect" in headers:
        return
    left = _SPILLED_BYTES
    with anyio.move_on_after(_SPILLED_SECONDS):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b""))
            if not message.get("more_body"):
                return


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


_NO_KEY = RefusedError(
    401, "A valid key is needed: send 'Authorization: Bearer KEY'.", code="invalid_api_key"
)
