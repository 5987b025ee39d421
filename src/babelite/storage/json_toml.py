"""JSON and TOML files: reading, and their format versions."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from babelite.errors import BabeliteError
from babelite.storage.paths import require_file
from babelite.storage.validation_errors import explain_validation_error

if TYPE_CHECKING:
    from pydantic import BaseModel

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
