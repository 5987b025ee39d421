"""The application: what there is at which address."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from babelite._version import __version__
from babelite.server import schemas, web_page
from babelite.server.endpoints import Endpoints
from babelite.server.http import error_bodies
from babelite.server.http.auth_metrics import Gate
from babelite.server.http.error_bodies import RefusedError
from babelite.server.service import Service

_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
_REFERENCE = "#/components/schemas/{model}"
_NO_KEY_NEEDED = ("/healthz", "/openapi.json")

Handler = Callable[[Request], Awaitable[Response]]


def create_app(service: Service, keys: Sequence[str] = ()) -> FastAPI:
    """Make the ASGI application.

    Args:
        service: What it offers; it is closed when the application shuts down.
        keys: The API keys of which one must be given; none must if there are none.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="babelite",
        description="Vectors of sentences that are near where meanings are, whatever the language.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # the pages that FastAPI makes need resources from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy it could not tell where to
    )
    _add_routes(app, service)
    of_page = web_page.add_page(app)
    app.add_exception_handler(RefusedError, error_bodies.on_refusal)
    app.add_exception_handler(HTTPException, error_bodies.on_http_exception)
    app.add_exception_handler(Exception, error_bodies.on_fault)
    _describe(app, guarded=bool(keys))
    paths = [route.path for route in app.routes]  # type: ignore[attr-defined]
    open_paths = [*_NO_KEY_NEEDED, *of_page]
    app.add_middleware(Gate, keys=keys, open_paths=open_paths, paths=paths, metrics=service.metrics)
    return app


def _add_routes(app: FastAPI, service: Service) -> None:
    """Add everything but the page."""
    do = Endpoints(service)
    gets: list[tuple[str, Handler, type[BaseModel] | None]] = [
        ("/healthz", do.health, schemas.Health),
        ("/metrics", do.metrics, None),
        ("/v1/models", do.models, schemas.ModelList),
        ("/v1/models/{name:path}", do.model, schemas.Model),
    ]
    posts: list[tuple[str, Handler, type[BaseModel], type[BaseModel]]] = [
        ("/v1/embeddings", do.embeddings, schemas.EmbeddingRequest, schemas.EmbeddingResponse),
        ("/v1/rerank", do.rerank, schemas.RerankRequest, schemas.RerankResponse),
        ("/v1/align", do.align, schemas.AlignRequest, schemas.AlignResponse),
        ("/v1/search", do.search, schemas.SearchRequest, schemas.SearchResponse),
    ]
    for path, handler, asked, answer in posts:
        schema = {"$ref": _REFERENCE.format(model=asked.__name__)}
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        described = path != "/v1/search" or service.index is not None
        _add(app, "POST", path, handler, answer, {"requestBody": body}, described)
    for path, handler, given in gets:
        named = {"parameters": [_NAME]} if "{name" in path else None
        _add(app, "GET", path, handler, given, named)


def _add(
    app: FastAPI,
    method: str,
    path: str,
    handler: Handler,
    given: type[BaseModel] | None,
    extra: dict[str, Any] | None = None,
    described: bool = True,
) -> None:
    # The handlers read requests and write answers themselves; FastAPI describes them.
    told: dict[str, Any] = {"content": {"text/plain": {}}} if given is None else {"model": given}
    refusal = {"model": schemas.ErrorResponse, "description": "Why there is none."}
    app.add_api_route(
        path,
        handler,
        methods=[method],
        response_class=Response if given is None else JSONResponse,
        response_model=None,
        responses={200: told | {"description": "The answer."}, "4XX": refusal},
        openapi_extra=extra,
        include_in_schema=described,
        name=handler.__name__,
        summary=(handler.__doc__ or "").rstrip("."),
        description="",
    )
    if method == "GET":  # as those who look whether a server is there may ask
        app.add_route(path, handler, methods=["HEAD"], include_in_schema=False)


def _describe(app: FastAPI, *, guarded: bool) -> None:
    """Add the bodies of requests to the OpenAPI description, which FastAPI does not read."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema is not None
        described = made()
        if not known:
            _, found = models_json_schema(
                [(model, "validation") for model in schemas.REQUESTS], ref_template=_REFERENCE
            )
            components = described.setdefault("components", {})
            components.setdefault("schemas", {}).update(found["$defs"])
            if guarded:
                components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                described["security"] = [{"key": []}]
        return described

    app.openapi = openapi  # type: ignore[method-assign]
