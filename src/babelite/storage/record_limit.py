"""Limit of the size of one record, which a decompression bomb exceeds."""

from __future__ import annotations

from pathlib import Path

from babelite.errors import BabeliteError

# Bytes of a line, a value, a translation unit, or a catalog that is parsed as a whole.
MAX_RECORD_BYTES = 1 << 26


def record_too_large(path: str | Path, record: str, line: int | None = None) -> BabeliteError:
    """The error for a record (such as "line") above the limit."""
    problem = f"contains a {record} of more than {MAX_RECORD_BYTES >> 20} MiB"
    hint = "check that the file is text of this format, or split it into smaller records"
    return BabeliteError(problem, code="limit-exceeded", path=path, line=line, hint=hint)
