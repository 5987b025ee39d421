"""Documents as sentences: one a line, or running text that is split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babelite.errors import BabeliteError, MissingExtraError
from babelite.storage import read_lines

# A file whose longest line is shorter, and which has blank lines, is taken to be wrapped.
_WRAPPED = 100
# An end of a sentence with another sentence after it on the line.
_INNER_END = re.compile(r"[.!?…][\"'»”’)]*\s+[\"'«“‘(¿¡]*[^\W\d_a-z]|[。！？]\s*\w")


@dataclass(frozen=True)
class Document:
    """The sentences of a document.

    Attributes:
        path: Where it was read, ``-`` for standard input.
        sentences: Its sentences in order; none is blank.
        numbers: The number of each, from 1: that of its line, or its own if text was split.
        last: The greatest number there could be.
    """

    path: str
    sentences: tuple[str, ...]
    numbers: tuple[int, ...]
    last: int

    @property
    def name(self) -> str:
        """The name of the file, for people."""
        if self.path == "-":
            return "standard input"
        # A name may hold bytes that are no text.
        return os.fsencode(Path(self.path).name).decode("utf-8", "replace")

    @property
    def looks_unsplit(self) -> bool:
        """Whether so many lines hold several sentences that they seem to be paragraphs."""
        several = sum(bool(_INNER_END.search(sentence)) for sentence in self.sentences)
        return several > len(self.sentences) / 3


def read_document(path: str, language: str | None = None) -> Document:
    """Read a document.

    Args:
        path: A UTF-8 text file (``.gz``, ``.xz`` and ``.zst`` are unpacked), or ``-``.
        language: The code of its language if it is running text, to be split into sentences; if not
            given, every line that is not blank is a sentence.

    Returns:
        Its sentences.

    Raises:
        BabeliteError: The file cannot be read as text or holds no sentence.
        MissingExtraError: Text is to be split without the extra ``align``.
    """
    lines = list(read_lines(path))
    if language is None:
        kept = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    else:
        kept = list(enumerate(split_sentences(lines, language), 1))
    if not kept:
        raise BabeliteError(
            "holds only blank lines" if lines else "is empty", path=path, hint="name a text file"
        )
    numbers, sentences = zip(*kept, strict=True)
    return Document(path, sentences, numbers, len(lines) if language is None else len(kept))


def split_sentences(lines: Iterable[str], language: str) -> Iterator[str]:
    """Split running text into sentences.

    A line is a paragraph; but if all lines are short (100 characters) and some are blank, the text
    is taken to be wrapped, and paragraphs are what blank lines separate.

    Args:
        lines: The lines of the text.
        language: The code of its language, such as ``en``: its abbreviations are known.

    Yields:
        Sentences that are not blank, white space tidied.

    Raises:
        MissingExtraError: The extra ``align`` is not installed.
    """
    try:
        from sentencex import segment
    except ImportError as error:
        raise MissingExtraError("splitting text into sentences", "align") from error
    for paragraph in _paragraphs([" ".join(line.split()) for line in lines]):
        for sentence in segment(language, paragraph):
            if sentence.strip():
                yield sentence.strip()


def _paragraphs(lines: list[str]) -> Iterator[str]:
    if "" not in lines or max(map(len, lines)) > _WRAPPED:
        yield from lines
        return
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield " ".join(paragraph)
            paragraph = []
