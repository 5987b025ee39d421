"""Check of the Host header against DNS rebinding.

A web page may let its own name point to this machine, so that the browser takes the server for a
part of that page. The name in the Host header gives it away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from babelite.server.http.error_bodies import RequestError, quoted


class HostCheckMiddleware:
    """Refuses requests whose Host is neither an allowed name nor a name or address of loopback."""

    def __init__(self, app: ASGIApp, *, allowed: Collection[str]) -> None:
        self._app, self._allowed = app, frozenset(map(_bare_host, allowed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI)."""
        if scope["type"] == "http":
            # HTTP/1.0 needs no Host; browsers always send one.
            for host in Headers(scope=scope).getlist("host"):
                name = _bare_host(host)
                if not (name in self._allowed or is_loopback(name)):
                    await _refusal(host).response()(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host name or address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _bare_host(host: str) -> str:
    """A host in lower case, without port, brackets and final dot."""
    name, colon, port = host.rpartition(":")
    if not colon or not (port.isdecimal() or not port) or (":" in name and "]" not in name):
        name = host  # without a port
    return name.strip("[]").rstrip(".").lower()


def _refusal(host: str) -> RequestError:
    message = (
        f"The host {quoted(host)} is not a name of this server: if it is, start the server with "
        "--allowed-host NAME."
    )
    return RequestError(403, message, code="host-not-allowed", close=True)
