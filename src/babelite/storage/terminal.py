"""Text for terminals: control characters, which could command the terminal, become visible."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# The same in UTF-8, whose longer sequences contain no byte below 0x80.
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def visible_text(text: str) -> str:
    r"""Replace control characters, except tabs and line breaks, by symbols of Unicode.

    Example:
        >>> visible_text("red: \x1b[31m")
        'red: ␛[31m'
    """
    return _CONTROLS.sub(lambda found: _symbol(ord(found[0])), text)


class TerminalWriter(io.RawIOBase):
    """Writes UTF-8 bytes to a terminal, with visible control characters."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        """Whether bytes can be written: yes."""
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        """Write all bytes."""
        data = bytes(data)
        self._stream.write(_CONTROL_BYTES.sub(lambda b: _symbol(b[0][-1]).encode(), data))
        return len(data)

    def flush(self) -> None:
        """Flush the terminal, if the writer is not closed."""
        if not self.closed:
            self._stream.flush()


def _symbol(code: int) -> str:
    """The picture of a control character; U+FFFD for those that have none."""
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"
