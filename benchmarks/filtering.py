"""How much of five kinds of noise `babelite.filtering` finds in a corpus, and what it costs.

    python benchmarks/filtering.py en-fr.tsv.gz --other en-de.tsv.gz --model MODEL_FOLDER

Draws 50,000 pairs of a parallel corpus, spoils a fifth of them in five ways, filters, and prints
for each kind the share that was found, and for all together precision, recall and F1. With the
text of ``--other`` (the same source language, another target language) sentences get a translation
into a wrong language. The corpus is taken for clean: its own faults count as false alarms.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

Pair = tuple[str, str]

KINDS = ("shuffled", "truncated", "wrong language", "copied", "number changed")


def read_pairs(path: Path) -> list[Pair]:
    """The first two columns of a file, each source sentence once."""
    from babelite.files import read_lines

    pairs = (line.split("\t")[:2] for line in read_lines(path))
    return list({source: (source, target) for source, target in pairs}.values())


def spoil(
    pairs: Sequence[Pair], others: dict[str, str], share: float, seed: int
) -> tuple[list[Pair], list[str]]:
    """Spoil a share of the pairs, as many in each way as there are fit for it.

    Returns:
        All pairs in their order, and for each its kind of noise, or an empty string.
    """
    rng = random.Random(seed)
    spoilt, kinds = list(pairs), [""] * len(pairs)
    each = round(share * len(pairs) / len(KINDS))
    targets = [target for _, target in pairs]
    ways: dict[str, tuple[Callable[[Pair], bool], Callable[[Pair], str]]] = {
        # The kinds that fit few pairs choose first.
        "number changed": (_has_long_number, lambda pair: _other_number(pair[1], rng)),
        "wrong language": (
            lambda pair: others.get(pair[0], pair[1]) not in pair,
            lambda pair: others[pair[0]],
        ),
        "truncated": (
            lambda pair: len(pair[1].split()) >= 8,
            lambda pair: _cut(pair[1], rng.uniform(0.3, 0.6)),
        ),
        "copied": (lambda pair: len(pair[0].split()) >= 3, lambda pair: pair[0]),
        "shuffled": (lambda pair: True, lambda pair: rng.choice(targets)),
    }
    for kind, (fits, change) in ways.items():
        rows = [i for i, pair in enumerate(pairs) if not kinds[i] and fits(pair)]
        for row in rng.sample(rows, min(each, len(rows))):
            spoilt[row], kinds[row] = (pairs[row][0], change(pairs[row])), kind
    return spoilt, kinds


def _has_long_number(pair: Pair) -> bool:
    numbers = [set(re.findall(r"\d+", side)) for side in pair]
    return bool(numbers[0]) and numbers[0] == numbers[1]


def _other_number(text: str, rng: random.Random) -> str:
    """The text with one of its numbers changed in one digit."""
    place = rng.choice([match.start() for match in re.finditer(r"\d", text)])
    digit = rng.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + digit + text[place + 1 :]


def _cut(text: str, share: float) -> str:
    words = text.split()
    return " ".join(words[: max(2, round(share * len(words)))])
