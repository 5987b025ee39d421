"""JSON records of a comparison, written atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from babelite.errors import BabeliteError
from babelite.storage import write_text


def write_cell_record(path: Path, record: dict[str, Any]) -> None:
    """Write a JSON record atomically; its folder is created if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(record, ensure_ascii=False) + "\n")


def read_cell_record(path: Path) -> dict[str, Any] | None:
    """Read a JSON record; None if the file does not exist."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        hint = "delete it and run the command again"
        raise BabeliteError(
            "is damaged: it is not valid JSON", code="file-damaged", path=path, hint=hint
        ) from error
    return record


def error_file(job: Path) -> Path:
    """The file in which a job records why it failed."""
    return job.with_suffix(".error.json")


def write_error(job: Path, status: str, error: str) -> None:
    """Record why a job ``failed`` or was ``skipped``."""
    write_cell_record(error_file(job), {"state": status, "error": error})
