"""TMX and XLIFF files written unit by unit, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from babelite.corpus.languages import base_language
from babelite.corpus.losses import EMPTY_SIDES, Losses
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError
from babelite.storage import writing_text

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TMX_HEAD = """<tmx version="1.4"><header creationtool="babelite" creationtoolversion="1" \
segtype="sentence" o-tmf="babelite" adminlang="en" srclang={source} datatype="plaintext"/><body>
"""
_XLIFF_HEAD = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">\
<file original="babelite" source-language={source} target-language={target} \
datatype="plaintext"><body>
"""
# Characters that XML 1.0 does not allow.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_tmx(path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses) -> int:
    """Write a TMX 1.4 file with one unit a pair; return the number of units.

    Pairs with an empty side, which translate nothing, are left out. Characters that XML does not
    allow become spaces.
    """
    source, target = _xml_codes(path, languages)
    count = 0
    with writing_text(path) as out:
        out.write(_DECLARATION + _TMX_HEAD.format(source=source))
        for sides in _complete(pairs, losses):
            count += 1
            variants = zip((source, target), sides, strict=True)
            segments = (f"<tuv xml:lang={code}><seg>{side}</seg></tuv>" for code, side in variants)
            out.write(f"<tu>{''.join(segments)}</tu>\n")
        out.write("</body></tmx>\n")
    return count


def write_xliff(
    path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses
) -> int:
    """Write an XLIFF 1.2 file with one unit a pair; as `write_tmx`."""
    source, target = _xml_codes(path, languages)
    count = 0
    with writing_text(path) as out:
        out.write(_DECLARATION + _XLIFF_HEAD.format(source=source, target=target))
        for sides in _complete(pairs, losses):
            count += 1
            text = f"<source>{sides[0]}</source><target>{sides[1]}</target>"
            out.write(f'<trans-unit id="{count}" xml:space="preserve">{text}</trans-unit>\n')
        out.write("</body></file></xliff>\n")
    return count


def require_language_codes(path: str, languages: tuple[str | None, str | None]) -> None:
    """Raise ``languages-unknown`` unless both are language codes, which TMX and XLIFF need."""
    for language in languages:
        if language is None or len(base_language(language)) > 3:
            problem = "the format needs the codes of both languages"
            problem += "" if language is None else f", and {language!r} is not one"
            hint = "add for example --languages en-fr"
            raise BabeliteError(problem, code="languages-unknown", path=path, hint=hint)


def _xml_codes(path: str, languages: tuple[str, str]) -> tuple[str, str]:
    """The quoted values of ``xml:lang``."""
    require_language_codes(path, languages)
    source, target = (quoteattr(language.replace("_", "-")) for language in languages)
    return source, target


def _complete(pairs: Iterable[Pair], losses: Losses) -> Iterator[list[str]]:
    """The pairs with text on both sides, as content of XML."""
    for pair in pairs:
        sides = [_NOT_XML.sub(" ", side) for side in pair]
        if all(map(str.strip, sides)):
            # XML reads a plain carriage return as a line feed.
            yield [escape(side, {"\r": "&#13;"}) for side in sides]
        else:
            losses[EMPTY_SIDES] += 1
