"""Limits of requests, and reading request bodies within them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, TypeVar

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from babelite.server.http.error_bodies import RequestError, quoted, validation_error

AnyRequest = TypeVar("AnyRequest", bound=BaseModel)

_MEGABYTE = 1 << 20
_JSON = "application/json"

# Escapes of JSON strings; group 1 is half a surrogate pair.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)

_Count = Annotated[int, Field(ge=1)]
_Seconds = Annotated[float, Field(gt=0)]


class Limits(BaseModel):
    """Limits of one server; the HTTP status of a refused request is in parentheses.

    Attributes:
        body: Bytes in a request body (413).
        items: Texts in a request (400).
        characters: Characters in a text (400).
        queries: Queries in a search request (400).
        document: Sentences on each side of an alignment (400).
        waiting: Sentences queued for the encoder, over all requests (429).
        headers_seconds: Seconds in which the headers must arrive (408).
        body_seconds: Seconds in which the body must arrive (408).
        answer_seconds: Seconds that a request may wait for its result (429).
        read_seconds: Seconds in which a client must read a part of its response (disconnected).
        unread: Bytes of responses that clients have not read yet, over all connections (429).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: _Count = 4 * _MEGABYTE
    items: _Count = 2048
    characters: _Count = 100_000
    queries: _Count = 32
    document: _Count = 1000
    waiting: _Count = 32_768
    headers_seconds: _Seconds = 10.0
    body_seconds: _Seconds = 10.0
    answer_seconds: _Seconds = 30.0
    read_seconds: _Seconds = 10.0
    unread: _Count = 64 * _MEGABYTE

    def check_texts(self, texts: Sequence[str], field: str, maximum: int | None = None) -> None:
        """Raise `RequestError` for more than ``maximum`` (or `items`) texts, or a long text."""
        subject = f"The field '{field}'"
        limit = self.items if maximum is None else maximum
        require_at_most(limit, len(texts), "texts", subject, "send several requests", field)
        self.check_text(max(texts, key=len), field)

    def check_text(self, text: str, field: str) -> None:
        """Raise `RequestError` for a text with too many characters."""
        subject = f"A text in the field '{field}'"
        require_at_most(self.characters, len(text), "characters", subject, "split it", field)


def require_at_most(limit: int, found: int, unit: str, subject: str, hint: str, field: str) -> None:
    """Raise `RequestError` if a field contains too much."""
    if found > limit:
        message = f"{subject} has {found:,} {unit}, the maximum is {limit:,}: {hint}."
        raise RequestError(400, message, code="limit-exceeded", param=field)


async def read_request(request: Request, schema: type[AnyRequest], limits: Limits) -> AnyRequest:
    """Read and validate the body of a request; raises `RequestError`."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != _JSON:
        received = quoted(content_type) if content_type else "no content type"
        message = f"The body must have 'Content-Type: {_JSON}', but it has {received}."
        raise RequestError(415, message, code="request-invalid")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        message = f"The body must not be compressed, but it is ({quoted(encoding)})."
        raise RequestError(415, message, code="request-invalid")
    body = await _read_body(request, limits)
    try:
        return _validated(schema, body)
    except ValidationError as error:
        raise validation_error(error, schema.model_fields) from None


def _validated(schema: type[AnyRequest], body: bytes) -> AnyRequest:
    try:
        return schema.model_validate_json(body)
    except ValidationError:
        # JavaScript writes text that was cut within an emoji as half a surrogate pair.
        repaired = _ESCAPE.sub(_whole_character, body)
        if repaired == body:
            raise
        return schema.model_validate_json(repaired)


def _whole_character(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape[1] else escape[0]


async def _read_body(request: Request, limits: Limits) -> bytes:
    declared = request.headers.get("content-length", "")
    # Python refuses to parse numbers with thousands of digits.
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limits.body):
        raise _body_too_large(limits)
    chunks, size = [], 0
    try:
        with anyio.fail_after(limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body:
                    raise _body_too_large(limits)
                chunks.append(chunk)
    except TimeoutError:
        message = f"The body did not arrive within {limits.body_seconds:g} s."
        raise RequestError(408, message, code="time-exceeded") from None
    except ClientDisconnect:
        message = "The connection was closed before the whole body arrived."
        raise RequestError(400, message, code="request-invalid") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _body_too_large(limits: Limits) -> RequestError:
    message = f"The body is larger than {limits.body:,} bytes: send several requests."
    return RequestError(413, message, code="limit-exceeded")
