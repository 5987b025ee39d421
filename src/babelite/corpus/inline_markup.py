"""Text of a segment of TMX or XLIFF: inline elements are removed without joining words."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from babelite.corpus.catalogs.interface_text import BLOCK_TAG, INLINE_TAG, PLACEHOLDER
from babelite.corpus.losses import INLINE_CODES, Losses

# Elements that contain markup of another format, not words.
_NATIVE_CODE = frozenset({"bpt", "ept", "it", "ph", "ut"})
# Empty elements that stand for markup of another format.
_EMPTY_CODE = frozenset({"bx", "ec", "ex", "sc", "x"})
# Starts and ends of formatted text, which may be inside a word.
_FORMATTING = frozenset({"bpt", "bx", "ec", "ept", "ex", "it", "sc"})
_FORMATTING_TYPES = frozenset({"bold", "fmt", "italic", "link", "underlined"})
_NO_SPACE_AFTER = frozenset("([{«‹“‘„‚¿¡'’/-")
_NO_SPACE_BEFORE = frozenset(")]}»›”.,;:!?…'’/-%")


def segment_text(segment: Element, losses: Losses) -> str:
    """The text of a segment.

    Markup is removed, and counted in `losses`. An element that stands for something between two
    words (a line break, an image) becomes a space. A placeholder such as ``%s`` stays.

    Example:
        >>> from xml.etree.ElementTree import fromstring
        >>> segment_text(fromstring('<seg>red<ph x="1"/>button, <ph>%d</ph> items</seg>'), Losses())
        'red button, %d items'
    """
    if not len(segment):
        return segment.text or ""
    text: list[str] = []
    gap = False
    for part in _parts(segment, losses):
        if part is None:
            gap = True
        elif part:
            if gap and text and _needs_space(text[-1][-1], part[0]):
                text.append(" ")
            text.append(part)
            gap = False
    return "".join(text)


def _parts(element: Element, losses: Losses) -> Iterator[str | None]:
    """The parts of a text; None for an element that stands between words."""
    yield element.text or ""
    for child in element:
        if child.tag == "cp":  # a character that XML does not allow
            yield " "
        elif child.get("mtype") == "x-sdl-deleted":  # by a tracked change
            pass
        elif child.tag in _NATIVE_CODE or child.tag in _EMPTY_CODE:
            yield from _code(child, losses)
        else:
            yield from _parts(child, losses)
        yield child.tail or ""


def _code(element: Element, losses: Losses) -> Iterator[str | None]:
    native = "".join(element.itertext()) or element.get("equiv-text") or element.get("disp") or ""
    if PLACEHOLDER.fullmatch(native.strip()) and "\\" not in native:  # RTF has {\\b}
        yield native
        return
    losses[INLINE_CODES] += 1
    kind = element.get("ctype") or element.get("subType") or element.get("type") or ""
    is_formatting = (
        element.tag in _FORMATTING
        or kind in _FORMATTING_TYPES
        or INLINE_TAG.fullmatch(native.strip())
    )
    if not is_formatting or BLOCK_TAG.search(native):
        yield None


def _needs_space(before: str, after: str) -> bool:
    """Whether two characters would be joined that a removed element separated."""
    if before.isspace() or after.isspace():
        return False
    return before not in _NO_SPACE_AFTER and after not in _NO_SPACE_BEFORE
