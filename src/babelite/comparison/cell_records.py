"""JSON records of a comparison, written atomically."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babelite.errors import BabeliteError
from babelite.storage import json_with_checksum, json_without_checksum, write_text


def write_cell_record(path: Path, record: dict[str, Any]) -> None:
    """Write a JSON record atomically, with a checksum; its folder is created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json_with_checksum(record))


def read_cell_record(path: Path, newest: int | None = None) -> dict[str, Any] | None:
    """Read a JSON record; None if the file does not exist.

    With ``newest``, a record in a newer format is refused as such.
    """
    try:
        record: dict[str, Any] = json_without_checksum(path.read_bytes(), path, newest)
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = "delete it and run the command again"
        raise BabeliteError(
            f"is damaged ({error})", code="file-damaged", path=path, hint=hint
        ) from error
    return record


def error_file(job: Path) -> Path:
    """The file in which a job records why it failed."""
    return job.with_suffix(".error.json")


def write_error(job: Path, status: str, error: str) -> None:
    """Record why a job ``failed`` or was ``skipped``."""
    write_cell_record(error_file(job), {"state": status, "error": error})
