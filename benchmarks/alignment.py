"""Sentence alignment: F1, time and memory, beside other aligners.

    python benchmarks/alignment.py en-fr.tsv.gz en-de.tsv.gz --source bible --pairs 1000
    python benchmarks/alignment.py en-fr.tsv.gz --missing 0.3
    python benchmarks/alignment.py --gold bleualign_data --languages de-fr

With --gold, human translations with gold alignments are read from a folder: NAME.de, NAME.fr and
NAME.defr (the gold beads as ``[0, 1]:[0]``, from 0), as Vecalign has those of Text+Berg in its
folder ``bleualign_data``. The last rows are over the beads of all documents. With --missing, that
share of the lines is dropped at random from both sides of documents of sentence pairs.

Else one document pair is made from a random choice of the sentence pairs of each FILE. A share of
the sentences (--share, 15 % by default) is changed in four ways, with equal frequency:

- merge: two neighbouring sentences of one side become one; the gold bead is 1-2 or 2-1.
- split: a sentence of one side is cut at a clause; the gold bead is 1-2 or 2-1.
- delete: a sentence of one side is dropped; the gold bead is 1-0 or 0-1.
- swap: two neighbours of one side change places. Beads cannot cross: the gold bead is the smallest
  that contains both translations, 2-2.

Every aligner aligns the same text in a separate process; encoding is part of its time. The
Gale-Church aligner is that of nltk (pip install nltk). Its time and memory are quadratic, so it is
not run on documents of more than --gale-church sentences. The costs of Vecalign and Bertalign
(published_aligners.py) are given the vectors of the same model, of joined text as in both; they are
left out with --no-published.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import published_aligners
from numpy.typing import NDArray

from babelite.corpus import parse_source
from babelite.errors import BabeliteError
from babelite.evaluation import score_alignment
from babelite.machine import peak_memory
from babelite.storage import read_lines

KINDS = ("merge", "split", "delete", "swap")
_KIND_COLUMNS = ("unchanged", "merges", "splits", "deletions", "swaps")
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


def drop_lines(pairs: Sequence[tuple[str, str]], share: float, seed: int) -> DocumentPair:
    """Two versions that both lack a share of the lines, at random."""
    rng = random.Random(seed)
    documents = DocumentPair()
    for one, other in pairs:
        kept = [[text] if rng.random() >= share else [] for text in (one, other)]
        if any(kept):
            documents.add((kept[0], kept[1]), "", flipped=False)
    return documents


def read_gold(folder: Path, languages: str) -> dict[str, DocumentPair]:
    """Gold-aligned documents of a folder: NAME.de, NAME.fr and NAME.defr for ``de-fr``."""
    source, target = languages.split("-")
    found = {}
    for path in sorted(folder.glob(f"*.{source}{target}")):
        sides = [
            path.with_suffix(f".{language}").read_text(encoding="utf-8").split("\n")[:-1]
            for language in (source, target)
        ]
        lines = path.read_text(encoding="utf-8").splitlines()
        beads = [tuple(map(ast.literal_eval, line.split(":"))) for line in lines]
        found[path.stem] = DocumentPair(*sides, beads, [""] * len(beads))
    if not found:
        raise SystemExit(f"{folder}: has no NAME.{source}{target}")
    return found


# --- contenders -----------------------------------------------------------------------------------


def babelite(documents: DocumentPair, model: str | None) -> Beads:
    """Align with babelite."""
    from babelite.alignment import align
    from babelite.encoding import open_encoder

    beads = align(documents.source, documents.target, open_encoder(model))
    return [(list(bead.source), list(bead.target)) for bead in beads]


def joined(documents: DocumentPair, model: str | None) -> Beads:
    """Align with babelite, with vectors of joined text instead of sums of vectors."""
    from babelite.alignment import align_runs, text_lengths

    lengths = text_lengths(documents.source, documents.target)
    beads = align_runs(*joined_runs(documents, model), lengths=lengths)
    return [(list(bead.source), list(bead.target)) for bead in beads]


def joined_runs(documents: DocumentPair, model: str | None) -> list[list[NDArray[np.float32]]]:
    """The unit vectors of the joined text of runs."""
    from babelite.alignment import encode_runs
    from babelite.encoding import open_encoder

    encoder = open_encoder(model)
    return [encode_runs(encoder, side) for side in (documents.source, documents.target)]


def vecalign(documents: DocumentPair, model: str | None) -> Beads:
    """Align by the cost of Vecalign."""
    return published_aligners.vecalign(*joined_runs(documents, model))


def bertalign(documents: DocumentPair, model: str | None) -> Beads:
    """Align by the score of Bertalign."""
    sides = documents.source, documents.target
    lengths = tuple([len(text) for text in side] for side in sides)
    return published_aligners.bertalign(*joined_runs(documents, model), lengths)


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
    "vecalign": ("Vecalign's cost", vecalign),
    "bertalign": ("Bertalign's score", bertalign),
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


def matched_scores(beads: Beads, gold: Beads) -> tuple[float, float]:
    """Strict precision and recall of the beads with two sides."""
    found, right = ({(tuple(a), tuple(b)) for a, b in side if a and b} for side in (beads, gold))
    return tuple(len(found & right) / max(len(side), 1) for side in (found, right))


def row(name: str, lengths: str, title: str, documents: DocumentPair, measured: dict) -> str:
    """A row of the table."""
    beads = measured["beads"]
    scores = score_alignment(beads, documents.gold)
    precision, recall = matched_scores(beads, documents.gold)
    kinds = f" | {kinds_found(documents, beads)}" if any(documents.kinds) else ""
    return (
        f"| {name} | {lengths} | {title} | {scores.strict.f1:.4f} | {scores.lax.f1:.4f} "
        f"| {precision:.4f} | {recall:.4f}{kinds} "
        f"| {measured['seconds']:.1f} s | {measured['memory']:.0f} MB |"
    )


def pooled(parts: Sequence[tuple[DocumentPair, dict]]) -> tuple[DocumentPair, dict]:
    """The gold beads and the beads found of several documents, as if they were one."""
    gold, beads = DocumentPair(), []
    for documents, measured in parts:
        first = len(gold.source), len(gold.target)
        for found, shifted in ((documents.gold, gold.gold), (measured["beads"], beads)):
            shifted += [
                tuple(
                    [place + start for place in side]
                    for side, start in zip(bead, first, strict=True)
                )
                for bead in found
            ]
        gold.source += documents.source
        gold.target += documents.target
    seconds = sum(measured["seconds"] for _, measured in parts)
    memory = max(measured["memory"] for _, measured in parts)
    return gold, {"beads": beads, "seconds": seconds, "memory": memory}


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="sentence pairs, as TSV")
    parser.add_argument("--source", action="append", help="only pairs with this third column")
    parser.add_argument("--gold", type=Path, metavar="FOLDER", help="gold-aligned documents")
    parser.add_argument("--languages", default="de-fr", help="of the documents of --gold (de-fr)")
    parser.add_argument("--only", default="", help="only documents of --gold with this prefix")
    parser.add_argument("--missing", type=float, help="drop this share of the lines of both sides")
    parser.add_argument(
        "--model", help="encoder, as in babelite align (default: the packaged model)"
    )
    parser.add_argument("--pairs", type=int, default=1_000, help="pairs of each document (1000)")
    parser.add_argument(
        "--share", type=float, default=0.15, help="share of pairs that are changed (0.15)"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("--joined", action="store_true", help="also encode joined text (slow)")
    parser.add_argument("--no-published", action="store_true", help="no Vecalign and Bertalign")
    parser.add_argument(
        "--gale-church", type=int, default=2_000, help="longest document for Gale-Church"
    )
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.files or options.gold):
        parser.error("give files of sentence pairs, or --gold")
    return options


def all_documents(options: argparse.Namespace) -> Iterator[tuple[str, DocumentPair]]:
    """The names and texts of the documents that are measured."""
    if options.gold:
        for name, documents in read_gold(options.gold, options.languages).items():
            if name.startswith(options.only):
                yield name, documents
    for file, source in ((f, s) for f in options.files for s in options.source or [None]):
        try:
            pairs = read_pairs(file, source, options.pairs, options.seed)
        except BabeliteError as error:
            raise SystemExit(str(error)) from None
        name = Path(file).name.split(".tsv")[0] + (f", {source}" if source else "")
        if options.missing is None:
            yield name, make_documents(pairs, options.share, options.seed)
        else:
            yield name, drop_lines(pairs, options.missing, options.seed)


def left_out(options: argparse.Namespace) -> set[str]:
    """The contenders that are not asked for."""
    names = set() if options.joined else {"joined"}
    return names | ({"vecalign", "bertalign"} if options.no_published else set())


def main() -> None:
    """Make or read the documents, align them and print a table in Markdown."""
    options = parse_options()
    if options.measure:
        print(json.dumps(measure(options.measure, Path(options.files[0]), options.model)))
        return
    kinds = [] if options.gold or options.missing is not None else list(_KIND_COLUMNS)
    columns = ["document", "sentences", "aligner", "strict F1", "lax F1", "precision", "recall"]
    columns += [*kinds, "time", "peak memory"]
    print(f"| {' | '.join(columns)} |\n|---|---:|---|" + "---:|" * (len(columns) - 3))
    parts: dict[str, list[tuple[DocumentPair, dict]]] = {}
    for name, documents in all_documents(options):
        counts = len(documents.source), len(documents.target)
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "documents.json"
            made.write_text(json.dumps(vars(documents)), encoding="utf-8")
            for contender, (title, _) in CONTENDERS.items():
                if contender in left_out(options):
                    continue
                if contender == "gale-church" and max(counts) > options.gale_church:
                    continue
                measured = in_process(contender, made, options.model)
                if measured is None:
                    continue
                parts.setdefault(title, []).append((documents, measured))
                lengths = f"{counts[0]:,} – {counts[1]:,}"
                print(row(name, lengths, title, documents, measured), flush=True)
    if options.gold:
        for title, measures in parts.items():
            gold, measured = pooled(measures)
            lengths = f"{len(gold.source):,} – {len(gold.target):,}"
            print(row("all", lengths, title, gold, measured))


if __name__ == "__main__":
    main()
