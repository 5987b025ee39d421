"""Run the server with uvicorn until SIGINT or SIGTERM."""

from __future__ import annotations

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
from babelite.server.http.connection_limits import protocol_with_limits
from babelite.server.http.limits import Limits

_BACKLOG = 1024
_MAX_CONNECTIONS = 65_536
# Longer than proxies keep idle connections, so that they do not send into a closing connection.
_IDLE_SECONDS = 75
_STOP_SECONDS = 5  # on top of the time limits of a request


def bind_socket(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 is any free one.

    Raises:
        BabeliteError: The address is in use, or is not an address of this machine.
    """
    place = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        problem, hint = "is not an address of this machine", "check --host"
        raise BabeliteError(problem, code="option-invalid", path=place, hint=hint) from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        problem = f"cannot listen here ({error.strerror or error})"
        hint = "choose another --port or --host"
        raise BabeliteError(problem, code="address-in-use", path=place, hint=hint) from error
    return bound


def socket_url(bound: socket.socket) -> str:
    """The URL of a server that listens on a socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(
    app: ASGIApp, limits: Limits, *, root_path: str = "", access_log: bool = False
) -> uvicorn.Server:
    """A uvicorn server; ``root_path`` is the prefix under which a reverse proxy serves it."""
    log_config = deepcopy(LOGGING_CONFIG)
    log_config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    config = uvicorn.Config(
        app,
        log_config=log_config,
        http=protocol_with_limits(limits),
        ws="none",
        root_path=root_path,
        access_log=access_log,
        log_level="info" if access_log else "error",
        server_header=False,
        proxy_headers=False,  # nothing depends on the client address
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=int(limits.answer_seconds + limits.body_seconds) + _STOP_SECONDS,
    )
    return uvicorn.Server(config)


def serve(server: uvicorn.Server, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then answer all accepted requests; ``ready`` is called first.

    The server is from `make_server`, the socket from `bind_socket`.
    """
    _allow_many_connections()

    def stop(*_: object) -> None:
        server.should_exit = True

    # For signals before uvicorn installs its handlers, and because uvicorn raises the signal again
    # after it has stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    ready()
    server.run(sockets=[bound])


def _allow_many_connections() -> None:
    """Raise the soft limit of open files, 1,024 on most machines."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no resource module
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, _MAX_CONNECTIONS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
