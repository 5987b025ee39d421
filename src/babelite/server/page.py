"""The page: a few files of the package, served as they are."""

from __future__ import annotations

from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

_FOLDER = files("babelite.server") / "web"
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/compare.js": ("compare.js", "text/javascript"),
    "/align.js": ("align.js", "text/javascript"),
    "/search.js": ("search.js", "text/javascript"),
    "/page.js": ("page.js", "text/javascript"),
    "/api.js": ("api.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

# Nothing from elsewhere, nothing inline, and in no other page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def add_page(app: FastAPI) -> None:
    """Add the page and its files to an application."""
    for path, (name, media_type) in FILES.items():
        _add(app, path, (_FOLDER / name).read_bytes(), media_type)


def _add(app: FastAPI, path: str, content: bytes, media_type: str) -> None:
    async def give(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)

    app.add_api_route(
        path, give, methods=["GET", "HEAD"], include_in_schema=False, response_model=None
    )
