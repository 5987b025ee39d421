"""Alignments in files: tab-separated beads, JSON, and gold alignments to compare with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from babelite.alignment.align import Bead
from babelite.corpus import Document
from babelite.errors import BabeliteError
from babelite.storage import read_lines

HEADER = ("source", "target", "score", "cosine", "source_text", "target_text")

_NUMBER = r"\d{1,18}"  # no document has more lines
_NUMBERS = re.compile(rf"{_NUMBER}(-{_NUMBER})?(,{_NUMBER}(-{_NUMBER})?)*")
_INDICES = r"\[(?![^\]]*\d{19})([\d, ]*)\]"
_VECALIGN = re.compile(rf"{_INDICES}\s*:\s*{_INDICES}")


def tsv_lines(beads: Iterable[Bead], source: Document, target: Document) -> Iterator[str]:
    """The beads as tab-separated lines under a line of names.

    The columns ``source`` and ``target`` hold numbers of lines (or of sentences) such as ``7`` or
    ``7-8``, empty for nothing; then come the score, the cosine and the texts, sentences joined by a
    space.

    Args:
        beads: The beads of the two documents.
        source: The source document.
        target: The target document.

    Yields:
        Lines without line ends.
    """
    yield "\t".join(HEADER)
    for bead in beads:
        sides = ((source, bead.source), (target, bead.target))
        yield "\t".join(
            [
                *(_written(document, rows) for document, rows in sides),
                f"{bead.score:.4f}",
                f"{bead.cosine:.4f}",
                *(" ".join(" ".join(texts(*side)).split()) for side in sides),
            ]
        )


def json_lines(beads: Sequence[Bead], source: Document, target: Document) -> Iterator[str]:
    """The beads as one JSON array, a bead a line.

    Args:
        beads: The beads of the two documents.
        source: The source document.
        target: The target document.

    Yields:
        Lines without line ends.
    """
    yield "["
    for place, bead in enumerate(beads, 1):
        record = {
            "source": [source.numbers[row] for row in bead.source],
            "target": [target.numbers[row] for row in bead.target],
            "score": round(bead.score, 4),
            "cosine": round(bead.cosine, 4),
            "source_text": texts(source, bead.source),
            "target_text": texts(target, bead.target),
        }
        yield json.dumps(record, ensure_ascii=False) + ("," if place < len(beads) else "")
    yield "]"


def texts(document: Document, rows: range) -> list[str]:
    """The sentences of one side of a bead."""
    return [document.sentences[row] for row in rows]


def _written(document: Document, rows: range) -> str:
    if not rows:
        return ""
    first, last = document.numbers[rows[0]], document.numbers[rows[-1]]
    return f"{first}" if first == last else f"{first}-{last}"


def read_beads(
    path: str, source: Document, target: Document
) -> list[tuple[frozenset[int], frozenset[int]]]:
    """Read an alignment, for example the right one.

    Either as `tsv_lines` writes it, of which only the first two columns are needed, or in the
    format of Vecalign: ``[0, 1]:[0]``, with lines counted from 0. Blank lines may be among those
    named; they are passed over.

    Args:
        path: The file, or ``-``.
        source: The source document.
        target: The target document.

    Returns:
        The rows of the source and of the target sentences of each bead.

    Raises:
        BabeliteError: A line is in neither format or names a line that a document does not have.
    """
    rows = [{n: row for row, n in enumerate(document.numbers)} for document in (source, target)]
    beads = []
    for line_number, line in enumerate(read_lines(path), 1):
        if not line.strip() or (line_number == 1 and line.startswith("source")):
            continue
        sides = []
        for spans, document, of_number in zip(
            _parsed(line, path, line_number), (source, target), rows, strict=True
        ):
            for number in (number for span in spans for number in span):
                if not 1 <= number <= document.last:
                    raise BabeliteError(
                        f"names line {number} of {document.path}, which has {document.last:,}",
                        path=path,
                        line=line_number,
                        hint="name the alignment of these two documents, in this order",
                    )
            numbers = (n for first, last in spans for n in range(first, last + 1))
            sides.append(frozenset(of_number[n] for n in numbers if n in of_number))
        if any(sides):
            beads.append((sides[0], sides[1]))
    if not beads:
        raise BabeliteError("holds no bead", path=path, hint="write one a line, as in: 7-8<TAB>9")
    return beads


# The first and the last of some neighbouring lines, from 1.
_Span = tuple[int, int]


def _parsed(line: str, path: str, line_number: int) -> tuple[list[_Span], list[_Span]]:
    if match := _VECALIGN.match(line):
        left, right = (
            [(int(n) + 1, int(n) + 1) for n in re.findall(r"\d+", side)] for side in match.groups()
        )
        return left, right
    cells = [cell.replace(" ", "") for cell in line.split("\t")[:2]]
    if len(cells) < 2 or not all(not cell or _NUMBERS.fullmatch(cell) for cell in cells):
        raise BabeliteError(
            "is not a bead",
            path=path,
            line=line_number,
            hint="write the lines of both sides with a tab between, as in: 7-8<TAB>9",
        )
    return _spans(cells[0], path, line_number), _spans(cells[1], path, line_number)


def _spans(cell: str, path: str, line_number: int) -> list[_Span]:
    spans = []
    for part in filter(None, cell.split(",")):
        first, _, last = part.partition("-")
        spans.append((int(first), int(last or first)))
        if spans[-1][0] > spans[-1][1]:
            raise BabeliteError(
                f"names the lines {part}, which end before they begin",
                path=path,
                line=line_number,
                hint=f"write {last}-{first} if these are meant",
            )
    return spans


WRITERS: dict[str, Callable[[Sequence[Bead], Document, Document], Iterator[str]]] = {
    "tsv": tsv_lines,
    "json": json_lines,
}
