"""The text of Word documents (DOCX): paragraphs, lists, tables and footnotes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from babelite.corpus.formats.web_pages import page_texts
from babelite.errors import BabeliteError, requires_extra
from babelite.storage import MAX_RECORD_BYTES, record_too_large

# mammoth needs some 100 seconds for as many. A book of 500 pages has about half.
_MAX_TAGS = 1 << 20
# References to notes, [1], and the arrows back, which are no words of the text.
_NOTE_LINKS = re.compile(
    r'<sup><a href="#[^"]*note-\d+" id="[^"]*note-ref-\d+">\[\d+\]</a></sup>'
    r'| ?<a href="#[^"]*note-ref-\d+">↑</a>'
)


def word_texts(data: bytes, path: str) -> Iterator[str]:
    """Yield the paragraphs of a document: text in its last version, without headers and comments.

    Raises:
        BabeliteError: The file is no Word document or is damaged (``file-damaged``), or its text
            is too large.
        MissingExtraError: The extra ``documents`` is not installed.
    """
    with requires_extra("DOCX", "documents"):
        import mammoth
    try:
        _require_size(data, path)
        page = mammoth.convert_to_html(
            io.BytesIO(data),
            include_embedded_style_map=False,
            external_file_access=False,
            convert_image=mammoth.images.img_element(lambda image: {}),
        ).value
    except BabeliteError:
        raise
    except Exception as error:  # a damaged part makes mammoth raise anything
        problem = f"is not a Word document that can be read ({str(error) or type(error).__name__})"
        hint = "open it in Word and save it again as .docx, without a password"
        raise BabeliteError(problem, code="file-damaged", path=path, hint=hint) from error
    yield from page_texts(_NOTE_LINKS.sub("", page).encode(), path)


def _require_size(data: bytes, path: str) -> None:
    """Raise ``limit-exceeded`` for a document that would expand to more than memory holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [info for info in archive.infolist() if info.filename.endswith((".xml", ".rels"))]
        if sum(part.file_size for part in parts) > MAX_RECORD_BYTES:
            raise record_too_large(path, "document")
        tags = sum(archive.read(part).count(b"<") for part in parts)
    if tags > _MAX_TAGS:
        problem = f"contains more than {_MAX_TAGS:,} tags"
        hint = "split the document, or save it as text"
        raise BabeliteError(problem, code="limit-exceeded", path=path, hint=hint)
