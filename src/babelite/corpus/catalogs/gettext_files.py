"""Translated messages of gettext's PO and MO files, parsed by the translate toolkit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from babelite.corpus.catalogs.message import Message, default_text
from babelite.corpus.losses import UNFINISHED, UNTRANSLATED, Losses
from babelite.errors import BabeliteError, requires_extra

if TYPE_CHECKING:
    from translate.misc.multistring import multistring
    from translate.storage.base import TranslationStore, TranslationUnit

_MO_MAGIC = (b"\xde\x12\x04\x95", b"\x95\x04\x12\xde")
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_CHARSET = re.compile(r"(Content-Type:[^\"\n]*?charset=)([\w.:-]+)", re.IGNORECASE)
_HEADER_SIZE = 1 << 14  # bytes in which the charset is declared


def is_mo(data: bytes) -> bool:
    """Whether data begins as a compiled catalog (MO)."""
    return data.startswith(_MO_MAGIC)


def read_gettext(data: bytes, path: str, losses: Losses) -> Iterator[Message]:
    """Yield the finished translations of a PO or MO file.

    A PO file is decoded by the charset of its header, or as UTF-16 if it has zero bytes.
    """
    with requires_extra("reading PO and MO", "corpus"):
        from translate.storage import mo, pypo
    store_class: type[TranslationStore] = mo.mofile if is_mo(data) else pypo.pofile
    if not is_mo(data):
        data = _as_utf_8(data, path)
    try:
        store = store_class.parsestring(data)
        languages = store.getsourcelanguage(), store.gettargetlanguage()
        messages = [m for unit in store.units for m in _messages(unit, languages, losses)]
    except Exception as error:  # its parsers raise many kinds of errors for damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        problem, hint = f"is not a message catalog ({reason})", "fix the file or leave it out"
        raise BabeliteError(problem, code="format-invalid", path=path, hint=hint) from error
    yield from messages


def _as_utf_8(data: bytes, path: str) -> bytes:
    """A PO file in UTF-8, with this charset in its header."""
    charset = _UTF_16_MARKS.get(data[:2])
    if charset:
        data = data[2:]
    elif b"\0" in data[:2]:
        charset = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    else:
        data = data.removeprefix(_UTF_8_MARK)
        declared = _CHARSET.search(data[:_HEADER_SIZE].decode("ascii", "replace"))
        charset = declared[2] if declared and declared[2] != "CHARSET" else "utf-8"
    try:
        text = data.decode(charset)
    except LookupError as error:
        problem, hint = f"declares the unknown charset {charset!r}", "convert it to UTF-8"
        raise BabeliteError(problem, code="not-utf8", path=path, hint=hint) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"is not in its charset {charset}"
        hint = "correct the charset in the header, or convert the file to UTF-8"
        raise BabeliteError(problem, code="not-utf8", path=path, line=line, hint=hint) from error
    return _CHARSET.sub(r"\1UTF-8", text, count=1).encode("utf-8", "surrogatepass")


def _messages(
    unit: TranslationUnit, languages: tuple[str | None, str | None], losses: Losses
) -> Iterator[Message]:
    """Yield no message if the unit is unfinished, two if it has plurals, else one."""
    if unit.isheader() or unit.isobsolete():
        return
    if not unit.target:
        losses[UNTRANSLATED] += 1
        return
    if unit.isfuzzy():
        losses[UNFINISHED] += 1
        return
    default = default_text(unit.getnotes("developer"))
    sources, targets = _forms(unit.source), _forms(unit.target)
    # The first form translates the singular, the last one the plural.
    pairs = zip(sources[:2], (targets[0], targets[-1]), strict=False)
    for number, (source, target) in enumerate(pairs):
        if source and target:
            key = unit.getcontext(), str(unit.source), number
            yield Message(key, source, target, *languages, default)
        else:
            losses[UNTRANSLATED] += 1


def _forms(text: multistring | str) -> list[str]:
    return [str(form) for form in getattr(text, "strings", [text])]
