"""Numbers with a noun, for messages."""

from __future__ import annotations


def quantity(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless it is one; the plural adds an "s".

    Example:
        >>> quantity(1, "line"), quantity(2000, "distinct line")
        ('1 line', '2,000 distinct lines')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
