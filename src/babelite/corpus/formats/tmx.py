"""Translation memories (TMX), read and written unit by unit in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from babelite.corpus.languages import base_language, matches_language
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, requires_extra
from babelite.storage import reading_bytes, writing_bytes

if TYPE_CHECKING:
    from lxml import etree

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Elements of a segment that contain markup of another format, not words.
_NATIVE_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})
# Characters that XML 1.0 does not allow.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_tmx(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read two languages of a TMX file; ``en`` matches ``en-US``.

    Units that lack one of the two are skipped. Markup inside a segment is removed. No entity is
    resolved and no network is used.
    """
    seen: dict[str, None] = {}
    found = False
    for unit in _tmx_units(path):
        source = _variant(unit, languages[0])
        target = _variant(unit, languages[1], except_index=source)
        if source is not None and target is not None:
            found = True
            yield Pair(unit[source][1], unit[target][1])
        if len(seen) < 20:
            seen.update(dict.fromkeys(code for code, _ in unit))
    if seen and not found:
        wanted = " and ".join(languages)
        problem = f"contains no unit in both {wanted}, its languages are {', '.join(seen)}"
        hint = "name two of them as in en-fr=PATH"
        raise BabeliteError(problem, code="language-not-found", path=path, hint=hint)


def _variant(
    unit: Sequence[tuple[str, str]], wanted: str, except_index: int | None = None
) -> int | None:
    """The index of the variant in a language: one with the exact code, else the first."""
    matching = [
        index
        for index, (code, _) in enumerate(unit)
        if index != except_index and matches_language(wanted, code)
    ]
    exact = _as_in_xml(wanted).lower()
    same = [index for index in matching if _as_in_xml(unit[index][0]).lower() == exact]
    return next(iter(same or matching), None)


def _as_in_xml(code: str) -> str:
    return code.replace("_", "-")


def tmx_texts(path: str) -> Iterator[str]:
    """Yield every segment in every language."""
    for unit in _tmx_units(path):
        yield from (text for _, text in unit)


def write_tmx(path: str, pairs: Iterable[Pair], languages: tuple[str, str]) -> int:
    """Write a TMX 1.4 file with one unit a pair; return the number of pairs.

    Characters that XML does not allow become spaces.
    """
    etree = _lxml()
    for language in languages:
        if len(base_language(language)) > 3:
            problem = f"TMX needs language codes, and {language!r} is not one"
            hint = "name the languages, such as en-fr"
            raise BabeliteError(problem, code="languages-unknown", path=path, hint=hint)
    count = 0
    header = {
        "creationtool": "babelite",
        "creationtoolversion": "1",
        "segtype": "sentence",
        "o-tmf": "babelite",
        "adminlang": "en",
        "srclang": _as_in_xml(languages[0]),
        "datatype": "plaintext",
    }
    with writing_bytes(path) as out, etree.xmlfile(out, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("tmx", version="1.4"):
            xml.write(etree.Element("header", header))
            with xml.element("body"):
                for pair in pairs:
                    xml.write("\n", _tmx_unit(pair, languages))
                    count += 1
                xml.write("\n")
    return count


def _tmx_unit(pair: Pair, languages: tuple[str, str]) -> etree._Element:
    etree = _lxml()
    unit = etree.Element("tu")
    for language, text in zip(languages, pair, strict=True):
        variant = etree.SubElement(unit, "tuv", {_XML_LANG: _as_in_xml(language)})
        etree.SubElement(variant, "seg").text = _NOT_XML.sub(" ", text)
    return unit


def _tmx_units(path: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the (language, text) variants of each unit; a unit is freed after it is read."""
    etree = _lxml()
    with reading_bytes(path) as stream:
        units = etree.iterparse(
            stream,
            tag=("{*}tu",),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _, unit in units:
                yield [
                    (variant.get(_XML_LANG) or variant.get("lang") or "", _words(segment))
                    for variant in unit.iterfind("{*}tuv")
                    if (segment := variant.find("{*}seg")) is not None
                ]
                unit.clear()
                while unit.getprevious() is not None:
                    del unit.getparent()[0]
        except etree.XMLSyntaxError as error:
            problem, line = f"is not well-formed XML ({error.msg})", error.lineno
            hint = "fix the file or export it again"
            raise BabeliteError(
                problem, code="format-invalid", path=path, line=line, hint=hint
            ) from error


def _words(element: etree._Element) -> str:
    """The text of a segment without markup of another format."""
    parts = [element.text or ""]
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else None
        if name is not None and name not in _NATIVE_CODES:
            parts.append(_words(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _lxml() -> ModuleType:
    with requires_extra("TMX", "corpus"):
        return import_module("lxml.etree")
