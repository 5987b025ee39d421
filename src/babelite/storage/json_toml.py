"""JSON and TOML files: reading, and their format versions; JSON with a checksum."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from babelite.errors import BabeliteError
from babelite.storage.paths import require_file
from babelite.storage.validation_errors import explain_validation_error

if TYPE_CHECKING:
    from pydantic import BaseModel

    AnyModel = TypeVar("AnyModel", bound=BaseModel)

_CHECKSUM = "file_checksum"  # the key of the checksum of all other keys


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


def json_with_checksum(fields: Mapping[str, Any]) -> str:
    """Indented JSON with a checksum of its values, for `json_without_checksum`."""
    plain = json.loads(json.dumps(fields))
    text = json.dumps(plain | {_CHECKSUM: _checksum(plain)}, indent=2, ensure_ascii=False)
    # A lone surrogate in the name of a file is no character.
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def json_without_checksum(
    data: str | bytes, path: str | Path = "", newest: int | None = None
) -> Any:  # noqa: ANN401
    """Parse JSON, and verify and remove its checksum, if it has one; ValueError if it is wrong.

    Files of earlier versions have none. With ``newest``, a newer format is refused first (see
    `check_format_version`): only its version is known, not what the checksum covers.
    """
    fields = json.loads(data)
    if newest is not None:
        check_format_version(fields, newest, path)
    if isinstance(fields, dict) and _CHECKSUM in fields:
        recorded = fields.pop(_CHECKSUM)
        if recorded != _checksum(fields):
            raise ValueError("its checksum is wrong")
    return fields


def _checksum(fields: Mapping[str, Any]) -> str:
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse_versioned_json(
    model: type[AnyModel], data: str | bytes, path: str | Path, *, newest: int, hint: str
) -> AnyModel:
    """Parse a JSON file that babelite has written, and validate it with a pydantic model.

    Its checksum is verified (see `json_with_checksum`).

    Raises ``format-too-new`` if its format is newer than the newest this version reads, else
    ``file-damaged`` with the key and the hint.
    """
    from pydantic import ValidationError

    fields: object = None
    cause: Exception
    try:
        fields = json_without_checksum(data, path, newest)
        return model.model_validate(fields)
    except ValidationError as error:
        cause, problem = error, explain_validation_error(error, fields, code="", hint="").problem
    except ValueError as error:
        is_json = not isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
        cause, problem = error, str(error) if is_json else f"it is not JSON ({error})"
    raise BabeliteError(
        f"is damaged: {problem}", code="file-damaged", path=path, hint=hint
    ) from cause
