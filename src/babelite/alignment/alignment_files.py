"""Alignments in files: segment pairs written in any format, and gold alignments read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from babelite.alignment.align import SegmentPair
from babelite.corpus import (
    TABLE_FORMATS,
    TRANSLATION_FORMATS,
    Document,
    OutputFormat,
    Pair,
    Record,
    output_format,
    write_pairs,
    write_records,
)
from babelite.errors import BabeliteError
from babelite.storage import read_lines, writing_text

# The rows of the source and of the target sentences of a segment pair.
GoldPair = tuple[frozenset[int], frozenset[int]]

ALIGNMENT_FORMATS: tuple[OutputFormat, ...] = (*TABLE_FORMATS, "json", *TRANSLATION_FORMATS, "html")
HEADER = ("source", "target", "score", "cosine", "source_text", "target_text")

_NUMBER = r"\d{1,18}"  # no document has more lines
_NUMBERS = re.compile(rf"{_NUMBER}(-{_NUMBER})?(,{_NUMBER}(-{_NUMBER})?)*")
_INDICES = r"\[(?![^\]]*\d{19})([\d, ]*)\]"
_VECALIGN = re.compile(rf"{_INDICES}\s*:\s*{_INDICES}")


def alignment_format(out: str) -> OutputFormat:
    """The format of an alignment file by its ending; TSV for ``-``.

    Raises:
        BabeliteError: The ending is unknown.
        MissingExtraError: HTML needs the extra ``report``, which is not installed.
    """
    found = output_format(out, ALIGNMENT_FORMATS)
    if found == "html":
        from babelite.alignment.html_page import page_template

        page_template()
    return found


def write_alignment(
    out: str,
    pairs: Sequence[SegmentPair],
    source: Document,
    target: Document,
    *,
    languages: tuple[str, str] = ("source", "target"),
    gold: Collection[GoldPair] | None = None,
    as_json: bool = False,
) -> None:
    """Write segment pairs to a file in the format that its ending names.

    Tables have the columns ``source`` and ``target`` (line or sentence numbers such as ``7`` or
    ``7-8``, or empty), score, cosine and the texts, sentences joined by a space. JSON is one array
    with a segment pair a line. TMX and XLIFF hold the texts of the pairs with two sides. The HTML
    page marks the pairs that are not in ``gold``.

    Args:
        out: The file, or ``-`` for TSV on standard output.
        pairs: The segment pairs.
        source: The document of their source sides.
        target: The document of their target sides.
        languages: The language codes of the documents, which TMX and XLIFF need.
        gold: The right segment pairs, if they are known.
        as_json: Write JSON, whatever the ending.

    Raises:
        BabeliteError: The ending is unknown, or the file cannot be written.
        MissingExtraError: The format needs an extra that is not installed.
    """
    format_ = "json" if as_json else alignment_format(out)
    if format_ in TRANSLATION_FORMATS:
        texts = (Pair(*_joined(pair, source, target)) for pair in pairs)
        write_pairs(texts, out, languages)
    elif format_ in TABLE_FORMATS:
        write_records(out, _records(pairs, source, target), (), HEADER)
    else:
        with writing_text(out) as stream:
            if format_ == "html":
                from babelite.alignment.html_page import alignment_page

                stream.write(alignment_page(pairs, source, target, gold) + "\n")
            else:
                stream.writelines(f"{line}\n" for line in _json_lines(pairs, source, target))


def _records(pairs: Iterable[SegmentPair], source: Document, target: Document) -> Iterator[Record]:
    for pair in pairs:
        numbers = _line_range(source, pair.source), _line_range(target, pair.target)
        values = (*numbers, pair.score, pair.cosine, *_joined(pair, source, target))
        yield Record((), dict(zip(HEADER, values, strict=True)))


def _joined(pair: SegmentPair, source: Document, target: Document) -> list[str]:
    """The texts of both sides, each on one line."""
    sides = side_texts(source, pair.source), side_texts(target, pair.target)
    return [" ".join(" ".join(side).split()) for side in sides]


def _json_lines(pairs: Sequence[SegmentPair], source: Document, target: Document) -> Iterator[str]:
    yield "["
    for number, pair in enumerate(pairs, 1):
        record = {
            "source": [source.numbers[row] for row in pair.source],
            "target": [target.numbers[row] for row in pair.target],
            "score": round(pair.score, 4),
            "cosine": round(pair.cosine, 4),
            "source_text": side_texts(source, pair.source),
            "target_text": side_texts(target, pair.target),
        }
        yield json.dumps(record, ensure_ascii=False) + ("," if number < len(pairs) else "")
    yield "]"


def side_texts(document: Document, rows: range) -> list[str]:
    """The sentences of one side of a segment pair."""
    return [document.sentences[row] for row in rows]


def _line_range(document: Document, rows: range) -> str:
    ends = sorted({document.numbers[row] for row in (*rows[:1], *rows[-1:])})
    return "-".join(map(str, ends))


def read_alignment(path: str, source: Document, target: Document) -> list[GoldPair]:
    """Read an alignment, for example a gold alignment.

    The format is the TSV of `write_alignment`, of which only the first two columns are needed, or
    that of Vecalign: ``[0, 1]:[0]``, lines counted from 0. Numbers of blank lines are ignored.

    Returns:
        The rows of the source and of the target sentences of each segment pair.

    Raises:
        BabeliteError: A line is in neither format, or a line number is outside its document.
    """
    rows = [{n: row for row, n in enumerate(document.numbers)} for document in (source, target)]
    pairs = []
    for line_number, line in enumerate(read_lines(path), 1):
        if not line.strip() or (line_number == 1 and line.startswith("source")):
            continue
        sides = []
        for spans, document, of_number in zip(
            _parsed(line, path, line_number), (source, target), rows, strict=True
        ):
            for number in chain.from_iterable(spans):
                if not 1 <= number <= document.last:
                    raise BabeliteError(
                        f"names line {number} of {document.path}, which has {document.last:,}",
                        code="input-invalid",
                        path=path,
                        line=line_number,
                        hint="give the alignment of these documents",
                    )
            numbers = (n for first, last in spans for n in range(first, last + 1))
            sides.append(frozenset(of_number[n] for n in numbers if n in of_number))
        if any(sides):
            pairs.append((sides[0], sides[1]))
    if not pairs:
        hint = "write one a line, as in: 7-8<TAB>9"
        raise BabeliteError("contains no segment pair", code="input-empty", path=path, hint=hint)
    return pairs


# The first and the last of some neighbouring lines, from 1.
_Span = tuple[int, int]


def _parsed(line: str, path: str, line_number: int) -> tuple[list[_Span], list[_Span]]:
    """The lines of both sides of a segment pair."""
    if match := _VECALIGN.match(line):
        left, right = ([int(n) + 1 for n in re.findall(r"\d+", side)] for side in match.groups())
        return list(zip(left, left, strict=True)), list(zip(right, right, strict=True))
    cells = [cell.replace(" ", "") for cell in line.split("\t")[:2]]
    if len(cells) < 2 or not all(not cell or _NUMBERS.fullmatch(cell) for cell in cells):
        problem, hint = "is not a segment pair", "write line numbers, as in: 7-8<TAB>9"
        raise BabeliteError(problem, code="format-invalid", path=path, line=line_number, hint=hint)
    return _spans(cells[0], path, line_number), _spans(cells[1], path, line_number)


def _spans(cell: str, path: str, line_number: int) -> list[_Span]:
    spans = []
    for span in filter(None, cell.split(",")):
        first, _, last = span.partition("-")
        spans.append((int(first), int(last or first)))
        if spans[-1][0] > spans[-1][1]:
            raise BabeliteError(
                f"the line range {span} ends before it begins",
                code="format-invalid",
                path=path,
                line=line_number,
                hint=f"write {last}-{first}",
            )
    return spans
