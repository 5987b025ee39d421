"""Known pairs hidden among many sentences without a translation: how many are mined?

    python benchmarks/mining_distractors.py tatoeba.en-*.tsv.gz \
        --distractors en-fr.tsv.gz en-de.tsv.gz en-es.tsv.gz en-it.tsv.gz --model MODEL_FOLDER

The sources of all files together make one side, their targets the other. To each side so many
sentences of the distractors are added, from places (their third column) that differ by side. One
threshold is fitted on half of the known pairs; precision, recall and F1 are measured with the other
half, for each file. A pair of a known sentence with any other than its translation is wrong.
Whether a pair of two distractors is wrong nobody knows: those above the threshold are counted and,
with all others that are not among the known pairs, written to a file to be looked at. ``--strict``
counts them as wrong in the fitting too.
"""

from __future__ import annotations

import argparse
import resource
import time
import zlib
from pathlib import Path

import numpy as np

Pair = tuple[str, str]


def read_pairs(path: Path) -> list[Pair]:
    """The first two columns of a file."""
    from babelite.files import read_lines

    rows = (line.split("\t") for line in read_lines(path))
    return [(row[0].strip(), row[1].strip()) for row in rows]


def distractors(paths: list[Path], count: int, gold: list[Pair]) -> tuple[list[str], list[str]]:
    """So many different sentences for each side, as many from each file.

    What comes from one place (the third column) all goes to one side: manuals and messages are full
    of sentences that translate each other without being a pair.
    """
    from babelite.files import read_lines

    taken: tuple[set[str], set[str]] = (set(), set())
    known = {side for pair in gold for side in pair}
    for number, path in enumerate(paths):
        wanted = count * (number + 1) // len(paths)
        for line in read_lines(path):
            *pair, origin = [cell.strip() for cell in line.split("\t")[:3]]
            side = zlib.crc32(origin.encode()) % 2
            if len(taken[side]) < wanted and pair[side] not in known:
                taken[side].add(pair[side])
            elif min(map(len, taken)) >= wanted:
                break
    if min(map(len, taken)) < count:
        raise SystemExit(f"the distractors hold fewer than {count:,} sentences a side")
    return sorted(taken[0]), sorted(taken[1])


def main() -> None:
    """Read the command line, mine and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("gold", type=Path, nargs="+", help="known pairs, a file a language pair")
    parser.add_argument("--distractors", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100_000, help="distractors a side")
    parser.add_argument("--model", help="as for babelite mine")
    parser.add_argument("--margin", default="ratio")
    parser.add_argument("--direction", default="backward")
    parser.add_argument("--search", default="auto")
    parser.add_argument("--strict", action="store_true", help="pairs of distractors are wrong")
    parser.add_argument("--wrong", type=Path, default=Path("wrong.tsv"), help="wrong pairs taken")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    from babelite.adapters import open_encoder
    from babelite.calibration import Curve, precision_recall
    from babelite.evaluation.mining import halves
    from babelite.mining import mine

    files = {path.name.split(".tsv")[0]: read_pairs(path) for path in options.gold}
    gold = {pair: name for name, pairs in files.items() for pair in pairs}
    more = distractors(options.distractors, options.count, list(gold))
    rng = np.random.default_rng(options.seed)
    sides = [
        [str(text) for text in rng.permutation([*{pair[i] for pair in gold}, *more[i]])]
        for i in (0, 1)
    ]
    encoder = open_encoder(options.model)
    started = time.perf_counter()
    with mine(*sides, encoder, search=options.search) as mined:
        pairs = mined.pairs(options.margin, options.direction)
        seconds = time.perf_counter() - started
        texts = [
            (mined.sources[source], mined.targets[target])
            for source, target in zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        ]
        size = f"{len(mined.sources):,} × {len(mined.targets):,} sentences, {mined.search} search"
    keys = list(gold)
    fitting, _ = halves(len(keys), options.seed)
    fitted_on = {pair for pair, chosen in zip(keys, fitting, strict=True) if chosen}
    measured_on = set(keys) - fitted_on
    # A pair counts for the half that its target, or else its source, belongs to.
    half_of = {text: pair in fitted_on for pair in keys for text in pair}
    half = [half_of.get(target, half_of.get(source)) for source, target in texts]

    def curve(known: set[Pair], *, fitting: bool, name: str | None = None) -> Curve:
        of_file = {text for pair in known for text in pair}
        rows = [
            i
            for i, (pair, fits) in enumerate(zip(texts, half, strict=True))
            if (fits is fitting and not of_file.isdisjoint(pair))
            or (fits is None and options.strict and name is None)
        ]
        return precision_recall(pairs.score[rows], [texts[i] in known for i in rows], len(known))

    threshold = curve(fitted_on, fitting=True).best.threshold
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size}: {seconds:.0f} s from text to pairs, {memory:.0f} MB")
    print(f"threshold {threshold:.4f}, fitted on {len(fitted_on):,} pairs\n")
    print("| pairs | known | precision | recall | F1 | best possible F1 |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in (*files, None):
        known = {pair for pair in measured_on if name in (None, gold[pair])}
        found = curve(known, fitting=False, name=name)
        at, best = found.at(threshold), found.best
        shares = " | ".join(f"{100 * x:.2f}" for x in (at.precision, at.recall, at.f1, best.f1))
        print(f"| {name or 'all'} | {len(known):,} | {shares} |")
    wrong = [
        f"{score:.4f}\t{source}\t{target}\n"
        for (source, target), score in zip(texts, pairs.score, strict=True)
        if score >= threshold and (source, target) not in gold
    ]
    options.wrong.write_text("".join(wrong), encoding="utf-8")
    apart = sum(
        fits is None and score >= threshold for fits, score in zip(half, pairs.score, strict=True)
    )
    print(
        f"\n{len(wrong):,} unknown pairs above the threshold, {apart:,} of them of two "
        f"distractors: {options.wrong}"
    )


if __name__ == "__main__":
    main()
