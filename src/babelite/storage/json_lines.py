"""JSON lines: one object a line, and string fields of objects."""

from __future__ import annotations

import json

from babelite.errors import BabeliteError


def parse_json_object(line: str, path: str, number: int, example: str) -> dict[str, object]:
    """Parse the JSON object on line ``number``, or raise ``format-invalid`` with an example."""
    problem, cause = "is not a JSON object", None
    try:
        record = json.loads(line)
        if isinstance(record, dict):
            return record
    except (ValueError, RecursionError) as error:
        problem, cause = f"is not JSON ({error})", error
    raise BabeliteError(
        problem,
        code="format-invalid",
        path=path,
        line=number,
        hint=f"write one object a line, such as {example}",
    ) from cause


def string_field(value: object, name: str, path: str, number: int, option: str) -> str:
    """The text of field ``name`` on line ``number``; null gives "", a lone surrogate U+FFFD.

    Raises:
        BabeliteError: The value is not a string or contains a zero byte; code ``column-invalid``;
            its hint names the option that chooses another field.
    """
    if value is None:
        return ""
    if isinstance(value, str) and "\0" not in value:
        return replace_lone_surrogates(value)
    raise BabeliteError(
        f"{name!r} contains a zero byte (\\u0000), so it is not text"
        if isinstance(value, str)
        else f"{name!r} is not a string",
        code="column-invalid",
        path=path,
        line=number,
        hint=f"fix the line, or choose another field with {option}",
    )


def replace_lone_surrogates(text: str) -> str:
    r"""Replace lone surrogates, which JSON can write and UTF-8 cannot, by U+FFFD.

    Example:
        >>> replace_lone_surrogates("a\ud83d b\ud83d\ude00")
        'a\ufffd b\U0001f600'
    """
    if text.isprintable():  # true for most texts, and never for surrogates
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
