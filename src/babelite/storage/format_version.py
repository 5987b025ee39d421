"""Files of newer versions of babelite: refused by name, before they are misread."""

from __future__ import annotations

from pathlib import Path

from babelite.errors import BabeliteError


def require_readable(fields: object, newest: int, path: str | Path) -> None:
    """See that a record was not written in a newer format than this version reads.

    Args:
        fields: What the JSON of the record holds, with ``format_version`` and
            ``babelite_version``; anything else is left for whoever validates it.
        newest: The newest format that is known.
        path: Where the record is.

    Raises:
        BabeliteError: It was.
    """
    if not isinstance(fields, dict):
        return
    version = fields.get("format_version")
    if isinstance(version, int) and version > newest:
        raise BabeliteError(
            f"was written by babelite {fields.get('babelite_version')} in a newer format",
            path=path,
            hint="run: pip install --upgrade babelite",
        )
