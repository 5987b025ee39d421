"""Format versions: refuse files that a newer version of babelite wrote."""

from __future__ import annotations

from pathlib import Path

from babelite.errors import BabeliteError


def check_format_version(fields: object, newest: int, path: str | Path) -> None:
    """Raise if a newer version of babelite wrote a file in a format this version does not know.

    Args:
        fields: The parsed JSON, with ``format_version`` and ``babelite_version``; anything but an
            object passes, and fails later when its fields are validated.
        newest: The newest known format version.
        path: The file, for the message.

    Raises:
        BabeliteError: The format is newer.
    """
    if not isinstance(fields, dict):
        return
    version = fields.get("format_version")
    if isinstance(version, int) and version > newest:
        raise BabeliteError(
            f"was written by babelite {fields.get('babelite_version')} in a newer format",
            code="format-too-new",
            path=path,
            hint="run: pip install --upgrade babelite",
        )
