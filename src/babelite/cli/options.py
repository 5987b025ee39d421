"""What several commands read in the same way."""

from __future__ import annotations

from babelite.errors import BabeliteError


def parse_columns(text: str | None) -> tuple[str, str] | None:
    """Read ``--columns``: two numbers or names with a comma between them.

    Raises:
        BabeliteError: There are not exactly two.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise BabeliteError(
            f"--columns {text} does not name two columns", remedy="write for example --columns 1,2"
        )
    return parts[0], parts[1]
