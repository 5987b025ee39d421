"""The visible text of HTML: one line a block, such as a paragraph, a list item or a table cell."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any

from babelite.errors import BabeliteError, requires_extra
from babelite.storage import decode_lines

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd"),
        *("details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer"),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend"),
        *("li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "search"),
        *("section", "select", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        "ul",
    )
)
_INVISIBLE = frozenset(
    (
        *("audio", "canvas", "datalist", "head", "iframe", "noscript", "object", "script"),
        *("style", "svg", "template", "title", "video", "xml"),
    )
)
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(
    rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_START = 4096  # bytes, which must contain the declaration of the encoding
# Browsers read these names as the encoding of Windows, which contains theirs.
_LATIN_1 = ("ascii", "iso8859-1")


def page_texts(data: bytes, path: str) -> Iterator[str]:
    """Yield the lines of text that a page shows.

    Left out are scripts, styles, the title, what is hidden, alternative texts of images, and
    frames.

    Raises:
        BabeliteError: The page is not in its encoding (``not-utf8``), or nests too many elements.
        MissingExtraError: The extra ``documents`` is not installed.
    """
    with requires_extra("HTML", "documents"):
        from lxml import etree
    text = _decoded(data, path)
    if not text.strip():
        return
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    root = etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        problem, hint = "nests too many elements", "convert the page to text"
        raise BabeliteError(problem, code="limit-exceeded", path=path, hint=hint)
    if root is not None:
        yield from _lines(etree.iterwalk(root, events=("start", "end")))


def _decoded(data: bytes, path: str) -> str:
    """The text of a page in the encoding it declares; UTF-8 without one."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    else:
        declared = _CHARSET.search(data[:_START])
        name = (declared[1] or declared[2]).decode("ascii") if declared else "utf-8"
    try:
        name = codecs.lookup(name).name
        if name == "utf-8" or (name.startswith("utf-16") and name != "utf-16"):
            return "\n".join(decode_lines(data, path, 0))
        return data.decode("cp1252" if name in _LATIN_1 else name)
    except (LookupError, UnicodeError) as error:
        problem, hint = f"is not in its encoding ({error})", "correct the charset it declares"
        raise BabeliteError(problem, code="not-utf8", path=path, hint=hint) from error


def _lines(events: Any) -> Iterator[str]:  # noqa: ANN401 - of lxml
    """The lines of the elements of a tree, whose starts and ends are the events."""
    pieces: list[str] = []
    preformatted = 0
    for event, element in events:
        is_start = event == "start"
        invisible = is_start and _is_invisible(element)
        if element.tag in _BLOCKS:
            yield from _flushed(pieces)
        if element.tag == "pre" and not invisible:
            preformatted += 1 if is_start else -1
        if invisible:
            events.skip_subtree()
            element.set("hidden", "")
            preformatted += element.tag == "pre"
            continue
        text = (element.text if is_start else element.tail) or ""
        if not preformatted:
            pieces.append(text)
            continue
        for place, line in enumerate(text.split("\n")):
            if place:
                yield from _flushed(pieces)
            pieces.append(line)
    yield from _flushed(pieces)


def _is_invisible(element: Any) -> bool:  # noqa: ANN401 - of lxml
    hidden = element.get("hidden") is not None or _NOT_DISPLAYED.search(element.get("style") or "")
    return element.tag in _INVISIBLE or bool(hidden)


def _flushed(pieces: list[str]) -> Iterator[str]:
    """The pieces as a line, unless it is blank; they are removed."""
    line = " ".join("".join(pieces).split())
    pieces.clear()
    if line:
        yield line
