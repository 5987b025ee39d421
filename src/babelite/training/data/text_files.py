"""Prepared text on disk: a row is one sentence or a pair of sentences, and its weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babelite.corpus import WeightedPair, WeightedSentence, one_line
from babelite.storage import read_lines, writing_with_checksums
from babelite.training.run_folder import checked


def write_rows(
    path: Path,
    rows: Iterable[WeightedPair] | Iterable[WeightedSentence],
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Write pairs or sentences; `advance` is called with 1 for each."""
    with (
        writing_with_checksums(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for *texts, weight in rows:
            sides = "\t".join(one_line(str(text)) for text in texts)
            stream.write(f"{sides}\t{weight:g}\n")
            advance(1)


def read_rows(path: Path) -> Iterator[tuple[list[str], float]]:
    """Read the texts (one, or the two of a pair) and the weight of each row."""
    for line in read_lines(checked(path)):
        *texts, weight = line.split("\t")
        yield texts, float(weight)


def read_pairs(path: Path) -> Iterator[WeightedPair]:
    """Read a file of pairs."""
    for (source, target), weight in read_rows(path):
        yield WeightedPair(source, target, weight)


def read_sentences(path: Path) -> Iterator[WeightedSentence]:
    """Read a file of sentences."""
    for (text,), weight in read_rows(path):
        yield WeightedSentence(text, weight)


@dataclass(frozen=True)
class SampledSentences:
    """Iterates over the sentences of a share of the rows of some files, by weight."""

    files: Sequence[Path]
    share: float
    advance: Callable[[int], None]  # called with 1 for each row

    def __iter__(self) -> Iterator[str]:
        for path in self.files:
            owed = 0.5
            for texts, weight in read_rows(path):
                owed += self.share * weight
                while owed >= 1:
                    owed -= 1
                    self.advance(1)
                    yield from texts
