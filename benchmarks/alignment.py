"""Sentence alignment: F1, time and memory, beside Gale-Church.

    python benchmarks/alignment.py en-fr.tsv.gz en-de.tsv.gz --source bible --pairs 1000

One document pair is made from a random choice of the sentence pairs of each FILE. A share of the
sentences (--share, 15 % by default) is changed in four ways, with equal frequency:

- merge: two neighbouring sentences of one side become one; the gold bead is 1-2 or 2-1.
- split: a sentence of one side is cut at a clause; the gold bead is 1-2 or 2-1.
- delete: a sentence of one side is dropped; the gold bead is 1-0 or 0-1.
- swap: two neighbours of one side change places. Beads cannot cross: the gold bead is the smallest
  that contains both translations, 2-2.

Every aligner aligns the same text in a separate process; encoding is part of its time. The
Gale-Church aligner is that of nltk (pip install nltk). Its time and memory are quadratic, so it is
not run on documents of more than --gale-church sentences.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babelite.corpus import parse_source
from babelite.errors import BabeliteError
from babelite.evaluation import score_alignment
from babelite.machine import peak_memory
from babelite.storage import read_lines

KINDS = ("merge", "split", "delete", "swap")
_TOUCHED = 1.5  # mean number of pairs that a change affects

_CLAUSE_END = re.compile(r"[,;:.!?]\s+")
_SHORTEST_CLAUSE = 10

Beads = list[tuple[list[int], list[int]]]


@dataclass
class DocumentPair:
    """Two versions of a document with their gold alignment.

    Attributes:
        source: The sentences of one version.
        target: The sentences of the other version.
        gold: The gold beads, as row numbers of both.
        kinds: The change made to each bead; ``""`` for none.
    """

    source: list[str] = field(default_factory=list)
    target: list[str] = field(default_factory=list)
    gold: Beads = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, sides: tuple[Sequence[str], Sequence[str]], kind: str, flipped: bool) -> None:
        """Append a bead; if ``flipped``, its sides are given as target and source."""
        source, target = sides[::-1] if flipped else sides
        first, second = len(self.source), len(self.target)
        self.gold.append(
            (
                list(range(first, first + len(source))),
                list(range(second, second + len(target))),
            )
        )
        self.kinds.append(kind)
        self.source += source
        self.target += target


def make_documents(pairs: Sequence[tuple[str, str]], share: float, seed: int) -> DocumentPair:
    """Make two versions of a document from sentence pairs.

    Args:
        pairs: Sentences and their translations, in order.
        share: The share of the pairs affected by a change.
        seed: Random seed of the changes.

    Returns:
        Both versions with the gold beads.
    """
    rng = random.Random(seed)
    documents = DocumentPair()
    chance = share / (_TOUCHED - share * (_TOUCHED - 1))
    rest = list(reversed(pairs))
    while rest:
        kind = rng.choice(KINDS) if rng.random() < chance else ""
        flipped = rng.random() < 0.5
        one, other = rest.pop()[:: -1 if flipped else 1]
        if kind in ("merge", "swap") and rest:
            next_one, next_other = rest.pop()[:: -1 if flipped else 1]
            if kind == "merge":
                documents.add(([f"{one} {next_one}"], [other, next_other]), kind, flipped)
            else:
                documents.add(([one, next_one], [next_other, other]), kind, flipped)
        elif kind == "split" and (clauses := cut(one)):
            documents.add((clauses, [other]), kind, flipped)
        elif kind == "delete":
            documents.add(([one], []), kind, flipped)
        else:
            documents.add(([one], [other]), "", flipped)
    return documents


def cut(sentence: str) -> list[str]:
    """Cut a sentence at the clause end nearest to its middle; an empty list if there is none."""
    ends = [match.end() for match in _CLAUSE_END.finditer(sentence)]
    ends = [end for end in ends if min(end, len(sentence) - end) >= _SHORTEST_CLAUSE]
    if not ends:
        return []
    middle = min(ends, key=lambda end: abs(end - len(sentence) / 2))
    return [sentence[:middle].strip(), sentence[middle:].strip()]


def read_pairs(path: str, source: str | None, count: int, seed: int) -> list[tuple[str, str]]:
    """Draw pairs of a file; with ``source``, only those with this third column."""
    if source is None:
        found = parse_source(path, default_languages=("source", "target")).read()
        pairs = [(pair.source, pair.target) for pair in found]
    else:
        rows = (line.split("\t") for line in read_lines(path))
        pairs = [(row[0], row[1]) for row in rows if row[2:3] == [source]]
    pairs = [pair for pair in pairs if all(side.strip() for side in pair)]
    if not pairs:
        raise SystemExit(f"{path}: has no pair" + (f" of {source}" if source else ""))
    random.Random(seed).shuffle(pairs)
    return pairs[:count]


# --- contenders -----------------------------------------------------------------------------------


def babelite(documents: DocumentPair, model: str | None) -> Beads:
    """Align with babelite."""
    from babelite.alignment import align
    from babelite.encoding import open_encoder

    beads = align(documents.source, documents.target, open_encoder(model))
    return [(list(bead.source), list(bead.target)) for bead in beads]


def joined(documents: DocumentPair, model: str | None) -> Beads:
    """Align with babelite, with vectors of joined text instead of sums of vectors."""
    from babelite.alignment import align_runs, encode_runs
    from babelite.encoding import open_encoder

    encoder = open_encoder(model)
    runs = (encode_runs(encoder, side) for side in (documents.source, documents.target))
    return [(list(bead.source), list(bead.target)) for bead in align_runs(*runs)]


def gale_church(documents: DocumentPair, model: str | None) -> Beads:
    """Align by sentence lengths in characters (Gale & Church 1993; nltk)."""
    from nltk.translate.gale_church import align_blocks

    lengths = [[len(text) for text in side] for side in (documents.source, documents.target)]
    return list(linked(align_blocks(*lengths), len(documents.source), len(documents.target)))


def linked(links: Sequence[tuple[int, int]], source: int, target: int) -> Beads:
    """Convert links of single sentences to beads, with the unlinked sentences."""
    of_source: dict[int, tuple[set[int], set[int]]] = {}
    of_target: dict[int, tuple[set[int], set[int]]] = {}
    for i, j in sorted(links):
        bead = of_source.get(i) or of_target.get(j) or (set(), set())
        bead[0].add(i)
        bead[1].add(j)
        of_source[i] = of_target[j] = bead
    beads = {id(bead): bead for bead in of_source.values()}.values()
    return [
        *((sorted(rows), sorted(columns)) for rows, columns in beads),
        *(([row], []) for row in range(source) if row not in of_source),
        *(([], [column]) for column in range(target) if column not in of_target),
    ]


CONTENDERS: dict[str, tuple[str, Callable[[DocumentPair, str | None], Beads]]] = {
    "babelite": ("babelite", babelite),
    "joined": ("babelite, joined text encoded", joined),
    "gale-church": ("Gale–Church (nltk)", gale_church),
}


def measure(contender: str, file: Path, model: str | None) -> dict[str, object]:
    """Align a document pair in this process."""
    documents = DocumentPair(**json.loads(file.read_text(encoding="utf-8")))
    started = time.perf_counter()
    beads = CONTENDERS[contender][1](documents, model)
    seconds = time.perf_counter() - started
    return {"beads": beads, "seconds": seconds, "memory": peak_memory() / 1e6}


def in_process(contender: str, file: Path, model: str | None) -> dict[str, object] | None:
    """Align in a separate process; prints a line and returns None if that failed."""
    command = [sys.executable, __file__, str(file), "--measure", contender]
    command += ["--model", model] if model else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        print(f"{contender}: left out ({reason[0]})", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def kinds_found(documents: DocumentPair, beads: Beads) -> str:
    """The percentage of the beads of each kind that was found."""
    found = {(tuple(source), tuple(target)) for source, target in beads}
    total, right = Counter(documents.kinds), Counter[str]()
    for (source, target), kind in zip(documents.gold, documents.kinds, strict=True):
        right[kind] += (tuple(source), tuple(target)) in found
    return " | ".join(
        f"{100 * right[kind] / total[kind]:.1f}" if total[kind] else "–" for kind in ("", *KINDS)
    )


def main() -> None:
    """Make the documents, align them and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE", help="sentence pairs, as TSV")
    parser.add_argument("--source", action="append", help="only pairs with this third column")
    parser.add_argument(
        "--model", help="encoder, as in babelite align (default: the packaged model)"
    )
    parser.add_argument("--pairs", type=int, default=1_000, help="pairs of each document (1000)")
    parser.add_argument(
        "--share", type=float, default=0.15, help="share of pairs that are changed (0.15)"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--joined", action="store_true", help="also encode joined text (slow)")
    parser.add_argument(
        "--gale-church", type=int, default=2_000, help="longest document for Gale-Church"
    )
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, Path(options.files[0]), options.model)))
        return
    print(
        "| document | sentences | aligner | strict F1 | lax F1 | unchanged | merges | splits "
        "| deletions | swaps | time | peak memory |\n|---|---:|---|" + "---:|" * 9
    )
    for file, source in ((f, s) for f in options.files for s in options.source or [None]):
        try:
            pairs = read_pairs(file, source, options.pairs, options.seed)
        except BabeliteError as error:
            parser.error(str(error))
        documents = make_documents(pairs, options.share, options.seed)
        lengths = len(documents.source), len(documents.target)
        name = Path(file).name.split(".tsv")[0] + (f", {source}" if source else "")
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "documents.json"
            made.write_text(json.dumps(vars(documents)), encoding="utf-8")
            for contender, (title, _) in CONTENDERS.items():
                if contender == "joined" and not options.joined:
                    continue
                if contender == "gale-church" and max(lengths) > options.gale_church:
                    continue
                measured = in_process(contender, made, options.model)
                if measured is None:
                    continue
                scores = score_alignment(measured["beads"], documents.gold)
                print(
                    f"| {name} | {lengths[0]:,} – {lengths[1]:,} | {title} "
                    f"| {scores.strict.f1:.4f} | {scores.lax.f1:.4f} "
                    f"| {kinds_found(documents, measured['beads'])} "
                    f"| {measured['seconds']:.1f} s | {measured['memory']:.0f} MB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
