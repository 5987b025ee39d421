"""Message catalogs: PO, MO and XLIFF files as lists of translated messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelite.corpus.languages import is_language_code, matches_language
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, requires_extra
from babelite.storage import reading_bytes, suffix_of

if TYPE_CHECKING:
    from translate.misc.multistring import multistring
    from translate.storage.base import TranslationStore, TranslationUnit

SUFFIXES = (".po", ".mo", ".xliff", ".xlf")

# What extraction tools note down for a message that is named by a key: #. Default: "The text".
_DEFAULT_NOTE = re.compile(r'Default:\s*"(.*)"', re.DOTALL)
_MO_MAGIC = (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
_UNFINISHED_STATES = ("new", "needs-", "initial")


@dataclass(frozen=True)
class Message:
    """One translated message; a message with plurals becomes two."""

    key: tuple[str, str, int]  # context, text and plural number: the same in all languages
    source: str  # a sentence, or the key of one
    target: str
    default: str | None = None  # the sentence of a key, if the catalog notes it


@dataclass(frozen=True)
class Catalog:
    """The finished translations of one file, and the languages it names."""

    messages: list[Message]  # without untranslated, unfinished ("fuzzy") and obsolete entries
    source_language: str | None
    target_language: str | None


def parse_catalog(data: bytes, path: str) -> Catalog:
    """Parse the decompressed content of a PO, MO or XLIFF (1.x or 2.0) file."""
    store_class = _store_class(data, path)
    try:
        store = store_class.parsestring(data)
        messages = [message for unit in store.units for message in _messages(unit)]
    except Exception as error:  # its parsers raise many kinds of errors for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        problem, hint = f"is not a message catalog ({reason})", "fix the file or leave it out"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint) from error
    return Catalog(messages, store.getsourcelanguage(), store.gettargetlanguage())


def read_catalog(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read the translated messages of a PO, MO or XLIFF file.

    A singular is paired with the singular, a plural with the last plural form. The sides are
    swapped if the file translates from the wanted target into the wanted source language.
    """
    catalog = _read(path)
    swap = _is_reversed(catalog, languages, path)
    for message in catalog.messages:
        sides = message.source, message.target
        yield Pair(*reversed(sides)) if swap else Pair(*sides)


def catalog_texts(path: str) -> Iterator[str]:
    """Both sides of every translated message."""
    for message in _read(path).messages:
        yield message.source
        yield message.target


def _read(path: str) -> Catalog:
    with reading_bytes(path) as stream:
        return parse_catalog(stream.read(), path)


def _is_reversed(catalog: Catalog, languages: tuple[str, str], path: str) -> bool:
    source, target = catalog.source_language, catalog.target_language
    if _match(languages, source, target):
        return False
    # By convention of gettext the messages of a file without a source language are English.
    if target and _match(languages[::-1], source or "en", target):
        return True
    first = source or (languages[0] if is_language_code(languages[0]) else "en")
    origin = f"from {source} " if source else ""
    problem = f"translates {origin}into {target or 'another language'}"
    hint = f"write {first}-{target or languages[1]}={path} if that is what you want"
    raise BabeliteError(problem, code="language-not-found", path=path, hint=hint)


def _match(wanted: tuple[str, str], source: str | None, target: str | None) -> bool:
    """Whether the languages named in a file match the wanted ones; a missing one matches."""
    return all(
        not found or matches_language(code, found)
        for code, found in zip(wanted, (source, target), strict=True)
    )


def _store_class(data: bytes, path: str) -> type[TranslationStore]:
    """The class of the translate toolkit that parses a catalog, by its content."""
    with requires_extra("reading PO, MO and XLIFF", "corpus"):
        from translate.storage import mo, pypo, xliff, xliff2
    store: type[TranslationStore] = xliff.xlifffile
    if suffix_of(path) == ".mo" or data.startswith(_MO_MAGIC):
        store = mo.mofile
    elif not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        store = pypo.pofile
    elif re.search(rb"<xliff[^>]*\sversion\s*=\s*[\"']2", data[:4096]):
        store = xliff2.Xliff2File
    return store


def _messages(unit: TranslationUnit) -> Iterator[Message]:
    """Yield no message if the unit is unfinished, two if it has plurals, else one."""
    if unit.isheader() or unit.isobsolete() or not unit.target or _is_unfinished(unit):
        return
    note = _DEFAULT_NOTE.search(unit.getnotes("developer"))
    default = note[1].replace('\\"', '"') if note else None
    sources, targets = _forms(unit.source), _forms(unit.target)
    # The first form translates the singular, the last one the plural.
    pairs = zip(sources[:2], (targets[0], targets[-1]), strict=False)
    for number, (source, target) in enumerate(pairs):
        if source and target:
            key = unit.getcontext(), str(unit.source), number
            yield Message(key, source, target, default)


def _forms(text: multistring | str) -> list[str]:
    return [str(form) for form in getattr(text, "strings", [text])]


def _is_unfinished(unit: TranslationUnit) -> bool:
    """Whether a unit is marked as unfinished; XLIFF's approval may be missing."""
    element = getattr(unit, "xmlelement", None)
    if element is None:
        return bool(unit.isfuzzy())
    states = [node.get("state", "") for node in element.iter("{*}target", "{*}segment")]
    return element.get("approved") == "no" or any(s.startswith(_UNFINISHED_STATES) for s in states)
