"""Formats of output files by their ending; the only place where an ending is looked up to write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from babelite.errors import BabeliteError
from babelite.storage import is_standard_output, suffix_of

OutputFormat = Literal["tsv", "csv", "jsonl", "json", "parquet", "tmx", "xliff", "html"]

_ENDINGS: dict[OutputFormat, tuple[str, ...]] = {
    "tsv": (".tsv", ".tab", ".txt", ""),
    "csv": (".csv",),
    "jsonl": (".jsonl", ".ndjson"),
    "json": (".json",),
    "parquet": (".parquet", ".pq"),
    "tmx": (".tmx",),
    "xliff": (".xliff", ".xlf"),
    "html": (".html", ".htm"),
}
# Formats of rows with any columns.
TABLE_FORMATS: tuple[OutputFormat, ...] = ("tsv", "csv", "jsonl", "parquet")
# Formats of translation tools: pairs in two languages, without other columns.
TRANSLATION_FORMATS: tuple[OutputFormat, ...] = ("tmx", "xliff")


def output_format(
    path: str, formats: Collection[OutputFormat] = (*TABLE_FORMATS, *TRANSLATION_FORMATS)
) -> OutputFormat:
    """The format of an output file by its ending; TSV for ``-`` and without an ending.

    Args:
        path: The file; an ending of a compression is ignored.
        formats: The formats that can be written.

    Raises:
        BabeliteError: The ending stands for none of these formats; code ``format-unknown``.

    Example:
        >>> output_format("pairs.tsv.gz"), output_format("memory.tmx")
        ('tsv', 'tmx')
    """
    if is_standard_output(path):
        return "tsv"
    suffix = suffix_of(path)
    for format_ in formats:
        if suffix in _ENDINGS[format_]:
            return format_
    endings = (ending for format_ in formats for ending in _ENDINGS[format_] if ending)
    problem = f"cannot be written, because no format of this output has the ending {suffix!r}"
    hint = f"use one of {', '.join(endings)}"
    raise BabeliteError(problem, code="format-unknown", path=path, hint=hint)
