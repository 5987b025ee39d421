"""How much a request may ask for, and the reading of its body within that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request

from babelite.server.http.error_bodies import RefusedError, invalid, quoted

AnyRequest = TypeVar("AnyRequest", bound=BaseModel)

_MEGABYTE = 1 << 20
_JSON = "application/json"

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class Limits(BaseModel):
    """What a request may ask for; each of these is refused with a status of its own.

    Attributes:
        body: Bytes of a body (413).
        items: Texts of a request (400).
        characters: Characters of a text (400).
        queries: Queries of a search (400).
        document: Sentences of a side of an alignment (400).
        waiting: Sentences that may wait for the encoder in all (429).
        headers_seconds: Seconds in which the head of a request must arrive (408).
        body_seconds: Seconds in which the body must arrive (408).
        answer_seconds: Seconds after which a request that still waits is given up (429).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: Count = 4 * _MEGABYTE
    items: Count = 2048
    characters: Count = 100_000
    queries: Count = 32
    document: Count = 1000
    waiting: Count = 32_768
    headers_seconds: Seconds = 10.0
    body_seconds: Seconds = 10.0
    answer_seconds: Seconds = 30.0

    def check_texts(self, texts: Sequence[str], field: str, most: int | None = None) -> None:
        """Refuse too many or too long texts.

        Args:
            texts: At least one text.
            field: Where they were found.
            most: How many there may be; `items` if not given.

        Raises:
            RefusedError: They are.
        """
        most = self.items if most is None else most
        if len(texts) > most:
            message = (
                f"The field '{field}' holds {len(texts):,} texts and a request may have "
                f"{most:,}: send several requests."
            )
            raise RefusedError(400, message, code="too_many_items", param=field)
        self.check_text(max(texts, key=len), field)

    def check_text(self, text: str, field: str) -> None:
        """Refuse a text that is too long.

        Raises:
            RefusedError: It is.
        """
        if len(text) > self.characters:
            message = (
                f"A text in the field '{field}' has {len(text):,} characters and may have "
                f"{self.characters:,}: split it."
            )
            raise RefusedError(400, message, code="text_too_long", param=field)


async def read_request(request: Request, kind: type[AnyRequest], limits: Limits) -> AnyRequest:
    """Read and check the body of a request.

    Raises:
        RefusedError: It is not JSON, not what was asked for, too large or too slow.
    """
    sent = request.headers.get("content-type", "")
    if sent.partition(";")[0].strip().lower() != _JSON:
        message = f"The body must be sent with 'Content-Type: {_JSON}', and came with "
        raise RefusedError(415, message + (f"{quoted(sent)}." if sent else "none."))
    if (packed := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise RefusedError(415, f"The body must not be packed, and came as {quoted(packed)}.")
    body = await _read(request, limits)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


async def _read(request: Request, limits: Limits) -> bytes:
    declared = request.headers.get("content-length", "")
    # Python refuses to read numbers of thousands of digits.
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limits.body):
        raise _too_large(limits)
    pieces, size = [], 0
    try:
        with anyio.fail_after(limits.body_seconds):
            async for piece in request.stream():
                size += len(piece)
                if size > limits.body:
                    raise _too_large(limits)
                pieces.append(piece)
    except TimeoutError:
        message = f"The body did not arrive within {limits.body_seconds:g} s."
        raise RefusedError(408, message, code="body_too_slow") from None
    except ClientDisconnect:
        raise RefusedError(400, "The connection was closed before the body was whole.") from None
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(limits: Limits) -> RefusedError:
    message = f"The body is larger than {limits.body:,} bytes: send several requests."
    return RefusedError(413, message, code="body_too_large")
