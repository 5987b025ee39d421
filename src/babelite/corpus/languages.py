"""Language codes: how they are written, which ones mean the same, and where a name holds them."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from babelite.storage import COMPRESSIONS

# The two-letter codes of ISO 639-1: what a file name is believed about without being told.
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu
hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb
lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om
or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw
ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
KNOWN = frozenset(_CODES.split())

# The script a code means when it names none, for languages that are written in two.
_HOME_SCRIPT = {"sr": "cyrl", "zh": "hans"}
_TRADITIONAL_CHINESE = frozenset({"tw", "hk", "mo"})

_CODE = r"[A-Za-z]{2,3}(?:[_@][A-Za-z0-9]+)*"
_PREFIX = re.compile(rf"({_CODE})-({_CODE})=")
_PAIR_IN_NAME = re.compile(r"(?<![a-z])([a-z]{2})[-_]([a-z]{2})(?![a-z])", re.IGNORECASE)


def is_code(text: str) -> bool:
    """Whether a text looks like the code of a language.

    Example:
        >>> is_code("pt_BR"), is_code("source")
        (True, False)
    """
    return re.fullmatch(_CODE, text) is not None


def base_language(code: str) -> str:
    """The language of a code without region, script or variant, in lower case.

    Example:
        >>> base_language("pt_BR"), base_language("en-US")
        ('pt', 'en')
    """
    return re.split(r"[-_@.]", code, maxsplit=1)[0].lower()


def matches(wanted: str, found: str) -> bool:
    """Whether text marked with one language code answers a wish for another.

    A wish without a region takes every region (``pt`` takes ``pt_BR``), but only the script the
    language is mostly written in: ``zh`` takes ``zh_CN`` and not ``zh_TW``, ``sr`` not
    ``sr_Latn``. A wish with a region takes that region alone.

    Args:
        wanted: The language asked for, such as ``fr``, ``pt_BR`` or ``zh-Hant``.
        found: The language the text is marked with.

    Example:
        >>> matches("en", "en-US"), matches("pt_BR", "pt-PT"), matches("zh", "zh_TW")
        (True, False, False)
    """
    base, region, script = _subtags(wanted)
    found_base, found_region, found_script = _subtags(found)
    return base == found_base and script == found_script and region in (None, found_region)


def _subtags(code: str) -> tuple[str, str | None, str | None]:
    """Base, region and script; a word of another length names a variant and is passed over."""
    base, *others = re.split(r"[-_@.]", code.lower())
    region = next((tag for tag in others if len(tag) == 2 or tag.isdigit()), None)
    script = next((tag for tag in others if len(tag) == 4 and tag.isalpha()), None)
    if script is None and base == "zh" and region in _TRADITIONAL_CHINESE:
        script = "hant"
    return base, region, script or _HOME_SCRIPT.get(base)


def split_prefix(text: str) -> tuple[tuple[str, str] | None, str]:
    """Take a leading ``LANG-LANG=`` off a text that names no file as it stands.

    Example:
        >>> split_prefix("en-pt_BR=memory.tmx"), split_prefix("memory.tmx")
        ((('en', 'pt_BR'), 'memory.tmx'), (None, 'memory.tmx'))
    """
    found = _PREFIX.match(text)
    if found is None or Path(text).exists():
        return None, text
    return (found[1], found[2]), text[found.end() :]


def guess_pair(paths: tuple[str, ...]) -> tuple[str, str] | None:
    """The two languages that file names speak of, or None.

    Two files say it by their endings (``train.en``, ``train.fr.gz``), any file by two known codes
    in its name (``tatoeba.en-fr.tsv``, ``en_fr.tmx``). A name with several different pairs says
    nothing.

    Example:
        >>> guess_pair(("data/train.en.gz", "data/train.fr.gz")), guess_pair(("it-works.tsv",))
        (('en', 'fr'), None)
    """
    endings = tuple(_language_ending(path) for path in paths)
    if len(endings) == 2 and endings[0] and endings[1] and endings[0] != endings[1]:
        return endings[0], endings[1]
    pairs = {
        (found[1].lower(), found[2].lower())
        for path in paths
        for found in _PAIR_IN_NAME.finditer(PurePath(path).name)
        if {found[1].lower(), found[2].lower()} <= KNOWN
    }
    return pairs.pop() if len(pairs) == 1 else None


def _language_ending(path: str) -> str | None:
    name = PurePath(path)
    if name.suffix.lower() in COMPRESSIONS:
        name = name.with_suffix("")
    if name.suffix.lower() == ".txt":
        name = name.with_suffix("")
    ending = name.suffix[1:]
    return ending if base_language(ending) in KNOWN else None
