"""Static files of the web page."""

from __future__ import annotations

from functools import partial
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

_MEDIA_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}

# Only files of this server, no inline code, no frames.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Content and media type of each file by its URL path."""
    folder = files("babelite.server") / "web"
    return {
        "/" if file.name == "index.html" else f"/{file.name}": (
            file.read_bytes(),
            _MEDIA_TYPES[file.name.rpartition(".")[2]],
        )
        for file in folder.iterdir()
    }


def add_page(app: FastAPI) -> list[str]:
    """Add the web page to an application; returns the paths of its files."""
    found = page_files()
    for path, (content, media_type) in found.items():
        send = partial(_send_file, content, media_type)
        app.add_route(path, send, methods=["GET", "HEAD"], include_in_schema=False)
    return list(found)


async def _send_file(content: bytes, media_type: str, _: Request) -> Response:
    return Response(content, media_type=media_type, headers=_HEADERS)
