"""Sources of text in one language, without translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from babelite.corpus.languages import is_language_code, parse_language_pair
from babelite.corpus.sentences import SentenceSource
from babelite.corpus.sources import split_weight
from babelite.errors import BabeliteError

_LANGUAGE = re.compile(r"([A-Za-z0-9_@-]+)=")


class WeightedSentence(NamedTuple):
    """A sentence, and how often an epoch contains it, on average."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class MonolingualSource:
    """A file with one sentence of one language a row.

    Attributes:
        language: The language code, such as ``en``.
        sentences: The file and its column.
        weight: How often training samples its sentences, relative to a source of weight 1.
    """

    language: str
    sentences: SentenceSource
    weight: float = 1.0

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.sentences.place

    def read(self) -> Iterator[str]:
        """Stream the sentences; see `SentenceSource.read_requiring_text`."""
        return self.sentences.read_requiring_text()


def parse_monolingual_source(text: str, column: int | str | None = None) -> MonolingualSource:
    """Parse a source of text in one language: ``[WEIGHT*]LANG=PATH``.

    Args:
        text: The source.
        column: The column of the sentences; see `SentenceSource`.

    Raises:
        BabeliteError: The language is missing, code ``languages-unknown``.

    Example:
        >>> source = parse_monolingual_source("0.5*en=news.txt.gz")
        >>> source.language, source.path, source.weight
        ('en', 'news.txt.gz', 0.5)
    """
    weight, rest = split_weight(text)
    found = _LANGUAGE.match(rest)
    if found is None or not _is_one_language(found[1]) or not rest[found.end() :]:
        problem = "the language of the text is not given"
        hint = f"write en={rest.rpartition('=')[2]}, with the code of its language"
        raise BabeliteError(problem, code="languages-unknown", path=text, hint=hint)
    return MonolingualSource(found[1], SentenceSource(rest[found.end() :], column), weight)


def names_one_language(text: str) -> bool:
    """Whether a source, ``[WEIGHT*]LANG=PATH``, is text in one language and not a file of pairs.

    Example:
        >>> names_one_language("0.5*en=news.txt"), names_one_language("en-fr=memory.tmx")
        (True, False)
    """
    _, rest = split_weight(text)
    found = _LANGUAGE.match(rest)
    return found is not None and _is_one_language(found[1]) and not Path(rest).exists()


def _is_one_language(code: str) -> bool:
    """Whether a code is one language: ``en`` and ``en-US`` are, ``en-fr`` is two."""
    pair = parse_language_pair(code)
    return is_language_code(code) and (pair is None or pair[1].isupper())
