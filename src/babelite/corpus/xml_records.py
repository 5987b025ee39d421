"""XML files of translations, read record by record in bounded memory with expat.

Entities of the file's own DTD and of HTML are resolved; external ones are never fetched. Others are
refused, and so are entities that expand without bounds.
"""

from __future__ import annotations

import codecs
import html.entities
import io
import re
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO, Literal, cast
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from babelite.errors import BabeliteError
from babelite.storage import MAX_RECORD_BYTES, READ_BLOCK, record_too_large

XML_LANG = "xml:lang"

_HTML_DTD = "".join(
    f'<!ENTITY {name} "&#{code};">'
    for name, code in html.entities.name2codepoint.items()
    if name not in ("lt", "gt", "amp", "quot")  # XML has them
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its start
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_START = 4096  # bytes of the first block, which must hold the declaration
_MAX_TAG_BYTES = 1 << 24  # of a tag or comment
_ELEMENT_SIZE = 100  # bytes that an element counts towards the limit, besides its text
_MAX_DEPTH = 200

Event = tuple[Literal["start", "end"], Element]


def read_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The blocks of a stream with ``read1``; the first has 4,096 bytes or is the whole stream."""
    yield stream.read(_START)
    while block := cast(io.BufferedReader, stream).read1(READ_BLOCK):
        yield block


def read_xml(
    blocks: Iterable[bytes], path: str, records: Collection[str], containers: Collection[str] = ()
) -> Iterator[Event]:
    """Yield the elements called `records`, complete, at their end.

    Elements called `containers` are yielded at their start and their end, without children. Names
    have no namespace prefix; attributes keep theirs.

    Raises:
        BabeliteError: The file is not well-formed, has an unknown entity, or a record that is too
            large; names file and line.
    """
    reader = _Reader(path, records, containers)
    decoder: codecs.IncrementalDecoder | None = None
    for block in blocks:
        if decoder is None:
            encoding, block = _detect_encoding(block, path)
            decoder = codecs.getincrementaldecoder(encoding)()
        yield from reader.feed(_decode(decoder, block, path, reader.line))
    last = _decode(decoder, b"", path, reader.line, final=True) if decoder else ""
    yield from reader.feed(last, final=True)


def _detect_encoding(start: bytes, path: str) -> tuple[str, bytes]:
    """The encoding by byte-order mark, zero bytes or declaration; the start without the mark."""
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding, start[len(mark) :]
    if start[1:2] == b"\0":
        return "utf-16-le", start
    if start[:1] == b"\0":
        return "utf-16-be", start
    declared = _DECLARED_ENCODING.match(start)
    name = declared[1].decode("ascii") if declared else "utf-8"
    if name.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        return "utf-8", start  # there are no zero bytes
    try:
        b"".decode(name)
        codecs.getincrementaldecoder(name)
    except LookupError as error:
        problem, hint = f"has the unknown encoding {name!r}", "convert it to UTF-8"
        raise BabeliteError(problem, code="not-utf8", path=path, line=1, hint=hint) from error
    return name, start


def _decode(
    decoder: codecs.IncrementalDecoder, block: bytes, path: str, line: int, *, final: bool = False
) -> str:
    try:
        return decoder.decode(block, final)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            line += error.object[: error.start].count(b"\n")
        problem, hint = f"is not in its encoding ({error})", "correct the encoding it declares"
        raise BabeliteError(problem, code="not-utf8", path=path, line=line, hint=hint) from error


class _Reader:
    """The handlers of expat: builds elements of records, collects events."""

    def __init__(self, path: str, records: Collection[str], containers: Collection[str]) -> None:
        self._path, self._records, self._containers = path, records, containers
        self._events: list[Event] = []
        self._builder: TreeBuilder | None = None
        self._depth = self._size = 0
        self._fed = self._fed_at_event = 0  # bytes
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        parser.UseForeignDTD(True)
        parser.ExternalEntityRefHandler = self._external
        parser.SkippedEntityHandler = self._skipped
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, text: str, *, final: bool = False) -> list[Event]:
        """Parse more text; return the events since the last call."""
        self._events = []
        data = text.encode("utf-8", "surrogatepass")
        self._fed += len(data)
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            problem = f"is not well-formed XML ({expat.ErrorString(error.code)})"
            hint = "fix the file or export it again"
            raise BabeliteError(
                problem, code="format-invalid", path=self._path, line=error.lineno, hint=hint
            ) from error
        if self._fed - self._fed_at_event > _MAX_TAG_BYTES:
            raise record_too_large(self._path, "tag or comment", self.line)
        return self._events

    def _external(self, name: str | None, *place: str | None) -> int:
        """Give the entities of HTML in place of an external DTD; refuse other external text."""
        if name is not None:
            raise self._entity_error(name.split("\f")[-1], "stands for another file")
        self._parser.ExternalEntityParserCreate(None).Parse(_HTML_DTD, True)
        return 1

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise self._entity_error(name, "is unknown")

    def _entity_error(self, name: str, problem: str) -> BabeliteError:
        hint = "replace it by its text, or declare it in the DTD of the file"
        return BabeliteError(
            f"the entity &{name}; {problem}",
            code="format-invalid",
            path=self._path,
            line=self.line,
            hint=hint,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._fed_at_event = self._fed
        if self._builder is None:
            if name in self._containers:
                self._events.append(("start", Element(name, attributes)))
            if name not in self._records:
                return
            self._builder, self._depth, self._size = TreeBuilder(), 0, 0
        self._builder.start(name, attributes)
        self._depth += 1
        self._grow(_ELEMENT_SIZE + sum(map(len, attributes.values())))
        if self._depth > _MAX_DEPTH:
            problem = f"nests more than {_MAX_DEPTH} elements"
            hint = "fix the file or export it again"
            raise BabeliteError(
                problem, code="format-invalid", path=self._path, line=self.line, hint=hint
            )

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._fed_at_event = self._fed
        if self._builder is not None:
            self._builder.end(name)
            self._depth -= 1
            if not self._depth:
                self._events.append(("end", self._builder.close()))
                self._builder = None
        elif name in self._containers:
            self._events.append(("end", Element(name)))

    def _text(self, text: str) -> None:
        self._fed_at_event = self._fed
        if self._builder is not None:
            self._builder.data(text)
            self._grow(len(text))

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_RECORD_BYTES:
            raise record_too_large(self._path, "unit", self.line)
