"""Message catalogs: PO, MO and XLIFF files as lists of translated messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelite.corpus.languages import is_code, matches
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, MissingExtraError
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
    """One translated message; a message with plurals makes two.

    Attributes:
        key: What identifies the message in the catalogs of all languages: context, text, number.
        source: The text in the program: a sentence, or the name of one.
        target: Its translation.
        default: The sentence meant, if `source` is a name and the catalog notes the sentence.
    """

    key: tuple[str, str, int]
    source: str
    target: str
    default: str | None = None


@dataclass(frozen=True)
class Catalog:
    """The finished translations of one file.

    Attributes:
        messages: Header, untranslated, unfinished ("fuzzy") and obsolete entries are left out.
        source_language: What the file says of itself, if it does.
        target_language: Likewise.
    """

    messages: list[Message]
    source_language: str | None
    target_language: str | None


def parse_catalog(data: bytes, path: str) -> Catalog:
    """Parse the content of a PO, MO or XLIFF (1.x or 2.0) file.

    Args:
        data: The content, decompressed.
        path: Its name, for the ending ``.mo`` and for messages.

    Raises:
        BabeliteError: It is not a file of that format.
        MissingExtraError: Without the extra ``corpus``.
    """
    parse = _parser(data, path)
    try:
        store = parse(data)
        messages = [message for unit in store.units for message in _messages(unit)]
    except Exception as error:  # its own, and whatever its parsers stumble over in broken files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BabeliteError(
            f"is not a message catalog ({reason})", path=path, hint="mend it or leave it out"
        ) from error
    return Catalog(messages, store.getsourcelanguage(), store.gettargetlanguage())


def read_catalog(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read the translated messages of a PO, MO or XLIFF file.

    Singular goes with singular, plural with the last plural form. If the file says that it
    translates from the target into the source language, the sides are exchanged.

    Args:
        path: The file.
        languages: The languages wanted.
        columns: Not used: catalogs have none.

    Raises:
        BabeliteError: The file is broken, or says that it is in another language.
    """
    catalog = _read(path)
    exchange = _is_reversed(catalog, languages, path)
    for message in catalog.messages:
        pair = Pair(message.source, message.target)
        yield Pair(pair.target, pair.source) if exchange else pair


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
    if _answer(languages, source, target):
        return False
    # What says nothing of its messages has English ones, as gettext wants them.
    if target and _answer(languages[::-1], source or "en", target):
        return True
    first = source or (languages[0] if is_code(languages[0]) else "en")
    origin = f"from {source} " if source else ""
    raise BabeliteError(
        f"says that it translates {origin}into {target or 'another language'}",
        path=path,
        hint=f"write {first}-{target or languages[1]}={path} if that is what you want",
    )


def _answer(wanted: tuple[str, str], source: str | None, target: str | None) -> bool:
    """Whether languages that a file names, as far as it does, are those that are wanted."""
    return all(
        not found or matches(code, found)
        for code, found in zip(wanted, (source, target), strict=True)
    )


def _parser(data: bytes, path: str) -> Callable[[bytes], TranslationStore]:
    try:
        from translate.storage import mo, pypo, xliff, xliff2
    except ImportError as error:
        raise MissingExtraError("reading PO, MO and XLIFF", "corpus") from error
    parser: Callable[[bytes], TranslationStore]
    if suffix_of(path) == ".mo" or data.startswith(_MO_MAGIC):
        parser = mo.mofile.parsestring
    elif not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        parser = pypo.pofile.parsestring
    elif re.search(rb"<xliff[^>]*\sversion\s*=\s*[\"']2", data[:4096]):
        parser = xliff2.Xliff2File.parsestring
    else:
        parser = xliff.xlifffile.parsestring
    return parser


def _messages(unit: TranslationUnit) -> Iterator[Message]:
    """No message if the unit is not finished, two if it has plurals, else one."""
    if unit.isheader() or unit.isobsolete() or not unit.target or _is_unfinished(unit):
        return
    note = _DEFAULT_NOTE.search(unit.getnotes("developer"))
    default = note[1].replace('\\"', '"') if note else None
    name = str(unit.source)
    sources = _forms(unit.source)
    targets = _forms(unit.target)
    # The first form answers the singular, the last one the plural.
    for number, (source, target) in enumerate(
        zip(sources[:2], (targets[0], targets[-1]), strict=False)
    ):
        if source and target:
            yield Message((unit.getcontext(), name, number), source, target, default)


def _forms(text: multistring | str) -> list[str]:
    return [str(form) for form in getattr(text, "strings", [text])]


def _is_unfinished(unit: TranslationUnit) -> bool:
    """Marked as unfinished; XLIFF's missing approval does not count, few tools ever write it."""
    element = getattr(unit, "xmlelement", None)
    if element is None:
        return bool(unit.isfuzzy())
    states = [node.get("state", "") for node in element.iter("{*}target", "{*}segment")]
    return element.get("approved") == "no" or any(s.startswith(_UNFINISHED_STATES) for s in states)
