"""What is said when a request is refused: OpenAI's body for every status, one clear message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus

import orjson
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

# The longest part of a request that a message repeats.
_QUOTED = 80


class RefusedError(Exception):
    """A request that gets no answer but the reason.

    Args:
        status: The HTTP status, from 400.
        message: What is wrong and what to do, whole sentences.
        code: A short name for programs, such as ``body_too_large``.
        param: The field concerned.
        retry_after: After how many seconds to try again.
        close: Whether the connection is closed: the rest of the request is not read.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
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
        """The answer."""
        return _problem(self.status, self.message, self.code, self.param, self.headers)


def invalid(error: ValidationError) -> RefusedError:
    """The refusal of a body that is no JSON, or not what was asked for: its first fault."""
    problems = error.errors(include_url=False, include_context=False)
    first = problems[0]
    if first["type"] == "json_invalid":
        reason = first["msg"].removeprefix("Invalid JSON: ")
        return RefusedError(400, f"The body is not valid JSON: {reason}.", code="invalid_json")
    if not first["loc"]:
        return RefusedError(400, "The body must be a JSON object.", code="invalid_type")
    field = first["loc"][0]
    # A field of several possible types has problems with each: the one that came furthest is meant.
    problems = [problem for problem in problems if problem["loc"][0] == field]
    meant = max(problems, key=lambda p: (not p["type"].endswith("_type"), len(p["loc"])))
    place = "".join(f"[{part}]" for part in meant["loc"] if isinstance(part, int))
    if field == "input" and place and isinstance(meant["input"], int | list):
        message = (
            "Token ids are not taken, as every model has its own: send texts (with LangChain's "
            "OpenAIEmbeddings, say check_embedding_ctx_length=False)."
        )
        return RefusedError(400, message, code="token_ids", param="input")
    if meant["type"] == "missing":
        inside = len(meant["loc"]) > 1
        problem = f"{place} lacks '{meant['loc'][-1]}'" if inside else " is missing"
        message = f"The field '{field}'{problem}."
    elif meant["type"].endswith("_type") and not place and len(problems) > 1:
        kinds = " or a ".join(problem["type"].removesuffix("_type") for problem in problems)
        message = f"The field '{field}' should be a {kinds}."
    else:
        message = f"The field '{field}'{place}: {meant['msg']}."
        message = message.replace(": Input should", " should").replace(": List should", " should")
    return RefusedError(400, message, code=meant["type"], param=str(field))


def quoted(text: str) -> str:
    r"""A part of a request as a message repeats it: short, and printable.

    Example:
        >>> quoted("a\nb"), len(quoted("x" * 1000))
        ("'a\\nb'", 83)
    """
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "…")


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a request that was refused."""
    assert isinstance(error, RefusedError)
    return error.response()


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer a request for a place or by a method that there is not."""
    assert isinstance(error, HTTPException)
    path = quoted(request.url.path)
    if error.status_code == HTTPStatus.NOT_FOUND:
        message, code = f"There is nothing at {path}; see /openapi.json for what there is.", None
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message, code = f"{path} does not take {quoted(request.method)} requests.", None
    else:
        message, code = str(error.detail), None
    return _problem(error.status_code, message, code, None, error.headers)


async def on_fault(request: Request, error: Exception) -> Response:
    """Answer a request that failed by a fault of ours; uvicorn logs it and then hangs up."""
    message = "The server failed to answer; its log says why."
    return _problem(500, message, "internal_error", None, {"Connection": "close"})


def _problem(
    status: int,
    message: str,
    code: str | None,
    param: str | None,
    headers: Mapping[str, str] | None,
) -> Response:
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(
        status, "invalid_request_error" if status < 500 else "server_error"
    )
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Response(orjson.dumps(body), status, dict(headers or {}), media_type="application/json")
