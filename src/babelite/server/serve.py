"""Running the application until it is told to stop."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from babelite.errors import BabeliteError
from babelite.server.http.limits import Limits
from babelite.server.http.uvicorn_protocol import protocol_with

_BACKLOG = 1024
_CONNECTIONS = 65_536
# Longer than proxies keep a connection, so that none sends into one that is being closed.
_IDLE_SECONDS = 75
# Beyond the time that an answer may take.
_STOP_SECONDS = 5


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int) -> socket.socket:
    """Take an address.

    Args:
        host: A name or a number of this machine.
        port: The port; 0 for any that is free.

    Raises:
        BabeliteError: It is taken, or not one of this machine.
    """
    place = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BabeliteError(
            "is no address of this machine", path=place, hint="check --host"
        ) from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        reason = error.strerror or str(error)
        raise BabeliteError(
            f"cannot be listened on ({reason})",
            path=place,
            hint="choose another --port or --host",
        ) from error
    return bound


def address_of(bound: socket.socket) -> str:
    """Where to find what listens on a socket, as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(
    app: ASGIApp, limits: Limits, *, root_path: str = "", access_log: bool = False
) -> uvicorn.Server:
    """The server of an application.

    Args:
        app: The application.
        limits: How long to wait for what.
        root_path: The path under which a reverse proxy shows it.
        access_log: Whether to write a line to standard error for each request.
    """
    log_config = deepcopy(LOGGING_CONFIG)
    log_config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    config = uvicorn.Config(
        app,
        log_config=log_config,
        http=protocol_with(limits.headers_seconds),
        ws="none",
        root_path=root_path,
        access_log=access_log,
        log_level="info" if access_log else "error",
        server_header=False,
        proxy_headers=False,  # nothing depends on who the client is
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=int(limits.answer_seconds + limits.body_seconds) + _STOP_SECONDS,
    )
    return uvicorn.Server(config)


def serve(server: uvicorn.Server, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; then finish what was accepted.

    Args:
        server: From `make_server`.
        bound: From `bind`.
        ready: Called when requests are taken.
    """
    _allow_many_connections()

    def stop(*_: object) -> None:
        server.should_exit = True

    # For signals that come before uvicorn has handlers of its own; and when all is done it sends
    # itself again what it got, which is no error.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    ready()
    server.run(sockets=[bound])


def _allow_many_connections() -> None:
    """Raise the soft limit of open files, 1,024 on most machines, towards the hard one."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, _CONNECTIONS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
