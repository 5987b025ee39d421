"""Message catalogs: PO, MO and XLIFF files as streams of translated messages and pairs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import BinaryIO

from babelite.corpus.catalogs.gettext_files import is_mo, read_gettext
from babelite.corpus.catalogs.message import Message
from babelite.corpus.catalogs.xliff import read_xliff
from babelite.corpus.languages import is_language_code, language_prefix, matches_language
from babelite.corpus.losses import OTHER_LANGUAGES, Losses
from babelite.corpus.pairs import Pair
from babelite.corpus.xml_records import read_blocks
from babelite.errors import BabeliteError
from babelite.storage import MAX_RECORD_BYTES, reading_bytes, record_too_large, suffix_of

XLIFF_SUFFIXES = (".xliff", ".xlf", ".sdlxliff", ".mqxliff")
SUFFIXES = (".po", ".mo", *XLIFF_SUFFIXES)

_BEFORE_TEXT = b"\0\xef\xbb\xbf\xff\xfe \t\r\n"  # white space, byte-order marks, UTF-16


def read_messages(stream: BinaryIO, path: str, losses: Losses) -> Iterator[Message]:
    """Yield the finished translations of a PO, MO or XLIFF file, told apart by their content.

    Entries that are untranslated, unfinished ("fuzzy") or obsolete are left out. XLIFF is read in
    bounded memory.
    """
    blocks = read_blocks(stream)
    start = next(blocks)
    blocks = chain([start], blocks)
    if not is_mo(start) and start.strip(_BEFORE_TEXT).startswith(b"<"):
        yield from read_xliff(blocks, path, losses)
    elif not is_mo(start) and suffix_of(path) in (*XLIFF_SUFFIXES, ".mo"):
        problem = f"is not a message catalog ({suffix_of(path)[1:].upper()})"
        hint = "fix the file or leave it out"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint)
    else:
        yield from read_gettext(_joined(blocks, path), path, losses)


def _joined(blocks: Iterator[bytes], path: str) -> bytes:
    """The whole content of a file that is parsed at once."""
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > MAX_RECORD_BYTES:
            raise record_too_large(path, "catalog")
    return bytes(data)


def read_catalog(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[Pair]:
    """Read the translated messages of a PO, MO or XLIFF file.

    A singular is paired with the singular, a plural with the last plural form. The sides are
    swapped if the file translates from the wanted target into the wanted source language. In XLIFF
    each ``<file>`` has its own languages; those in other languages are left out.
    """
    others: dict[tuple[str | None, str | None], None] = {}
    found = False

    @cache
    def is_reversed(source: str | None, target: str | None) -> bool | None:
        return _is_reversed(languages, source, target)

    with reading_bytes(path) as stream:
        for message in read_messages(stream, path, losses):
            declared = message.source_language, message.target_language
            swap = is_reversed(*declared)
            if swap is None:
                others[declared] = None
                losses[OTHER_LANGUAGES] += 1
                continue
            found = True
            pair = Pair(message.source, message.target)
            yield Pair(pair.target, pair.source) if swap else pair
    if others and not found:
        raise _wrong_languages(languages, list(others), path)


def catalog_texts(path: str) -> Iterator[str]:
    """Both sides of every translated message."""
    with reading_bytes(path) as stream:
        for message in read_messages(stream, path, Losses()):
            yield message.source
            yield message.target


def catalog_languages(path: str, columns: tuple[str, str] | None) -> tuple[str, str] | None:
    """The two languages that a catalog declares; None if it declares none or several pairs."""
    with reading_bytes(path) as stream:
        declared = {
            (message.source_language or "en", message.target_language)
            for message in read_messages(stream, path, Losses())
        }
    if len(declared) != 1:
        return None
    source, target = declared.pop()
    codes = source and target and is_language_code(source) and is_language_code(target)
    return (source, target) if target and codes else None


def _is_reversed(languages: tuple[str, str], source: str | None, target: str | None) -> bool | None:
    """Whether a file translates between the wanted languages in reverse; None if it does not."""
    if _match(languages, source, target):
        return False
    # By convention of gettext the messages of a file without a source language are English.
    if target and _match(languages[::-1], source or "en", target):
        return True
    return None


def _match(wanted: tuple[str, str], source: str | None, target: str | None) -> bool:
    """Whether the languages named in a file match the wanted ones; a missing one matches."""
    return all(
        not found or matches_language(code, found)
        for code, found in zip(wanted, (source, target), strict=True)
    )


def _wrong_languages(
    wanted: tuple[str, str], declared: list[tuple[str | None, str | None]], path: str
) -> BabeliteError:
    """The error for a file that does not translate between the wanted languages."""
    prefixes, ways = [], []
    for source, target in declared:
        origin = f"from {source} " if source else ""
        ways.append(f"{origin}into {target or 'another language'}")
        first = source or (wanted[0] if is_language_code(wanted[0]) else "en")
        prefixes.append(language_prefix(first, target or wanted[1]))
    problem = f"translates {' and '.join(ways)}"
    hint = f"write {' or '.join(p + path for p in prefixes)} if that is what you want"
    return BabeliteError(problem, code="language-not-found", path=path, hint=hint)
