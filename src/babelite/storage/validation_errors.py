"""Validation errors of pydantic as sentences that name the file and the key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from pydantic import ValidationError

# What a value should be, by pydantic's type of error; {names} are of its context.
_EXPECTED = {
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "string_too_long": "at most {max_length} characters long",
    "too_long": "at most {max_length} items long",
    "too_short": "at least {min_length} items long",
    "union_tag_invalid": "one of {expected_tags}, not {tag!r}",
}
# The same by the first word of a type, such as int_type, int_parsing and int_from_float.
_KIND_ERRORS = frozenset({"type", "parsing", "parsing_size", "from_float", "attributes_type"})
_KINDS = {
    "bool": "true or false",
    "date": "a date",
    "datetime": "a date and time",
    "dict": "an object",
    "float": "a number",
    "frozen": "a set",
    "int": "a whole number",
    "list": "a list",
    "mapping": "an object",
    "model": "an object",
    "string": "a string",
    "tuple": "a list",
}


def expected_value(problem: Mapping[str, Any]) -> str | None:
    """What a value should be, of an item of pydantic's ``ValidationError.errors()``.

    None if the kind of error is another; its message is then one of babelite.

    Example:
        >>> expected_value({"type": "less_than_equal", "ctx": {"le": 8}})
        'at most 8'
    """
    kind = problem["type"]
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**problem.get("ctx", {})).replace(" 1 items", " 1 item")
    word, _, rest = kind.partition("_")
    return _KINDS.get(word) if rest in _KIND_ERRORS else None


def explain_validation_error(
    error: ValidationError,
    fields: object,
    *,
    code: str,
    hint: str,
    path: str | Path | None = None,
    noun: str = "key",
) -> BabeliteError:
    """Translate the first problem that pydantic found into one sentence with file and key.

    ``fields`` is the value that was validated; ``noun`` is the word for one of its values (key or
    option). Items of lists are counted from 1.
    """
    first = error.errors(include_url=False)[0]
    key = _key(first["loc"], fields)
    if first["type"] == "extra_forbidden":
        problem = f"there is no {noun} {key!r}"
    elif first["type"] == "missing":
        problem = f"{noun} {key!r} is missing"
    else:
        expected = expected_value(first)
        message = first["msg"].removeprefix("Value error, ")
        message = f"should be {expected}" if expected else message[:1].lower() + message[1:]
        problem = f"{noun} {key!r}: {message}" if key else message
    return BabeliteError(problem, code=code, path=path, hint=hint)


def _key(location: tuple[int | str, ...], fields: object) -> str:
    """The place of a problem in a file, such as ``systems.2.name``."""
    place: list[str] = []
    here: Any = fields
    for part in location:
        if isinstance(here, dict) and part not in here and part == here.get("kind"):
            continue  # pydantic inserts the discriminator of a union, which is not in the file
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        place.append(part if isinstance(part, str) else str(part + 1))
    return ".".join(place)
