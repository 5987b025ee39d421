"""Sentence splitting: by language rules (sentencex), or by punctuation alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from babelite.corpus.abbreviations import continues
from babelite.corpus.languages import base_language, require_known_language
from babelite.errors import requires_extra

# Text with blank lines whose longest line has at most so many characters is hard-wrapped.
_WRAPPED = 100

# A sentence ends at punctuation and closing quotes before white space; in scripts without spaces
# directly after them. A full stop after one letter marks an initial.
_SENTENCE_END = re.compile(r"((?<!\b\w)[.!?…]+[\"'»”’)\]]*)\s+|([。！？]+[」』”’）]*)\s*")


def split_sentences(lines: Iterable[str], language: str) -> Iterator[str]:
    """Split running text into sentences by the rules of a language.

    Each line is a paragraph. But if all lines are short (100 characters) and some are blank, the
    text is taken as hard-wrapped, with blank lines between paragraphs.

    Args:
        lines: The lines of the text.
        language: The code of its language, such as ``en`` or ``de-AT``; it decides which
            abbreviations count.

    Yields:
        Sentences that are not blank, with single spaces.

    Raises:
        BabeliteError: The code is not that of a language; code ``language-not-found``.
        MissingExtraError: The extra ``align`` is not installed.
    """
    require_known_language(language)
    base = base_language(language)
    with requires_extra("splitting text into sentences", "align"):
        from sentencex import segment
    for paragraph in _paragraphs([" ".join(line.split()) for line in lines]):
        yield from _joined(segment(base, paragraph), base)


def split_at_punctuation(text: str) -> list[str]:
    """Split a document into sentences by punctuation alone, in any language.

    It needs no library, and is less exact than `split_sentences`. Saved classifiers depend on it.

    Returns:
        The stripped sentences; the whole text if there is none.

    Example:
        >>> split_at_punctuation("Shares of J. Smith rose. So did others! 株価は上昇した。終わり。")
        ['Shares of J. Smith rose.', 'So did others!', '株価は上昇した。', '終わり。']
    """
    cut = _SENTENCE_END.sub(lambda end: f"{end[1] or end[2]}\n", text)
    return [part for part in map(str.strip, cut.split("\n")) if part] or [text]


def _joined(segments: Iterable[str], language: str) -> Iterator[str]:
    """Join segments that were cut within a sentence; yield those that are not blank."""
    sentence = ""
    for segment in segments:
        if sentence and not continues(sentence, segment, language):
            if sentence.strip():
                yield sentence.strip()
            sentence = ""
        sentence += segment
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
