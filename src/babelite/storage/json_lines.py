"""Records in JSON, one object a line, and the text in their fields."""

from __future__ import annotations

import json

from babelite.errors import BabeliteError


def read_record(line: str, path: str, number: int, example: str) -> dict[str, object]:
    """The object on a line.

    Args:
        line: The line, not blank.
        path: The file, for messages.
        number: The number of the line, for messages.
        example: What to write instead, for messages.

    Raises:
        BabeliteError: There is none.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BabeliteError(
            f"is not JSON ({error})", path=path, line=number, hint="write one object a line"
        ) from error
    if not isinstance(record, dict):
        raise BabeliteError(
            "is not a JSON object",
            path=path,
            line=number,
            hint=f"write lines such as {example}",
        )
    return record


def text_of(value: object, name: str, path: str, number: int, option: str) -> str:
    """The text of a field; null is empty, and half a surrogate pair becomes U+FFFD.

    Args:
        value: What the field holds.
        name: Of the field, for messages.
        path: The file, for messages.
        number: The number of the line, for messages.
        option: What chooses the field, for messages.

    Raises:
        BabeliteError: It is not a string, or holds a zero byte, as no text file may.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BabeliteError(
            f"{name!r} is not a string",
            path=path,
            line=number,
            hint=f"mend the line, or choose another field with {option}",
        )
    if "\0" in value:
        raise BabeliteError(
            f"{name!r} holds a zero byte (\\u0000), so it is not text",
            path=path,
            line=number,
            hint="take it out",
        )
    return without_half_pairs(value)


def without_half_pairs(text: str) -> str:
    r"""A text with U+FFFD for half a surrogate pair, which JSON can write and no text can hold.

    Example:
        >>> without_half_pairs("a\ud83d b\ud83d\ude00")
        'a\ufffd b\U0001f600'
    """
    if text.isprintable():  # as most are, and halves are not
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
