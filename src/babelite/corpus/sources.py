"""Where pairs come from: one file, standard input or two aligned files, and in which languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus.formats.registry import format_of
from babelite.corpus.formats.tsv_and_aligned import read_aligned
from babelite.corpus.languages import guess_pair, split_prefix
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError

_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\*")


@dataclass(frozen=True)
class PairSource:
    """A source of sentence pairs in two languages.

    Attributes:
        paths: One path (or ``-`` for standard input), or two aligned files.
        source_language: The language code of the first side, such as ``en``.
        target_language: The language code of the second side.
        columns: Two columns by number from 1 or by name. None means the default of the format:
            the first two of TSV; in JSON lines and Parquet the language codes, else ``source`` and
            ``target``.
        format: The name of the format if the ending shall not tell; see `formats.FORMATS`.
        weight: How often training sees its pairs, compared with those of a source of weight 1.
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

    def read(self) -> Iterator[Pair]:
        """Stream the pairs as they stand, blank ones too.

        Yields:
            One pair at a time.

        Raises:
            BabeliteError: The source cannot be read, or holds no pairs; names file and line.
            MissingExtraError: The format needs a library that is not installed.
        """
        empty = True
        for pair in self._read():
            empty = False
            yield pair
        if empty:
            raise BabeliteError(
                "holds no pairs", path=self.paths[0], hint="name a file with sentence pairs"
            )

    def _read(self) -> Iterator[Pair]:
        if len(self.paths) == 2:
            return read_aligned(*self.paths)
        path = self.paths[0]
        return format_of(path, self.format).pairs(path, self.languages, self.columns)


def parse_source(
    text: str,
    columns: tuple[str, str] | None = None,
    languages: tuple[str, str] | None = None,
    format: str | None = None,
    *,
    default_languages: tuple[str, str] | None = None,
) -> PairSource:
    """Understand a source as it is written on a command line: ``[WEIGHT*][LANG-LANG=]PATH[,PATH]``.

    Languages that are not written are taken from `languages`, else guessed from the file name
    (``en-fr.tsv``, ``train.en,train.fr``).

    Args:
        text: The source.
        columns: See `PairSource`.
        languages: The languages of a source that does not name its own.
        format: See `PairSource`.
        default_languages: What to call the languages if nothing tells them; refused if not given.

    Raises:
        BabeliteError: The languages are unknown, or more than two files are named.

    Example:
        >>> parse_source("data/en-fr.tsv.gz").name, parse_source("de-en=memory.tmx").name
        ('en-fr', 'de-en')
        >>> parse_source("0.5*en-fr.tsv").weight
        0.5
    """
    weight, text = _split_weight(text)
    written, rest = split_prefix(text)
    paths = (rest,) if Path(rest).exists() else tuple(rest.split(","))
    if len(paths) > 2 or not all(paths):
        raise BabeliteError(
            f"{rest!r} names {len(paths)} files, one or two are needed",
            hint="write PATH, or SOURCE_PATH,TARGET_PATH for two aligned files",
        )
    codes = written or languages or guess_pair(paths) or default_languages
    if codes is None:
        raise BabeliteError(
            "its name does not tell the two languages",
            path=rest,
            hint=f"write it as en-fr={rest}, with the codes of your languages",
        )
    return PairSource(paths, codes[0], codes[1], columns, format, weight)


def _split_weight(text: str) -> tuple[float, str]:
    """Take a leading ``NUMBER*`` off a text that names no file as it stands."""
    found = _WEIGHT.match(text)
    if found is None or Path(text).exists():
        return 1.0, text
    weight = float(found[1])
    if weight == 0:
        raise BabeliteError(
            "has a weight of 0", path=text, hint="leave the file out, or write a number above 0"
        )
    return weight, text[found.end() :]


def read_sources(sources: Iterable[PairSource]) -> Iterator[Pair]:
    """Stream the pairs of several sources, one after the other."""
    for source in sources:
        yield from source.read()
