"""The server: an address that gives vectors, scores, alignments and hits, and a page to show them.

It is the extra ``serve``. `babelite.server.create_app` makes the application, an ASGI app that
any server can run; `babelite.server.serve` runs it until it is told to stop.
"""

from importlib.util import find_spec

from babelite.errors import MissingExtraError

# Looked for, not imported, so that the help of the command is quick.
_LIBRARIES = ("fastapi", "httptools", "orjson", "prometheus_client", "sentencex", "uvicorn")
if any(find_spec(library) is None for library in _LIBRARIES):
    raise MissingExtraError("the server", "serve")

from babelite.server.app import create_app  # noqa: E402
from babelite.server.http.limits import Limits  # noqa: E402
from babelite.server.serve import address_of, bind, is_loopback, make_server, serve  # noqa: E402
from babelite.server.service import Service, open_service  # noqa: E402

__all__ = [
    "Limits",
    "Service",
    "address_of",
    "bind",
    "create_app",
    "is_loopback",
    "make_server",
    "open_service",
    "serve",
]
