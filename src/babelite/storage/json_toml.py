"""JSON and TOML files: reading, format versions, validation errors that name file and key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from babelite.errors import BabeliteError
from babelite.storage.paths import require_file

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    AnyModel = TypeVar("AnyModel", bound=BaseModel)


def read_toml(path: Path, hint: str) -> dict[str, Any]:
    """Read a TOML file; raise ``file-not-found``, or ``format-invalid`` with a hint."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    require_file(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = f"is not a TOML file that can be read ({error})"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint) from error


def check_format_version(fields: object, newest: int, path: str | Path) -> None:
    """Raise ``format-too-new`` if a parsed JSON file has a ``format_version`` above the newest.

    JSON without that key passes, because validation reports it.
    """
    version = fields.get("format_version") if isinstance(fields, dict) else None
    if isinstance(fields, dict) and isinstance(version, int) and version > newest:
        raise BabeliteError(
            f"was written by babelite {fields.get('babelite_version')} in a newer format",
            code="format-too-new",
            path=path,
            hint="run: pip install --upgrade babelite",
        )


def parse_versioned_json(
    model: type[AnyModel], data: str | bytes, path: str | Path, *, newest: int, hint: str
) -> AnyModel:
    """Parse a JSON file that babelite has written, and validate it with a pydantic model.

    Raises ``format-too-new`` if its format is newer than the newest this version reads, else
    ``file-damaged`` with the key and the hint.
    """
    from pydantic import ValidationError

    fields: object = None
    cause: Exception
    try:
        fields = json.loads(data)
        check_format_version(fields, newest, path)
        return model.model_validate(fields)
    except ValidationError as error:
        cause, problem = error, explain_validation_error(error, fields, code="", hint="").problem
    except ValueError as error:
        cause, problem = error, f"it is not JSON ({error})"
    raise BabeliteError(
        f"is damaged: {problem}", code="file-damaged", path=path, hint=hint
    ) from cause


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
    place: list[str] = []
    here: Any = fields
    for part in first["loc"]:
        if isinstance(here, dict) and part not in here and part == here.get("kind"):
            continue  # pydantic inserts the discriminator of a union, which is not in the file
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        place.append(part if isinstance(part, str) else str(part + 1))
    key = ".".join(place)
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if first["type"] == "extra_forbidden":
        problem = f"there is no {noun} {key!r}"
    elif first["type"] == "missing":
        problem = f"{noun} {key!r} is missing"
    else:
        problem = f"{noun} {key!r}: {message}" if key else message
    return BabeliteError(problem, code=code, path=path, hint=hint)
