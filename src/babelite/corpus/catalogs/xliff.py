"""Translated messages of XLIFF files, versions 1.0 to 2.1, also of SDL Trados and memoQ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

from babelite.corpus.catalogs.message import Message, default_text
from babelite.corpus.inline_markup import segment_text
from babelite.corpus.losses import UNFINISHED, UNTRANSLATED, Losses
from babelite.corpus.xml_records import read_xml
from babelite.errors import BabeliteError

_RECORDS = ("trans-unit", "unit")
_CONTAINERS = ("xliff", "file", "group")
_UNFINISHED_STATES = ("new", "needs-", "initial")
# Of SDL Trados (of a segment) and of memoQ (of a unit).
_UNFINISHED_SEGMENTS = ("Draft", "RejectedTranslation", "RejectedSignOff")
_UNFINISHED_STATUSES = ("NotStarted", "PartiallyEdited", "MachineTranslated", "Rejected")
_HEADER = "gettext-domain-header"  # restype of a PO header
_PLURALS = "x-gettext-plurals"  # restype of a group with one unit a plural form


def read_xliff(blocks: Iterable[bytes], path: str, losses: Losses) -> Iterator[Message]:
    """Yield the finished translations of an XLIFF file, each with the languages of its file."""
    is_xliff = False
    languages: tuple[str | None, str | None] = (None, None)
    groups: list[str] = []  # the restypes of the open groups
    plurals: list[Element] = []
    for event, element in read_xml(blocks, path, _RECORDS, _CONTAINERS):
        if element.tag == "group":
            if event == "start":
                groups.append(element.get("restype") or "")
            elif groups and groups.pop() == _PLURALS:
                yield from _plural_messages(plurals, languages, losses)
                plurals = []
        elif element.tag in _CONTAINERS:
            is_xliff = is_xliff or element.tag == "xliff"
            if event == "start":
                languages = _languages(element, languages)
        elif groups and groups[-1] == _PLURALS:
            plurals.append(element)
        else:
            yield from _unit_messages(element, languages, losses)
    if not is_xliff:
        problem, hint = "is not a message catalog (no XLIFF)", "fix the file or leave it out"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)


def _languages(
    element: Element, before: tuple[str | None, str | None]
) -> tuple[str | None, str | None]:
    """The languages of a file: its own in XLIFF 1, those of the root in XLIFF 2."""
    source = element.get("source-language") or element.get("srcLang")
    target = element.get("target-language") or element.get("trgLang")
    return (
        (source, target) if element.tag == "xliff" else (source or before[0], target or before[1])
    )


def _unit_messages(
    unit: Element, languages: tuple[str | None, str | None], losses: Losses
) -> Iterator[Message]:
    """The messages of a unit: one a segment, if it has some (XLIFF 2, SDL Trados), else one."""
    if _HEADER in (unit.get("restype") or ""):
        return
    segments = _marked_segments(unit) if unit.tag == "trans-unit" else unit.findall("segment")
    for segment in segments:
        sides = _sides(unit, segment, losses)
        if sides is not None:
            key = "", sides[0], 0
            yield Message(key, *sides, *languages, default_text(_note(unit)))


def _marked_segments(unit: Element) -> list[Element]:
    """The segments that a unit of XLIFF 1 marks on both sides; the unit itself if there are none.

    The order is that of the source. The state of a segment is the one that SDL Trados gives it.
    """
    sides = [
        {mark.get("mid"): mark for mark in side.iter("mrk") if mark.get("mtype") == "seg"}
        for name in ("seg-source", "target")
        if (side := unit.find(name)) is not None
    ]
    if len(sides) < 2 or not all(sides):
        return [unit]
    confirmed = {mark.get("id"): mark.get("conf") for mark in unit.iter("seg")}
    segments = []
    for mid in sides[0]:
        conf = confirmed.get(mid) or ""
        segment = Element("segment", {"state": "new"} if conf in _UNFINISHED_SEGMENTS else {})
        for name, marks in zip(("source", "target"), sides, strict=True):
            if mid in marks:
                text = SubElement(segment, name)
                text.text = marks[mid].text
                text.extend(marks[mid])
        segments.append(segment)
    return segments


def _plural_messages(
    units: Sequence[Element], languages: tuple[str | None, str | None], losses: Losses
) -> Iterator[Message]:
    """The first form translates the singular, the last one the plural."""
    forms = [sides for unit in units if (sides := _sides(unit, unit, losses))]
    for number, sides in enumerate(forms[:1] + forms[1:][-1:]):
        key = "", forms[0][0], number
        yield Message(key, *sides, *languages, default_text(_note(units[0])))


def _sides(unit: Element, segment: Element, losses: Losses) -> tuple[str, str] | None:
    """Source and target; None if one is missing or the translation is not finished."""
    source, target = segment.find("source"), segment.find("target")
    states = (segment.get("state") or "", "" if target is None else target.get("state") or "")
    texts = "", ""
    if source is not None and target is not None:
        preserve = any(node.get("xml:space") == "preserve" for node in (unit, segment, source))
        texts = _text(source, preserve, losses), _text(target, preserve, losses)
    if not all(texts):
        losses[UNTRANSLATED] += 1
        return None
    refused = unit.get("approved") == "no" or unit.get("mq:status") in _UNFINISHED_STATUSES
    if refused or any(state.startswith(_UNFINISHED_STATES) for state in states):
        losses[UNFINISHED] += 1
        return None
    return texts


def _text(element: Element, preserve: bool, losses: Losses) -> str:
    """The text of a side; runs of white space are one space unless they are preserved."""
    text = segment_text(element, losses)
    return text if preserve and text.strip() else " ".join(text.split())


def _note(unit: Element) -> str:
    return "\n".join("".join(note.itertext()) for note in unit.iter("note"))
