"""Training text of the packaged model, split by kind and joined across English.

Two thirds of the text are about software, which is not what most people search for. Each kind is
written to its own files, so that training can weight them. Sentences of two languages that
translate the same English sentence form a pair: training text without English.
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
    """A line of the data: English, translation, name of the source."""

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
    """The average occurrences of a pair in an epoch.

    There is no everyday Italian text, so other Italian text gets a higher weight.
    """
    if not languages.startswith("en-"):
        return {"everyday": 0.5, "prose": 0.5, "technical": 0.1}[kind]
    if languages == "en-it":
        return {"everyday": 3.0, "prose": 3.0, "technical": 0.6}[kind]
    return {"everyday": 1.5, "prose": 1.0, "technical": 0.3}[kind]


def write_texts(data: Path, out: Path, say: Callable[[str], None]) -> list[PairSource]:
    """Write the training files, unless they exist, and return them with their weights.

    `data` contains ``en-XX.tsv.gz`` with English, translation and source name; `say` displays
    progress.
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
                code="format-invalid",
                path=path,
                line=number,
                hint="use the original files",
            )
        yield Row(*cells)


def _joined(
    by_english: dict[str, dict[str, list[Row]]], first: str, second: str
) -> Iterator[tuple[str, str, str]]:
    """Pairs of translations of the same English sentence; each translation occurs at least once."""
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
