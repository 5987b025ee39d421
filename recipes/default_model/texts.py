"""Training text of the packaged model, split by kind and joined across English.

Two thirds of the text are about software, which is not what most people search for. Each kind is
written to its own files, so that training can weight them, and three of five English sentences
about software are left out with their translations. Sentences of two languages that translate the
same English sentence form a pair: training text without English.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from babelite.corpus import PairSource
from babelite.errors import BabeliteError
from babelite.storage import read_lines, writing_text

LANGUAGES = ("fr", "de", "es", "it")
KINDS = ("everyday", "prose", "technical", "words")
_EVERYDAY = set("tatoeba covost2 woz mintaka diabla".split())  # noqa: SIM905 - one line
_PROSE = {
    *("europarl", "bible", "wmt-sample", "oldi-seed", "iconclass", "stellarium-skycultures"),
    *("wesnoth", "freeorion", "cataclysm", "freedroidrpg", "widelands", "valyriatear"),
    *("shattered-pixel-dungeon", "solarus-zsdx", "fillets-ng", "hedgewars", "supertuxkart"),
    *("warzone2100", "freecol", "unknown-horizons", "flare-game", "gbrainy", "tuxpaint-stamps"),
}
_WORDS = {"dictionary", "osm-presets", "cldr-names"}
_TECHNICAL_SHARE = 0.4  # of the English sentences about software


class Row(NamedTuple):
    """A line of the data: both sentences (the first is English if one is), name of the source."""

    first: str
    second: str
    source: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if self.source in _EVERYDAY:
            return "everyday"
        if self.source in _WORDS:
            return "words"
        return "prose" if self.source in _PROSE else "technical"

    @property
    def is_chosen(self) -> bool:
        """Whether the pair is trained on: the same answer for each translation of a sentence."""
        share = crc32(self.first.casefold().encode()) / 2**32
        return self.kind != "technical" or share < _TECHNICAL_SHARE


def weight(languages: str, kind: str) -> float:
    """The average occurrences of a pair in an epoch.

    There is little everyday Italian text, so other Italian text gets a higher weight.
    """
    if not languages.startswith("en-"):
        return {"everyday": 0.5, "prose": 0.5, "technical": 0.25, "words": 0.2}[kind]
    if languages == "en-it":
        return {"everyday": 3.0, "prose": 2.5, "technical": 1.2, "words": 0.5}[kind]
    return {"everyday": 1.5, "prose": 1.0, "technical": 0.75, "words": 0.4}[kind]


def write_texts(data: Path, out: Path, say: Callable[[str], None]) -> list[PairSource]:
    """Write the training files, unless they exist, and return them with their weights.

    `data` contains the files of `input_files`; `say` displays progress.
    """
    complete = out / "complete"
    if not complete.exists():
        out.mkdir(parents=True, exist_ok=True)
        by_english: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for language in LANGUAGES:
            say(f"Sorting en-{language}")
            rows = list(read_rows(input_files(data, "en", language)))
            _write(out, f"en-{language}", rows)
            for row in rows:
                by_english[row.first.casefold()][language].append(row)
        for first, second in combinations(LANGUAGES, 2):
            say(f"Joining {first}-{second}")
            joined = _joined(by_english, first, second)
            translated = read_rows(input_files(data, first, second))
            _write(out, f"{first}-{second}", [*joined, *translated])
        complete.touch()
    return [
        PairSource((str(path),), *path.name.split(".")[0].split("-"), weight=weight(*_parts(path)))
        for path in sorted(out.glob("*.tsv.gz"))
    ]


def input_files(data: Path, first: str, second: str) -> list[Path]:
    """The files of a language pair; all language pairs have ``more``, only English the others."""
    names = [f"more.{first}-{second}"]
    if first == "en":
        names += [f"{first}-{second}", f"words.{first}-{second}"]
    return [data / f"{name}.tsv.gz" for name in names]


def _parts(path: Path) -> tuple[str, str]:
    languages, kind = path.name.split(".")[:2]
    return languages, kind


def read_rows(paths: Sequence[Path]) -> Iterator[Row]:
    """The pairs of some files that are trained on."""
    for path in paths:
        for number, line in enumerate(read_lines(path), start=1):
            cells = line.split("\t")
            if len(cells) != 3:
                raise BabeliteError(
                    f"has {len(cells)} columns instead of two sentences and the source",
                    code="format-invalid",
                    path=path,
                    line=number,
                    hint="use the original files",
                )
            row = Row(*cells)
            if row.is_chosen:
                yield row


def _joined(by_english: dict[str, dict[str, list[Row]]], first: str, second: str) -> Iterator[Row]:
    """Pairs of translations of the same English sentence; each translation occurs at least once.

    Words are not joined: two translations of one word often have different meanings.
    """
    for rows in by_english.values():
        left, right = rows.get(first, []), rows.get(second, [])
        if left and right and left[0].kind != "words":
            for place in range(max(len(left), len(right))):
                a, b = left[place % len(left)], right[place % len(right)]
                yield Row(a.second, b.second, a.source)


def _write(out: Path, languages: str, rows: Sequence[Row]) -> None:
    for kind in KINDS:
        chosen = [row for row in rows if row.kind == kind]
        if chosen:
            with writing_text(out / f"{languages}.{kind}.tsv.gz") as stream:
                stream.writelines(f"{row.first}\t{row.second}\n" for row in chosen)
