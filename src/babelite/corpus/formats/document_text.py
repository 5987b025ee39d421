"""Documents as lines of text, by the file ending: subtitles, HTML and Word."""

from __future__ import annotations

from collections.abc import Iterator

from babelite.errors import BabeliteError
from babelite.storage import (
    MAX_RECORD_BYTES,
    decode_lines,
    reading_path_or_url,
    record_too_large,
    suffix_of,
)

DOCUMENT_SUFFIXES = (".srt", ".vtt", ".html", ".htm", ".xhtml", ".docx")


def is_document(place: str) -> bool:
    """Whether a file is read as a document: its ending is one of `DOCUMENT_SUFFIXES`."""
    return suffix_of(place) in DOCUMENT_SUFFIXES


def document_texts(place: str) -> Iterator[str]:
    """Yield the lines of a document, none of them blank: cues, blocks of HTML, or paragraphs.

    HTML and Word need the extra ``documents``.

    Raises:
        BabeliteError: The document is damaged, not in UTF-8, or larger than 64 MiB.
        MissingExtraError: The extra is not installed.
    """
    with reading_path_or_url(place) as stream:
        data = stream.read(MAX_RECORD_BYTES + 1)
    if len(data) > MAX_RECORD_BYTES:
        raise record_too_large(place, "document")
    suffix = suffix_of(place)
    if suffix == ".docx":
        from babelite.corpus.formats.word_documents import word_texts

        yield from word_texts(data, place)
    elif suffix in (".srt", ".vtt"):
        from babelite.corpus.formats.subtitles import subtitle_texts

        lines = [part for line in decode_lines(data, place, 0) for part in line.split("\r")]
        yield from subtitle_texts(lines, place, is_vtt=suffix == ".vtt")
    else:
        from babelite.corpus.formats.web_pages import page_texts

        yield from page_texts(data, place)


def document_rows(place: str, column: int | str | None) -> Iterator[tuple[int, str]]:
    """The lines of a document with their numbers, from 1; a document has no columns."""
    if column is not None:
        problem, hint = "is a document, which has no columns", "leave out --column"
        raise BabeliteError(problem, code="column-not-found", path=place, hint=hint)
    yield from enumerate(document_texts(place), 1)
