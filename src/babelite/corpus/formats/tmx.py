"""Translation memories (TMX), read unit by unit in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from xml.etree.ElementTree import Element

from babelite.corpus.inline_markup import segment_text
from babelite.corpus.languages import is_language_code, matches_language
from babelite.corpus.losses import OTHER_LANGUAGES, Losses
from babelite.corpus.pairs import Pair
from babelite.corpus.xml_records import XML_LANG, read_blocks, read_xml
from babelite.errors import BabeliteError
from babelite.storage import reading_bytes

_SAMPLED_UNITS = 1000  # from which the languages of a file are told


def read_tmx(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[Pair]:
    """Read two languages of a TMX file; ``en`` matches ``en-US``.

    Units that lack one of the two are skipped. Markup inside a segment is removed; see
    `segment_text`.
    """
    seen: dict[str, None] = {}
    found = False
    for unit in _tmx_units(path):
        source = _variant(unit, languages[0])
        target = _variant(unit, languages[1], except_index=source)
        if source is not None and target is not None:
            found = True
            yield Pair(*(segment_text(unit[side][1], losses) for side in (source, target)))
        else:
            losses[OTHER_LANGUAGES] += 1
        if len(seen) < 20:
            seen.update(dict.fromkeys(code for code, _ in unit))
    if seen and not found:
        wanted = " and ".join(languages)
        problem = f"contains no unit in both {wanted}, its languages are {', '.join(seen)}"
        hint = "name two of them as in en-fr=PATH"
        raise BabeliteError(problem, code="language-not-found", path=path, hint=hint)


def tmx_languages(path: str, columns: tuple[str, str] | None) -> tuple[str, str] | None:
    """The two languages of the first units, the source language first; None if there are more."""
    source = ""
    seen: dict[str, str] = {}
    with reading_bytes(path) as stream:
        elements = read_xml(read_blocks(stream), path, ("tu",), ("header",))
        for _, element in islice(elements, _SAMPLED_UNITS):
            source = element.get("srclang") or source
            for variant in element.iterfind("tuv"):
                code = _as_in_xml(_language(variant))
                seen.setdefault(code.lower(), code)
    source = _as_in_xml(source).lower()
    codes = sorted(filter(is_language_code, seen.values()), key=lambda code: code.lower() != source)
    return (codes[0], codes[1]) if len(seen) == len(codes) == 2 else None


def _variant(
    unit: Sequence[tuple[str, Element]], wanted: str, except_index: int | None = None
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
    losses = Losses()
    for unit in _tmx_units(path):
        yield from (segment_text(segment, losses) for _, segment in unit)


def read_tmx_language(path: str, language: str | None) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1) and the segment of each unit in a language; "" if it has none.

    Without a language the file must have only one.
    """
    seen: dict[str, None] = {}
    found, losses = False, Losses()
    for number, unit in enumerate(_tmx_units(path), 1):
        seen.update(dict.fromkeys(code for code, _ in unit))
        if language is None and len(seen) > 1:
            problem = f"has several languages: {', '.join(seen)}"
            hint = f"choose one, for example --column {next(iter(seen))}"
            raise BabeliteError(problem, code="column-not-found", path=path, hint=hint)
        place = _variant(unit, next(iter(seen), "") if language is None else language)
        found = found or place is not None
        yield number, "" if place is None else segment_text(unit[place][1], losses)
    if seen and not found:
        problem = f"contains no unit in {language}, its languages are {', '.join(seen)}"
        hint = "choose one of them (--column)"
        raise BabeliteError(problem, code="language-not-found", path=path, hint=hint)


def _tmx_units(path: str) -> Iterator[list[tuple[str, Element]]]:
    """Yield the languages and segments of each unit."""
    with reading_bytes(path) as stream:
        for _, unit in read_xml(read_blocks(stream), path, ("tu",)):
            yield [
                (_language(variant), segment)
                for variant in unit.iterfind("tuv")
                if (segment := variant.find("seg")) is not None
            ]


def _language(variant: Element) -> str:
    return variant.get(XML_LANG) or variant.get("lang") or ""
