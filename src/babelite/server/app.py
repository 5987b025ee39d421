"""The ASGI application: routes, error handlers, middleware and the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
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
from babelite.server.http.auth_metrics import AuthAndMetricsMiddleware
from babelite.server.http.error_bodies import RequestError
from babelite.server.http.host_check import HostCheckMiddleware
from babelite.server.service import Service

_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
_REFERENCE = "#/components/schemas/{model}"
_OPEN_PATHS = ("/healthz", "/openapi.json")

Handler = Callable[[Request], Awaitable[Response]]
Schema = type[BaseModel]


def create_app(
    service: Service, keys: Sequence[str] = (), hosts: Collection[str] | None = None
) -> FastAPI:
    """Make the ASGI application.

    Args:
        service: The encoder and the index; closed when the application shuts down.
        keys: Accepted API keys; without keys every request is accepted.
        hosts: Accepted names in the Host header, beside those of the loopback interface. None
            accepts every name; web pages can then reach a server without keys by DNS rebinding.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="babelite",
        description="Cross-lingual sentence embeddings: encode, rerank, align and search.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load files from other servers
        redoc_url=None,
        redirect_slashes=False,  # wrong addresses behind a proxy
    )
    _add_routes(app, service)
    open_paths = [*_OPEN_PATHS, *web_page.add_page(app)]
    app.add_exception_handler(RequestError, error_bodies.on_request_error)
    app.add_exception_handler(HTTPException, error_bodies.on_http_exception)
    app.add_exception_handler(Exception, error_bodies.on_internal_error)
    _describe(app, needs_key=bool(keys))
    if hosts is not None:
        app.add_middleware(HostCheckMiddleware, allowed=hosts)
    app.add_middleware(  # around the others, so that it counts their refusals
        AuthAndMetricsMiddleware,
        keys=keys,
        open_paths=open_paths,
        paths=[route.path for route in app.routes],  # type: ignore[attr-defined]
        metrics=service.metrics,
    )
    return app


def _add_routes(app: FastAPI, service: Service) -> None:
    """Add the API endpoints: path, handler, body of the request and of the response."""
    api = Endpoints(service)
    routes: list[tuple[str, Handler, Schema | None, Schema | None]] = [
        ("/v1/embeddings", api.embeddings, schemas.EmbeddingRequest, schemas.EmbeddingResponse),
        ("/v1/rerank", api.rerank, schemas.RerankRequest, schemas.RerankResponse),
        ("/v1/align", api.align, schemas.AlignRequest, schemas.AlignResponse),
        ("/v1/search", api.search, schemas.SearchRequest, schemas.SearchResponse),
        ("/healthz", api.health, None, schemas.Health),
        ("/metrics", api.metrics, None, None),
        ("/v1/models", api.models, None, schemas.ModelList),
        ("/v1/models/{name:path}", api.model, None, schemas.Model),
    ]
    for path, handler, request, response in routes:
        extra: dict[str, Any] | None = {"parameters": [_NAME]} if "{name" in path else None
        if request is not None:
            content = {"schema": {"$ref": _REFERENCE.format(model=request.__name__)}}
            body = {"required": True, "content": {"application/json": content}}
            extra = {"requestBody": body}
        # The handlers read requests and write responses themselves; FastAPI only describes them.
        success: dict[str, Any]
        success = {"content": {"text/plain": {}}} if response is None else {"model": response}
        error = {"model": schemas.ErrorResponse, "description": "Error."}
        app.add_api_route(
            path,
            handler,
            methods=["GET" if request is None else "POST"],
            response_class=Response if response is None else JSONResponse,
            response_model=None,
            responses={200: success | {"description": "Success."}, "4XX": error},
            openapi_extra=extra,
            include_in_schema=path != "/v1/search" or service.index is not None,
            name=handler.__name__,
            summary=(handler.__doc__ or "").rstrip("."),
            description="",
        )
        if request is None:  # for health checks
            app.add_route(path, handler, methods=["HEAD"], include_in_schema=False)


def _describe(app: FastAPI, *, needs_key: bool) -> None:
    """Add request bodies and API keys to the OpenAPI document."""
    make_document = app.openapi

    def openapi() -> dict[str, Any]:
        cached = app.openapi_schema is not None
        document = make_document()
        if not cached:
            _, found = models_json_schema(
                [(model, "validation") for model in schemas.REQUESTS], ref_template=_REFERENCE
            )
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).update(found["$defs"])
            if needs_key:
                components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"key": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
