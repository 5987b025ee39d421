"""Sentence pairs in lines: TSV columns, and two aligned files (Moses format)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import zip_longest

from babelite.corpus.columns import PAIR_COLUMNS, field_names, languages_of_fields, read_columns
from babelite.corpus.formats.document_text import document_texts, is_document
from babelite.corpus.losses import LINE_BREAKS, Losses
from babelite.corpus.normalization import one_line
from babelite.corpus.pairs import Pair
from babelite.corpus.table_files import opened_table
from babelite.errors import BabeliteError, quantity
from babelite.storage import read_lines, writing_text


def read_tsv(
    path: str, languages: tuple[str, str], columns: tuple[str, str] | None, losses: Losses
) -> Iterator[Pair]:
    """Read two columns of a TSV or CSV table; blank rows are skipped.

    The default columns are those with text in the output of `babelite align` and `babelite mine`
    (`PAIR_COLUMNS`), else those of the languages, else the first two.
    """
    names, between = (*PAIR_COLUMNS, languages), "the two sentences"
    rows = read_columns(path, columns, names, between=between, losses=losses)
    for _, source, target in rows:
        yield Pair(source, target)


def tsv_languages(path: str, columns: tuple[str, str] | None) -> tuple[str, str] | None:
    """The languages that the names of the columns are; None unless there are two."""
    with opened_table(path) as table:
        return languages_of_fields(table.layout.header or (), columns)


def tsv_texts(path: str) -> Iterator[str]:
    """Yield every cell of every row."""
    with opened_table(path) as table:
        for _, row in table.rows():
            yield from row


def write_tsv(path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses) -> int:
    """Write two columns; return the number of pairs. Tabs and line breaks become spaces."""
    count = 0
    with writing_text(path) as out:
        for pair in pairs:
            out.write("\t".join(_one_line(side, losses) for side in pair) + "\n")
            count += 1
    return count


def write_csv(path: str, pairs: Iterable[Pair], languages: tuple[str, str], losses: Losses) -> int:
    """Write two columns with the language codes as header; return the number of pairs."""
    count = 0
    with writing_text(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(field_names(languages))
        for pair in pairs:
            count += 1
            writer.writerow(pair)
    return count


def read_aligned(source_path: str, target_path: str) -> Iterator[Pair]:
    """Read two files whose lines correspond, as those of Moses and OPUS, or two documents."""
    lines = zip_longest(*map(_lines_of, (source_path, target_path)))
    for number, (source, target) in enumerate(lines, 1):
        if source is None or target is None:
            longer = number + sum(1 for _ in lines)
            first, second = (number - 1, longer) if source is None else (longer, number - 1)
            raise BabeliteError(
                f"has {quantity(first, 'line')} but {target_path} has {second}",
                code="input-invalid",
                path=source_path,
                line=number,
                hint="name two files whose lines correspond",
            )
        yield Pair(source, target)


def _lines_of(path: str) -> Iterator[str]:
    return document_texts(path) if is_document(path) else read_lines(path)


def write_aligned(source_path: str, target_path: str, pairs: Iterable[Pair], losses: Losses) -> int:
    """Write two aligned files; return the number of pairs. Line breaks become spaces."""
    count = 0
    with writing_text(source_path) as sources, writing_text(target_path) as targets:
        for source, target in pairs:
            sources.write(_one_line(source, losses) + "\n")
            targets.write(_one_line(target, losses) + "\n")
            count += 1
    return count


def _one_line(text: str, losses: Losses) -> str:
    line = one_line(text)
    losses[LINE_BREAKS] += line != text
    return line
