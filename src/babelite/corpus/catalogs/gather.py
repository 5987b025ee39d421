"""Gathering sentence pairs from message catalogs: the real text within everybody's reach.

Most larger applications carry their interface in dozens of languages, as catalogs of translated
messages. A message is a sentence, or the name of one; beside its translation it makes a pair.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from babelite.corpus.catalogs.discovery import CatalogFile, find_catalogs
from babelite.corpus.catalogs.interface_text import tidy
from babelite.corpus.catalogs.messages import Message, parse_catalog
from babelite.corpus.languages import base_language, matches
from babelite.corpus.pairs import Pair
from babelite.corpus.text import count_words
from babelite.errors import BabeliteError, MissingExtraError

# The order of preference among files of one catalog: sources before the compiled form, which lacks
# the notes.
_PREFERENCE = (".po", ".xliff", ".xlf", ".mo")
# A message without white space that is the name of a message: label_open, form.save.
_NAME = re.compile(r"\w*_\w*|\w+(?:[.:/-]\w+)+")


def gather(
    paths: Sequence[str | Path],
    source_language: str = "en",
    target_languages: Sequence[str] = (),
    min_words: int = 4,
) -> Iterator[tuple[str, Pair]]:
    """Gather sentence pairs from the message catalogs of folders, wheels and packages.

    A language without a region takes all its regions (``fr`` takes ``fr_CA``) in its usual script;
    see `languages.matches`. Messages are tidied into sentences (see `interface_text.tidy`), and
    those whose placeholders differ from their translation's are left out. Where messages have names
    instead of texts (``label_open``), the text is taken from the catalog's note or from the source
    language's own catalog. The same pair may come from several packages: clean them afterwards.

    Args:
        paths: Folders, wheels, zip and tar archives, single catalogs (``.po``, ``.mo``,
            ``.xliff``), or names of installed packages.
        source_language: The language of the first side. If it is not English, its own catalogs
            give the text.
        target_languages: The languages of the other side, at least one.
        min_words: Words that the source side has at least, placeholders counted.

    Yields:
        The target language as it was asked for, and the pair.

    Raises:
        BabeliteError: No language is asked for, or a place does not exist or is damaged. A catalog
            that cannot be parsed is left out with a warning.
        MissingExtraError: Without the extra ``corpus``.
    """
    if not target_languages:
        raise BabeliteError("no language is asked for", hint="name some, such as fr,de")
    languages = (source_language, *target_languages)
    for place in map(str, paths):
        catalogs = find_catalogs(place, lambda code: any(matches(w, code) for w in languages))
        files = _best(catalogs)
        originals = _Originals(files, source_language)
        for wanted in target_languages:
            for file in files:
                if matches(wanted, file.language):
                    for pair in _pairs(file, originals, min_words):
                        yield wanted, pair


def _best(catalogs: Iterator[CatalogFile]) -> list[CatalogFile]:
    """One file of each catalog and language: ``app.po`` rather than ``app.mo``."""
    best: dict[tuple[str, str], CatalogFile] = {}
    for file in catalogs:
        key = file.domain, file.language
        if key not in best or _rank(file) < _rank(best[key]):
            best[key] = file
    return list(best.values())


def _rank(file: CatalogFile) -> int:
    return _PREFERENCE.index(Path(file.path).suffix.lower())


def _pairs(file: CatalogFile, originals: _Originals, min_words: int) -> Iterator[Pair]:
    for message in _messages(file):
        source = originals.text(file.domain, message)
        pair = tidy(source, message.target) if source else None
        if pair and pair.target and count_words(pair.source) >= min_words:
            yield pair


def _messages(file: CatalogFile) -> list[Message]:
    try:
        return parse_catalog(file.read(), file.path).messages
    except MissingExtraError:
        raise
    except (BabeliteError, OSError) as error:
        warnings.warn(f"left out: {error}", stacklevel=2)
        return []


class _Originals:
    """The text of messages in the source language."""

    def __init__(self, files: Sequence[CatalogFile], language: str) -> None:
        self._is_english = base_language(language) == "en"
        own = [file for file in files if matches(language, file.language)]
        # `en` before `en_GB`.
        own.sort(key=lambda file: len(file.language), reverse=True)
        self._files = {file.domain: file for file in own}
        self._texts: dict[str, Mapping[tuple[str, str, int], str]] = {}

    def text(self, domain: str, message: Message) -> str | None:
        """The text of a message, or None if only its name is known."""
        if not self._is_english:
            return self._own(domain).get(message.key)
        if any(map(str.isspace, message.source)):
            return message.source
        text = message.default or self._own(domain).get(message.key)
        if text is None and not _NAME.fullmatch(message.source):
            return message.source
        return text

    def _own(self, domain: str) -> Mapping[tuple[str, str, int], str]:
        if domain not in self._texts:
            file = self._files.get(domain)
            messages = _messages(file) if file else []
            self._texts[domain] = {message.key: message.target for message in messages}
        return self._texts[domain]
