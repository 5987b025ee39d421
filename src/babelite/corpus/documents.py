"""Documents as lists of sentences: one sentence a line, or running text that is split."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from babelite.corpus.abbreviations import continues
from babelite.corpus.normalization import one_line
from babelite.corpus.sentence_splitting import split_at_punctuation, split_sentences
from babelite.corpus.sentences import SentenceSource
from babelite.errors import BabeliteError


@dataclass(frozen=True)
class Document:
    """The sentences of a document.

    Attributes:
        path: The file, or ``-`` for standard input.
        sentences: The sentences in order; none is blank.
        numbers: The number of each sentence, from 1: its line, or its position if text was split.
        last: The greatest possible number: lines of the file, or sentences.
    """

    path: str
    sentences: tuple[str, ...]
    numbers: tuple[int, ...]
    last: int

    @property
    def name(self) -> str:
        """The name of the file for display."""
        if self.path == "-":
            return "standard input"
        # A file name may contain bytes that are not UTF-8.
        return os.fsencode(Path(self.path).name).decode("utf-8", "replace")

    @property
    def looks_unsplit(self) -> bool:
        """Whether more than a third of the lines contain several sentences, as paragraphs do."""
        several = sum(map(_has_several_sentences, self.sentences))
        return several > len(self.sentences) / 3


def read_document(
    path: str, language: str | None = None, column: int | str | None = None
) -> Document:
    """Read a document.

    Args:
        path: Any file that `SentenceSource` reads, or ``-``.
        language: The language code of running text, which is split into sentences (this needs the
            extra ``align``). Default: every line that is not blank is a sentence.
        column: The column of the text; see `SentenceSource`.

    Raises:
        BabeliteError: The file cannot be read as text, or has no sentence; code ``input-empty``.
    """
    lines = list(SentenceSource(path, column).read_numbered())
    if language is None:
        kept = [(number, one_line(line.strip())) for number, line in lines if line.strip()]
    else:
        kept = list(enumerate(split_sentences((line for _, line in lines), language), 1))
    if not kept:
        problem = "contains only blank lines" if lines else "is empty"
        raise BabeliteError(problem, code="input-empty", path=path, hint="name a text file")
    numbers, sentences = zip(*kept, strict=True)
    return Document(path, sentences, numbers, lines[-1][0] if language is None else len(kept))


def _has_several_sentences(line: str) -> bool:
    """Whether punctuation splits a line, but not after the number of a list item."""
    return any(
        not after[0].islower() and not continues(f"{before} ", after, "")
        for before, after in pairwise(split_at_punctuation(line))
    )
