"""Language codes: parsing, matching of regions and scripts, guessing from file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from babelite.corpus.formats.document_text import DOCUMENT_SUFFIXES
from babelite.errors import BabeliteError
from babelite.storage import COMPRESSIONS

# The two-letter codes of ISO 639-1, recognized in file names.
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu
hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb
lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om
or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw
ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
KNOWN_LANGUAGES = frozenset(_CODES.split())

# Codes of three letters (ISO 639-2 and 639-3) of languages that have one of two.
_THREE_LETTERS = """
ara:ar bul:bg cat:ca ces:cs cze:cs chi:zh zho:zh cym:cy dan:da deu:de ger:de ell:el gre:el eng:en
est:et eus:eu baq:eu fas:fa per:fa fin:fi fra:fr fre:fr gle:ga glg:gl heb:he hin:hi hrv:hr hun:hu
ind:id isl:is ice:is ita:it jpn:ja kor:ko lav:lv lit:lt mkd:mk mac:mk mlt:mt msa:ms may:ms nld:nl
dut:nl nob:nb nno:nn nor:no pol:pl por:pt ron:ro rum:ro rus:ru slk:sk slo:sk slv:sl spa:es sqi:sq
alb:sq srp:sr swe:sv tha:th tur:tr ukr:uk urd:ur vie:vi
"""
_TWO_LETTERS = dict(code.split(":") for code in _THREE_LETTERS.split())

# The default script of languages that are written in two.
_DEFAULT_SCRIPT = {"sr": "cyrl", "zh": "hans"}
_TRADITIONAL_CHINESE = frozenset({"tw", "hk", "mo"})

_SUBTAGS = r"(?:[-_@][A-Za-z0-9]+)*"
_CODE = rf"[A-Za-z]{{2,3}}{_SUBTAGS}"
_PREFIX = re.compile(r"([A-Za-z0-9_@,-]+)=")
_TEXT_SUFFIXES = (".txt", *DOCUMENT_SUFFIXES)
_TABLE_SUFFIXES = (".tsv", ".tab", ".csv", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".tmx")
_TEXT_ENDINGS = tuple(
    f"{suffix}{packed}" for suffix in _TEXT_SUFFIXES for packed in ("", *COMPRESSIONS)
)
_PAIR_IN_NAME = re.compile(r"(?<![a-z])([a-z]{2})[-_]([a-z]{2})(?![a-z])")


def is_language_code(text: str) -> bool:
    """Whether a text has the form of a language code, such as ``pt_BR``."""
    return re.fullmatch(_CODE, text) is not None


def base_language(code: str) -> str:
    """The language of a code without region, script or variant: two lower-case letters, if it has.

    Example:
        >>> base_language("pt_BR"), base_language("DE"), base_language("fra_Latn")
        ('pt', 'de', 'fr')
    """
    base = re.split(r"[-_@.]", code, maxsplit=1)[0].lower()
    return _TWO_LETTERS.get(base, base)


def require_known_language(code: str) -> None:
    """Raise `BabeliteError` (``language-not-found``) for a text that is no language code.

    Codes of three letters are not looked up; there are some 8,000.
    """
    base = base_language(code)
    if not is_language_code(code) or (len(base) == 2 and base not in KNOWN_LANGUAGES):
        problem = f"{code!r} is not the code of a language"
        hint = "write a code of ISO 639, such as en, de-AT or pt_BR"
        raise BabeliteError(problem, code="language-not-found", hint=hint)


def matches_language(wanted: str, found: str) -> bool:
    """Whether a language code matches a wanted one.

    A wanted code without a region matches every region (``pt`` matches ``pt_BR``), but only the
    default script: ``zh`` matches ``zh_CN`` but not ``zh_TW``, ``sr`` not ``sr_Latn``. A wanted
    code with a region matches that region only.

    Example:
        >>> matches_language("en", "en-US"), matches_language("zh", "zh_TW")
        (True, False)
    """
    base, region, script = _subtags(wanted)
    found_base, found_region, found_script = _subtags(found)
    return base == found_base and script == found_script and region in (None, found_region)


def _subtags(code: str) -> tuple[str, str | None, str | None]:
    """Base, region and script; variants (subtags of other lengths) are ignored."""
    base, *others = re.split(r"[-_@.]", code.lower())
    region = next((tag for tag in others if len(tag) == 2 or tag.isdigit()), None)
    script = next((tag for tag in others if len(tag) == 4 and tag.isalpha()), None)
    if script is None and base == "zh" and region in _TRADITIONAL_CHINESE:
        script = "hant"
    return base, region, script or _DEFAULT_SCRIPT.get(base)


def parse_language_pair(text: str) -> tuple[str, str] | None:
    """The two codes of ``en-fr``, ``en_US-fr_FR``, ``en-US-fr-FR`` or ``en-US,fr-FR``, as written.

    None if the text does not name two languages, or is ambiguous.

    Example:
        >>> parse_language_pair("en-US,fr-FR"), parse_language_pair("pt-BR-en")
        (('en-US', 'fr-FR'), ('pt-BR', 'en'))
        >>> parse_language_pair("en-us-fr-fr")
        ('en-us', 'fr-fr')
    """
    separator, text = (",", text.replace(" ", "")) if "," in text else ("-", text)
    places = [place for place, char in enumerate(text) if char == separator]
    splits = [(text[:place], text[place + 1 :]) for place in places]
    splits = [(a, b) for a, b in splits if is_language_code(a) and is_language_code(b)]
    if len(splits) > 1:  # a language is written in lower case, a region in upper case
        splits = [(a, b) for a, b in splits if re.match(r"[a-z]+(?![A-Za-z])", b)]
    if len(splits) > 1:  # en-us-fr-fr: both have a region
        splits = [(a, b) for a, b in splits if a.count(separator) == b.count(separator)]
    return splits[0] if len(splits) == 1 else None


def language_prefix(source: str, target: str) -> str:
    """The prefix that names the languages of a file: ``en-fr=``, or ``pt-br,en=`` if it is clearer.

    Example:
        >>> language_prefix("en-US", "fr-FR"), language_prefix("pt-br", "en")
        ('en-US-fr-FR=', 'pt-br,en=')
    """
    joined = f"{source}-{target}"
    clear = parse_language_pair(joined) == (source, target)
    return f"{joined}=" if clear else f"{source},{target}="


def split_language_prefix(text: str) -> tuple[tuple[str, str] | None, str]:
    """Split a leading ``LANG-LANG=`` or ``LANG,LANG=`` off a text that is not an existing file.

    Example:
        >>> split_language_prefix("en-pt_BR=memory.tmx"), split_language_prefix("memory.tmx")
        ((('en', 'pt_BR'), 'memory.tmx'), (None, 'memory.tmx'))
    """
    found = _PREFIX.match(text)
    languages = parse_language_pair(found[1]) if found else None
    if found is None or languages is None or Path(text).exists():
        return None, text
    return languages, text[found.end() :]


def guess_languages(paths: tuple[str, ...]) -> tuple[str, str] | None:
    """Guess the two languages from file names; None if they are not clear.

    Two files name them by their endings (``train.en``, ``train.fr.gz``), any file by two known
    codes in its name (``tatoeba.en-fr.tsv``, ``en_fr.tmx``).

    Example:
        >>> guess_languages(("data/train.en.gz", "data/train.fr.gz"))
        ('en', 'fr')
        >>> guess_languages(("it-works.tsv",))
    """
    endings = tuple(_language_ending(path) for path in paths)
    if len(endings) == 2 and endings[0] and endings[1] and endings[0] != endings[1]:
        return endings[0], endings[1]
    pairs = {
        pair
        for path in paths
        for pair in _PAIR_IN_NAME.findall(PurePath(path).name.lower())
        if set(pair) <= KNOWN_LANGUAGES
    }
    return pairs.pop() if len(pairs) == 1 else None


def languages_in_names(paths: Sequence[str]) -> tuple[str | None, ...]:
    """The languages that file names declare; None where they do not.

    The ending of a single file may have another meaning (``script.pl``).

    Example:
        >>> languages_in_names(["a.pt", "a.en"]), languages_in_names(["news.pl.txt.gz"])
        (('pt', 'en'), ('pl',))
        >>> languages_in_names(["script.pl"])
        (None,)
    """
    if len(paths) == 2 and (both := guess_languages((paths[0], paths[1]))):
        return both
    texts = (PurePath(path).name.lower().endswith(_TEXT_ENDINGS) for path in paths)
    return tuple(
        _language_ending(path) if is_text else None
        for path, is_text in zip(paths, texts, strict=True)
    )


def without_language_ending(path: str) -> str:
    """A path without the ending of its format, and without that of a language.

    Example:
        >>> without_language_ending("part/a.en.txt.gz"), without_language_ending("a.docx")
        ('part/a', 'a')
        >>> without_language_ending("text.v2.fr")
        'text.v2'
    """
    name = PurePath(path)
    language = _language_ending(path)
    for ignored in (COMPRESSIONS, (*_TEXT_SUFFIXES, *_TABLE_SUFFIXES), (f".{language}",)):
        if name.suffix.lower() in ignored or (name.suffix in ignored):
            name = name.with_suffix("")
    return name.as_posix()


def _language_ending(path: str) -> str | None:
    name = PurePath(path)
    for ignored in (COMPRESSIONS, (*_TEXT_SUFFIXES, *_TABLE_SUFFIXES)):
        if name.suffix.lower() in ignored:
            name = name.with_suffix("")
    ending = name.suffix[1:]
    return ending if base_language(ending) in KNOWN_LANGUAGES else None
