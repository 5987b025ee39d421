"""Error responses: OpenAI's error body, with babelite's error codes."""

from __future__ import annotations

import math
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from babelite.storage import expected_value

_QUOTED_CHARACTERS = 80


class RequestError(Exception):
    """A refused request, with an HTTP status from 400 and a code of ``docs/error-codes.md``."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        retry_after: float | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers: dict[str, str] = {}
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
        if close:
            self.headers["Connection"] = "close"
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers["WWW-Authenticate"] = "Bearer"

    def response(self) -> Response:
        """The response to the request."""
        body = error_body(self.status, self.message, self.code, self.param)
        return Response(body, self.status, self.headers, media_type="application/json")


def validation_error(error: ValidationError, fields: Collection[str]) -> RequestError:
    """The first problem of a request body that is not valid JSON or does not fit its schema.

    ``fields`` are the names of the known fields.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        reason = first["msg"].removeprefix("Invalid JSON: ")
        return RequestError(400, f"The body is not valid JSON: {reason}.", code="request-invalid")
    if not first["loc"]:
        return RequestError(400, "The body must be a JSON object.", code="request-invalid")
    field = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        message = f"There is no field {quoted(field)}; the fields are {', '.join(fields)}."
    else:
        message = _field_problem([problem for problem in problems if problem["loc"][0] == field])
    return RequestError(400, message, code="request-invalid", param=field[:_QUOTED_CHARACTERS])


def _field_problem(problems: list[Any]) -> str:
    """One sentence about a field: of a union, the problem of the member that matched furthest."""
    worst = max(problems, key=lambda p: (not p["type"].endswith("_type"), len(p["loc"])))
    field, *path = worst["loc"]
    place = "".join(f"[{part}]" for part in path if isinstance(part, int))
    if field == "input" and place and isinstance(worst["input"], int | list):
        return (
            "Token ids are not accepted, because every model has its own: send texts (with "
            "LangChain's OpenAIEmbeddings, set check_embedding_ctx_length=False)."
        )
    if worst["type"] == "missing":
        return f"The field '{field}'{place}{f' lacks {path[-1]!r}' if path else ' is missing'}."
    shown = [worst]
    if worst["type"].endswith("_type") and not place:
        shown = problems  # of a union
    expected = dict.fromkeys(expected_value(problem) or "valid" for problem in shown)
    return f"The field '{field}'{place} should be {' or '.join(expected)}."


def quoted(text: str) -> str:
    r"""Text of a request, printable and shortened for a message.

    Example:
        >>> quoted("a\nb"), len(quoted("x" * 1000))
        ("'a\\nb'", 83)
    """
    shown = text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"
    return repr(shown)


async def on_request_error(request: Request, error: Exception) -> Response:
    """Exception handler for `RequestError`."""
    assert isinstance(error, RequestError)
    return error.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Exception handler for unknown paths and methods."""
    assert isinstance(error, HTTPException)
    path, code = quoted(request.url.path), "not-found"
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"There is no endpoint {path}; /openapi.json lists the endpoints."
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"{path} does not accept {quoted(request.method)} requests."
    else:
        message, code = str(error.detail), "request-invalid"
    refused = RequestError(error.status_code, message, code=code)
    refused.headers |= error.headers or {}
    return refused.response()


async def on_internal_error(request: Request, error: Exception) -> Response:
    """Exception handler for everything else; uvicorn logs the error and closes the connection."""
    message = "The server could not process the request; its log has the cause."
    return RequestError(500, message, code="internal-error", close=True).response()


def error_body(status: int, message: str, code: str, param: str | None = None) -> bytes:
    """The JSON body of an error response, in OpenAI's form."""
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(
        status, "invalid_request_error" if status < 500 else "server_error"
    )
    error = {"message": message, "type": kind, "param": param, "code": code}
    return orjson.dumps({"error": error})
