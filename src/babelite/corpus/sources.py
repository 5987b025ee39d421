"""Sources of sentence pairs: one file, standard input or two aligned files, with languages."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus.formats.registry import format_of
from babelite.corpus.formats.tsv_and_aligned import read_aligned
from babelite.corpus.languages import guess_languages, split_language_prefix
from babelite.corpus.losses import Losses
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError, quantity
from babelite.storage import changed_file

_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\*")


@dataclass(frozen=True)
class PairSource:
    """A source of sentence pairs in two languages.

    Attributes:
        paths: One path (or ``-`` for standard input), or two aligned files.
        source_language: The language code of the first side, such as ``en``.
        target_language: The language code of the second side.
        columns: Two columns by number from 1 or by name. Default: in TSV the first two; in JSONL
            and Parquet the language codes, else ``source`` and ``target``.
        format: The name of the format, if not by the file ending: tsv, jsonl, parquet, tmx or
            catalog.
        weight: How often training samples its pairs, relative to a source of weight 1.
    """

    paths: tuple[str, ...]
    source_language: str
    target_language: str
    columns: tuple[str, str] | None = None
    format: str | None = None
    weight: float = 1.0

    @property
    def languages(self) -> tuple[str, str]:
        """The two language codes."""
        return self.source_language, self.target_language

    @property
    def name(self) -> str:
        """The language pair, such as ``en-fr``."""
        return f"{self.source_language}-{self.target_language}"

    def read(self, losses: Losses | None = None) -> Iterator[Pair]:
        """Stream the pairs unchanged, blank ones included.

        Args:
            losses: Counts what is left out (untranslated units, markup), by kind.

        Raises:
            BabeliteError: The source cannot be read, or contains no pairs; names file and line.
            MissingExtraError: The format needs a library that is not installed.
        """
        losses = Losses() if losses is None else losses
        path, *other = self.paths
        if other:
            pairs = read_aligned(path, other[0])
        else:
            format_ = format_of(path, self.format)
            pairs = format_.pairs(path, self.languages, self.columns, losses)
        hint = "name a file with sentence pairs"
        yield from require_pairs(pairs, "contains no pairs", hint, path)


def parse_source(
    text: str,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    format: str | None = None,
    *,
    default_languages: tuple[str, str] | None = None,
) -> PairSource:
    """Parse a source of pairs: ``[WEIGHT*][LANG-LANG=]PATH[,PATH]``.

    Languages may be written ``en-fr``, ``en_US-fr_FR`` or ``en-US,fr-FR``. Without them
    `languages` are used, else those in the file name (``en-fr.tsv``, ``train.en,train.fr``), else
    those that the file declares: XLIFF, PO and TMX, and JSONL and Parquet with columns such as
    ``en`` and ``fr``.

    Args:
        text: The source.
        columns: The two columns; see `PairSource`.
        languages: The languages of a source that does not name its own.
        format: The name of the format; see `PairSource`.
        default_languages: The languages if they are unknown. Default: raise.

    Raises:
        BabeliteError: The languages are unknown, code ``languages-unknown``; or more than two
            files are named.

    Example:
        >>> parse_source("data/en-fr.tsv.gz").name, parse_source("de-en=memory.tmx").name
        ('en-fr', 'de-en')
        >>> parse_source("0.5*en-fr.tsv").weight
        0.5
    """
    weight, text = split_weight(text)
    written, rest = split_language_prefix(text)
    paths = (rest,) if Path(rest).exists() else tuple(rest.split(","))
    if len(paths) > 2 or not all(paths):
        problem = f"{rest!r} names {quantity(len(paths), 'file')}, but one or two are needed"
        hint = "write PATH, or SOURCE_PATH,TARGET_PATH for two aligned files"
        raise BabeliteError(problem, code="input-invalid", hint=hint)
    codes = written or languages or guess_languages(paths)
    codes = codes or _declared_languages(paths, columns, format) or default_languages
    if codes is None:
        problem = "the languages are not given and not in the file name"
        hint = f"write en-fr={rest}, with the codes of your languages"
        raise BabeliteError(problem, code="languages-unknown", path=rest, hint=hint)
    return PairSource(paths, codes[0], codes[1], columns, format, weight)


def _declared_languages(
    paths: tuple[str, ...], columns: tuple[str, str] | None, format: str | None
) -> tuple[str, str] | None:
    """The languages that a single file declares; None if it does not."""
    path, *other = paths
    if other or not Path(path).is_file():
        return None
    try:
        format_ = format_of(path, format)
    except BabeliteError:  # reported when the file is read
        return None
    return format_.languages(path, columns) if format_.languages else None


def split_weight(text: str) -> tuple[float, str]:
    """Split a leading ``NUMBER*`` off a text that is not an existing file."""
    found = _WEIGHT.match(text)
    if found is None or Path(text).exists():
        return 1.0, text
    weight = float(found[1])
    if weight == 0:
        hint = "leave the file out, or write a number above 0"
        raise BabeliteError("has a weight of 0", code="input-invalid", path=text, hint=hint)
    return weight, text[found.end() :]


def read_sources(sources: Iterable[PairSource], losses: Losses | None = None) -> Iterator[Pair]:
    """Stream the pairs of several sources, one after the other; see `PairSource.read`."""
    for source in sources:
        yield from source.read(losses)


def require_pairs(
    pairs: Iterable[Pair], problem: str, hint: str, path: str | None = None
) -> Iterator[Pair]:
    """Pass a stream of pairs on; raise ``input-empty`` at its end if there was none."""
    empty = True
    for pair in pairs:
        empty = False
        yield pair
    if empty:
        raise BabeliteError(problem, code="input-empty", path=path, hint=hint)


class RepeatedSources:
    """Several sources that are read repeatedly and must not change in between."""

    def __init__(self, sources: Sequence[PairSource]) -> None:
        self._sources = sources
        self._checksum: int | None = None

    def read(self) -> Iterator[Pair]:
        """Stream the pairs; raise ``file-changed`` at the end if they were others before."""
        checksum = 0
        for pair in read_sources(self._sources):
            text = f"{pair.source}\t{pair.target}\n"
            checksum = zlib.crc32(text.encode("utf-8", "surrogatepass"), checksum)
            yield pair
        if self._checksum not in (None, checksum):
            raise changed_file(", ".join(path for source in self._sources for path in source.paths))
        self._checksum = checksum
