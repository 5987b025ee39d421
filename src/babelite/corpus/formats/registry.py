"""Registry of the formats of sentence pairs, by name and file ending.

To add a format, write the functions pairs and texts, and add a line to `FORMATS`. If it can be
written, add the function and the ending in `output_formats`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus.catalogs.messages import SUFFIXES as CATALOG_SUFFIXES
from babelite.corpus.catalogs.messages import catalog_languages, catalog_texts, read_catalog
from babelite.corpus.formats.document_text import document_texts, is_document
from babelite.corpus.formats.json_lines import (
    jsonl_languages,
    jsonl_texts,
    read_jsonl,
    write_jsonl,
)
from babelite.corpus.formats.parquet import (
    parquet_languages,
    parquet_texts,
    read_parquet,
    write_parquet,
)
from babelite.corpus.formats.tmx import read_tmx, tmx_languages, tmx_texts
from babelite.corpus.formats.translation_writers import write_tmx, write_xliff
from babelite.corpus.formats.tsv_and_aligned import (
    read_tsv,
    tsv_languages,
    tsv_texts,
    write_aligned,
    write_csv,
    write_tsv,
)
from babelite.corpus.losses import Losses
from babelite.corpus.output_formats import OutputFormat, output_format
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, quantity
from babelite.storage import suffix_of

_Languages = tuple[str, str]
_Columns = tuple[str, str] | None
PairReader = Callable[[str, _Languages, _Columns, Losses], Iterator[Pair]]
TextReader = Callable[[str], Iterator[str]]
LanguageReader = Callable[[str, _Columns], "_Languages | None"]
PairWriter = Callable[[str, Iterable[Pair], _Languages, Losses], int]


@dataclass(frozen=True)
class PairFormat:
    """A file format of sentence pairs."""

    name: str
    suffixes: tuple[str, ...]
    pairs: PairReader  # pairs(path, languages, columns, losses) streams the pairs
    texts: TextReader  # texts(path) streams every text of the file
    languages: LanguageReader | None = None  # languages(path, columns): those it declares


TSV = PairFormat("tsv", (".tsv", ".tab", ".txt"), read_tsv, tsv_texts, tsv_languages)
_JSON = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
FORMATS = (
    TSV,
    PairFormat("csv", (".csv",), read_tsv, tsv_texts, tsv_languages),
    PairFormat("jsonl", _JSON, read_jsonl, jsonl_texts, jsonl_languages),
    PairFormat("parquet", _PARQUET, read_parquet, parquet_texts, parquet_languages),
    PairFormat("tmx", (".tmx",), read_tmx, tmx_texts, tmx_languages),
    PairFormat("catalog", CATALOG_SUFFIXES, read_catalog, catalog_texts, catalog_languages),
)
# write(path, pairs, languages, losses) returns the number of pairs written.
_WRITERS: dict[OutputFormat, PairWriter] = {
    "tsv": write_tsv,
    "csv": write_csv,
    "jsonl": write_jsonl,
    "json": write_jsonl,
    "parquet": write_parquet,
    "tmx": write_tmx,
    "xliff": write_xliff,
}

_BY_NAME = {format_.name: format_ for format_ in FORMATS}
_BY_SUFFIX = {suffix: format_ for format_ in FORMATS for suffix in format_.suffixes}


def format_of(path: str, name: str | None = None) -> PairFormat:
    """The format with a name, else of a file ending; standard input is TSV."""
    if name is not None:
        if name not in _BY_NAME:
            problem, hint = f"there is no format {name!r}", f"choose among {', '.join(_BY_NAME)}"
            raise BabeliteError(problem, code="format-unknown", hint=hint)
        return _BY_NAME[name]
    if path == "-":
        return TSV
    suffix = suffix_of(path)
    if suffix not in _BY_SUFFIX:
        problem = f"cannot tell the format from {suffix!r}" if suffix else "has no file ending"
        hint = f"use one of {', '.join(_BY_SUFFIX)}, or name two aligned files as A,B"
        raise BabeliteError(problem, code="format-unknown", path=path, hint=hint)
    return _BY_SUFFIX[suffix]


def read_texts(path: str) -> Iterator[str]:
    """Stream every text of a file in any readable format; an unknown ending is read as TSV."""
    if is_document(path):
        return document_texts(path)
    return _BY_SUFFIX.get(suffix_of(path), TSV).texts(path)


def write_pairs(
    pairs: Iterable[Pair], out: str, languages: tuple[str, str], losses: Losses | None = None
) -> int:
    """Write pairs to a file; its ending chooses format and compression.

    The file gets its name when it is complete; after an error nothing is left.

    Args:
        pairs: The pairs, read as a stream.
        out: ``PATH``, ``PATH,PATH`` for two aligned files, or ``-`` for TSV on standard output.
        languages: The two language codes, for formats that store them.
        losses: Counts what the format cannot hold, by kind.

    Returns:
        The number of pairs written.

    Raises:
        BabeliteError: The format cannot be written, or the file cannot be written.
    """
    losses = Losses() if losses is None else losses
    source, comma, target = out.partition(",")
    if "," in target:
        problem = f"names {quantity(out.count(',') + 1, 'file')}, but one or two are needed"
        hint = "write PATH, or A,B for two aligned files"
        raise BabeliteError(problem, code="input-invalid", path=out, hint=hint)
    if comma:
        if "-" in (source, target) or Path(source).resolve() == Path(target).resolve():
            problem, hint = "names one file for both languages", "name two files as A,B"
            raise BabeliteError(problem, code="output-is-input", path=out, hint=hint)
        return write_aligned(source, target, pairs, losses)
    return _WRITERS[output_format(out, _WRITERS)](out, pairs, languages, losses)
