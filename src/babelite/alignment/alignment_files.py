"""Alignments in files: segment pairs written as TSV, JSON or HTML, and gold alignments read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal

from babelite.alignment.align import SegmentPair
from babelite.corpus import Document
from babelite.errors import BabeliteError
from babelite.storage import is_standard_output, read_lines, suffix_of

AlignmentFormat = Literal["tsv", "json", "html"]
# The rows of the source and of the target sentences of a segment pair.
GoldPair = tuple[frozenset[int], frozenset[int]]

ALIGNMENT_FORMATS: dict[str, AlignmentFormat] = {
    ".tsv": "tsv", ".txt": "tsv", ".json": "json", ".html": "html", ".htm": "html",
}  # fmt: skip
HEADER = ("source", "target", "score", "cosine", "source_text", "target_text")

_NUMBER = r"\d{1,18}"  # no document has more lines
_NUMBERS = re.compile(rf"{_NUMBER}(-{_NUMBER})?(,{_NUMBER}(-{_NUMBER})?)*")
_INDICES = r"\[(?![^\]]*\d{19})([\d, ]*)\]"
_VECALIGN = re.compile(rf"{_INDICES}\s*:\s*{_INDICES}")


def alignment_format(out: str) -> AlignmentFormat:
    """The format of an alignment file by its ending; TSV for ``-``.

    Raises:
        BabeliteError: The ending is unknown.
        MissingExtraError: HTML needs the extra ``report``, which is not installed.
    """
    if is_standard_output(out):
        return "tsv"
    found = ALIGNMENT_FORMATS.get(suffix_of(out))
    if found is None:
        hint = f"use one of the endings {', '.join(ALIGNMENT_FORMATS)}"
        problem = f"cannot tell the format from {suffix_of(out)!r}"
        raise BabeliteError(problem, code="format-unknown", path=out, hint=hint)
    if found == "html":
        from babelite.alignment.html_page import page_template

        page_template()
    return found


def alignment_lines(
    pairs: Sequence[SegmentPair],
    source: Document,
    target: Document,
    format_: AlignmentFormat = "tsv",
    gold: Collection[GoldPair] | None = None,
) -> Iterable[str]:
    """The lines of an alignment file, without line ends.

    TSV has a header and the columns ``source`` and ``target`` (line or sentence numbers such as
    ``7`` or ``7-8``, or empty), score, cosine and the texts, sentences joined by a space. JSON is
    one array with a segment pair a line. The HTML page marks the pairs that are not in ``gold``.
    """
    if format_ == "html":
        from babelite.alignment.html_page import alignment_page

        return [alignment_page(pairs, source, target, gold)]
    return (_tsv_lines if format_ == "tsv" else _json_lines)(pairs, source, target)


def _tsv_lines(pairs: Iterable[SegmentPair], source: Document, target: Document) -> Iterator[str]:
    yield "\t".join(HEADER)
    for pair in pairs:
        sides = ((source, pair.source), (target, pair.target))
        numbers = [_line_range(*side) for side in sides]
        texts = [" ".join(" ".join(side_texts(*side)).split()) for side in sides]
        yield "\t".join([*numbers, f"{pair.score:.4f}", f"{pair.cosine:.4f}", *texts])


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

    The format is the TSV of `alignment_lines`, of which only the first two columns are needed, or
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
