"""Parallel text in lines: tab-separated columns, and two files whose lines belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import TextIO

from babelite.corpus.columns import read_columns
from babelite.corpus.pairs import Pair
from babelite.corpus.text import one_line
from babelite.errors import BabeliteError
from babelite.storage import read_lines, writing_text

_NAMES = ("source", "target")

# --- TSV ------------------------------------------------------------------------------------------


def read_tsv(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None
) -> Iterator[Pair]:
    """Read tab-separated columns; no quoting, blank lines are passed over.

    Args:
        path: The file, or ``-``.
        languages: Not used: columns have no language.
        columns: Two columns by number from 1, or by name if the first line holds the names.
            Default: those called ``source`` and ``target`` if the first line has such names, as
            that of `babelite mine` has, else the first two.
    """
    lines = ((number, line) for number, line in enumerate(read_lines(path), 1) if line.strip(" "))
    for _, *cells in read_columns(lines, columns, _NAMES, path, between="the two sentences"):
        yield Pair(*cells)


def tsv_texts(path: str) -> Iterator[str]:
    """Every field of every line."""
    for line in read_lines(path):
        yield from line.split("\t")


def write_tsv(path: str, pairs: Iterable[Pair], languages: tuple[str, str]) -> int:
    """Write two columns; a tab or line break inside a sentence becomes a space.

    Returns:
        The number of pairs written.
    """
    with writing_text(path) as out:
        return sum(_put(out, one_line(s), "\t", one_line(t)) for s, t in pairs)


def _put(out: TextIO, *parts: str) -> int:
    out.write("".join((*parts, "\n")))
    return 1


# --- two aligned files ----------------------------------------------------------------------------


def read_aligned(source_path: str, target_path: str) -> Iterator[Pair]:
    """Read two files whose lines belong together, as Moses and OPUS have them.

    Raises:
        BabeliteError: One file has more lines than the other.
    """
    lines = zip_longest(read_lines(source_path), read_lines(target_path))
    for number, (source, target) in enumerate(lines, 1):
        if source is None or target is None:
            longer = number + sum(1 for _ in lines)
            counts = (number - 1, longer) if source is None else (longer, number - 1)
            raise BabeliteError(
                f"has {counts[0]} lines but {target_path} has {counts[1]}",
                path=source_path,
                line=number,
                hint="name two files whose lines belong together",
            )
        yield Pair(source, target)


def write_aligned(source_path: str, target_path: str, pairs: Iterable[Pair]) -> int:
    """Write two files, one sentence a line; line breaks inside a sentence become a space.

    Returns:
        The number of pairs written.
    """
    with writing_text(source_path) as sources, writing_text(target_path) as targets:
        return sum(_put(sources, one_line(s)) & _put(targets, one_line(t)) for s, t in pairs)
