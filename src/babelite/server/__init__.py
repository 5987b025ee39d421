"""HTTP server: embeddings, reranking, alignment and search, with a web page.

It needs the extra ``serve``. `create_app` makes an ASGI application that any ASGI server can run;
`serve` runs it with uvicorn until SIGINT or SIGTERM.
"""

from importlib.util import find_spec

from babelite.errors import MissingExtraError

# Looked up, not imported, so that `babelite serve --help` is quick.
_LIBRARIES = ("fastapi", "httptools", "orjson", "prometheus_client", "sentencex", "uvicorn")
if any(find_spec(library) is None for library in _LIBRARIES):
    raise MissingExtraError("the server", "serve")

from babelite.server.app import create_app  # noqa: E402
from babelite.server.http.host_check import is_loopback  # noqa: E402
from babelite.server.http.limits import Limits  # noqa: E402
from babelite.server.serve import (  # noqa: E402
    bind_socket,
    make_server,
    serve,
    socket_url,
)
from babelite.server.service import Service, open_service  # noqa: E402

__all__ = [
    "Limits",
    "Service",
    "bind_socket",
    "create_app",
    "is_loopback",
    "make_server",
    "open_service",
    "serve",
    "socket_url",
]
