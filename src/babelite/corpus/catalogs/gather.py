"""Gathering sentence pairs from the message catalogs of applications."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from babelite.corpus.catalogs.discovery import CatalogFile, find_catalogs
from babelite.corpus.catalogs.interface_text import clean_message
from babelite.corpus.catalogs.message import Message
from babelite.corpus.catalogs.messages import XLIFF_SUFFIXES, read_messages
from babelite.corpus.languages import base_language, matches_language
from babelite.corpus.losses import Losses
from babelite.corpus.normalization import count_words
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, MissingExtraError

# Preferred formats of one catalog: sources first; the compiled form lacks the notes.
_PREFERENCE = (".po", *XLIFF_SUFFIXES, ".mo")
# A message that is a key, not text: label_open, form.save.
_MESSAGE_KEY = re.compile(r"\w*_\w*|\w+(?:[.:/-]\w+)+")


def gather_catalog_pairs(
    paths: Sequence[str | Path],
    source_language: str = "en",
    target_languages: Sequence[str] = (),
    min_words: int = 4,
) -> Iterator[tuple[str, Pair]]:
    """Gather sentence pairs from the message catalogs of folders, wheels and packages.

    A language without a region matches all its regions (``fr`` matches ``fr_CA``) in its default
    script. Markup is removed; messages whose placeholders differ from those of the translation are
    skipped. The text of a message that is a key (``label_open``) comes from the note in the catalog
    or from the catalog of the source language. Clean the pairs afterwards: packages may repeat
    them.

    Args:
        paths: Folders, wheels, zip and tar archives, single catalogs (``.po``, ``.mo``,
            ``.xliff``), or names of installed packages.
        source_language: The language of the first side. If it is not English, the text comes from
            its own catalogs.
        target_languages: The languages of the other side, at least one.
        min_words: The least words of the source side, placeholders included.

    Yields:
        The target language as given, and the pair.

    Raises:
        BabeliteError: No target language is given, or a place does not exist or is damaged. A
            catalog that cannot be parsed is skipped with a warning.
        MissingExtraError: Without the extra ``corpus``.
    """
    if not target_languages:
        problem, hint = "no target language is given", "name some, such as fr,de"
        raise BabeliteError(problem, code="option-missing", hint=hint)
    languages = (source_language, *target_languages)
    for place in map(str, paths):
        catalogs = find_catalogs(
            place, lambda code: any(matches_language(w, code) for w in languages)
        )
        files = _best(catalogs)
        originals = _Originals(files, source_language)
        for wanted in target_languages:
            for file in files:
                if matches_language(wanted, file.language):
                    for pair in _pairs(file, originals, min_words):
                        yield wanted, pair


def _best(catalogs: Iterator[CatalogFile]) -> list[CatalogFile]:
    """The preferred file of each catalog and language: ``app.po`` before ``app.mo``."""
    groups: dict[tuple[str, str], list[CatalogFile]] = {}
    for file in catalogs:
        groups.setdefault((file.domain, file.language), []).append(file)
    return [
        min(group, key=lambda file: _PREFERENCE.index(Path(file.path).suffix.lower()))
        for group in groups.values()
    ]


def _pairs(file: CatalogFile, originals: _Originals, min_words: int) -> Iterator[Pair]:
    for message in _messages(file):
        source = originals.text(file.domain, message)
        pair = clean_message(source, message.target) if source else None
        if pair and pair.target and count_words(pair.source) >= min_words:
            yield pair


def _messages(file: CatalogFile) -> list[Message]:
    try:
        messages = list(read_messages(BytesIO(file.read()), file.path, Losses()))
    except MissingExtraError:
        raise
    except (BabeliteError, OSError) as error:
        warnings.warn(f"skipped: {error}", stacklevel=2)
        return []
    if not file.path.lower().endswith(XLIFF_SUFFIXES):  # headers of PO often name another language
        return messages
    return [m for m in messages if _is_in(m.target_language, file.language)]


def _is_in(declared: str | None, language: str) -> bool:
    return declared is None or base_language(declared) == base_language(language)


class _Originals:
    """The text of messages in the source language."""

    def __init__(self, files: Sequence[CatalogFile], language: str) -> None:
        self._language = language
        self._is_english = base_language(language) == "en"  # as messages of gettext are
        own = [file for file in files if matches_language(language, file.language)]
        # `en` before `en_GB`.
        own.sort(key=lambda file: len(file.language), reverse=True)
        self._files = {file.domain: file for file in own}
        self._texts: dict[str, Mapping[tuple[str, str, int], str]] = {}

    def text(self, domain: str, message: Message) -> str | None:
        """The text of a message, or None if only its key is known."""
        declared = message.source_language
        is_own = matches_language(self._language, declared) if declared else self._is_english
        if not is_own:
            return self._own(domain).get(message.key)
        if any(map(str.isspace, message.source)):
            return message.source
        text = message.default or self._own(domain).get(message.key)
        if text is None and not _MESSAGE_KEY.fullmatch(message.source):
            return message.source
        return text

    def _own(self, domain: str) -> Mapping[tuple[str, str, int], str]:
        if domain not in self._texts:
            file = self._files.get(domain)
            messages = _messages(file) if file else []
            self._texts[domain] = {message.key: message.target for message in messages}
        return self._texts[domain]
