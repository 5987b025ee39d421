"""The training text of the packaged model: sorted by kind, and joined across English.

Two thirds of the text are about software, and people search for more than that: the kinds are
written to files of their own, so that training can weigh them. Sentences of two languages that
translate the same English sentence make a pair too: that teaches the pairs without English.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from babelite.corpus import PairSource
from babelite.errors import BabeliteError
from babelite.storage import read_lines, writing_text

LANGUAGES = ("fr", "de", "es", "it")
KINDS = ("everyday", "prose", "technical")
_EVERYDAY = {"tatoeba"}
_PROSE = {"europarl", "bible", "wesnoth", "freeorion", "wmt-sample"}


class Row(NamedTuple):
    """A line of the data: English, its translation, and the name of the source."""

    english: str
    other: str
    source: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if self.source in _EVERYDAY:
            return "everyday"
        return "prose" if self.source in _PROSE else "technical"


def weight(languages: str, kind: str) -> float:
    """How often an epoch has a pair of a file.

    Italian has no everyday text of its own, so the nearest to it is seen more often.
    """
    if not languages.startswith("en-"):
        return {"everyday": 0.5, "prose": 0.5, "technical": 0.1}[kind]
    if languages == "en-it":
        return {"everyday": 3.0, "prose": 3.0, "technical": 0.6}[kind]
    return {"everyday": 1.5, "prose": 1.0, "technical": 0.3}[kind]


def write_texts(data: Path, out: Path, say: Callable[[str], None]) -> list[PairSource]:
    """Write the files that are trained on, unless they are there.

    Args:
        data: The folder of ``en-XX.tsv.gz``: English, the other language, source name.
        out: The folder for the files.
        say: Told what is done.

    Returns:
        The files with their weights.

    Raises:
        BabeliteError: A file is missing, or a line has not three columns.
    """
    complete = out / "complete"
    if not complete.exists():
        out.mkdir(parents=True, exist_ok=True)
        by_english: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for language in LANGUAGES:
            say(f"Sorting en-{language}")
            rows = list(_read(data / f"en-{language}.tsv.gz"))
            _write(out, f"en-{language}", [(row.kind, row.english, row.other) for row in rows])
            for row in rows:
                by_english[row.english.casefold()][language].append(row)
        for first, second in combinations(LANGUAGES, 2):
            say(f"Joining {first}-{second}")
            _write(out, f"{first}-{second}", list(_joined(by_english, first, second)))
        complete.touch()
    return [
        PairSource((str(path),), *path.name.split(".")[0].split("-"), weight=weight(*_parts(path)))
        for path in sorted(out.glob("*.tsv.gz"))
    ]


def _parts(path: Path) -> tuple[str, str]:
    languages, kind = path.name.split(".")[:2]
    return languages, kind


def _read(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_lines(path), start=1):
        cells = line.split("\t")
        if len(cells) != 3:
            raise BabeliteError(
                f"has {len(cells)} columns instead of English, translation and source",
                path=path,
                line=number,
                code="format-invalid",
                hint="use the files of the recipe unchanged",
            )
        yield Row(*cells)


def _joined(
    by_english: dict[str, dict[str, list[Row]]], first: str, second: str
) -> Iterator[tuple[str, str, str]]:
    """Each translation on the side that has more of them once, each of the other at least once."""
    for rows in by_english.values():
        left, right = rows.get(first, []), rows.get(second, [])
        if left and right:
            for place in range(max(len(left), len(right))):
                a, b = left[place % len(left)], right[place % len(right)]
                yield a.kind, a.other, b.other


def _write(out: Path, languages: str, pairs: list[tuple[str, str, str]]) -> None:
    for kind in KINDS:
        chosen = [(source, target) for found, source, target in pairs if found == kind]
        if chosen:
            with writing_text(out / f"{languages}.{kind}.tsv.gz") as stream:
                stream.writelines(f"{source}\t{target}\n" for source, target in chosen)
