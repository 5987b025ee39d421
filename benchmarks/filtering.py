"""Recall and precision of `babelite.filtering` on five kinds of noise, and its speed.

    python benchmarks/filtering.py en-fr.tsv.gz --other en-de.tsv.gz --model MODEL_FOLDER

Draws 50,000 pairs of a parallel corpus, corrupts a fifth of them in five ways and filters. The
table shows for each kind of noise its recall (dropped for any reason), and recall and precision of
its own check (share of corrupted pairs among those dropped by it). Below: precision, recall and F1
of all kinds together. With the text of ``--other`` (same source language, another target language)
sentences get a translation into a wrong language. The corpus is assumed to be clean: its own errors
count as false alarms. ``--alarms`` writes them to a file for inspection.
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

# Kind of noise -> the reason for which it should be dropped.
KINDS = {
    "shuffled": "low-score",
    "truncated": "truncated",
    "wrong language": "language",
    "copied": "copied",
    "number changed": "numbers",
}
LONG = 20  # words


def read_pairs(path: Path) -> list[Pair]:
    """The first two columns of a file, with distinct source sentences."""
    from babelite.storage import read_lines

    pairs = (line.split("\t")[:2] for line in read_lines(path))
    return list({source: (source, target) for source, target in pairs}.values())


def corrupt(
    pairs: Sequence[Pair], others: dict[str, str], share: float, seed: int
) -> tuple[list[Pair], list[str]]:
    """Corrupt a share of the pairs, with equal numbers of each kind if enough pairs qualify.

    Returns:
        All pairs in order, and the kind of noise of each, or an empty string.
    """
    rng = random.Random(seed)
    corrupted, kinds = list(pairs), [""] * len(pairs)
    each = round(share * len(pairs) / len(KINDS))
    targets = [target for _, target in pairs]
    ways: dict[str, tuple[Callable[[Pair], bool], Callable[[Pair], str]]] = {
        # Kinds for which few pairs qualify come first.
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
            corrupted[row], kinds[row] = (pairs[row][0], change(pairs[row])), kind
    return corrupted, kinds


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


def main() -> None:
    """Filter and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "corpus", type=Path, help="clean sentence pairs: TSV, optionally compressed"
    )
    parser.add_argument(
        "--other", type=Path, nargs="*", default=[], help="pairs with other target languages"
    )
    parser.add_argument("--model", help="encoder, as in babelite filter")
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--noise", type=float, default=0.2, help="share of corrupted pairs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alarms", type=Path, help="write the dropped clean pairs to this file")
    options = parser.parse_args()

    from babelite.encoding import open_encoder
    from babelite.filtering import (
        LanguageIdentifier,
        can_identify_languages,
        filter_pairs,
    )

    clean = read_pairs(options.corpus)
    clean = random.Random(options.seed).sample(clean, min(options.pairs, len(clean)))
    others = {source: target for path in options.other for source, target in read_pairs(path)}
    pairs, kinds = corrupt(clean, others, options.noise, options.seed)
    encoder = open_encoder(options.model)
    identifier = LanguageIdentifier() if can_identify_languages() else None
    if identifier is None:
        print("Languages are not checked: pip install 'babelite[filter]'")
    started = time.perf_counter()
    sides = [source for source, _ in pairs], [target for _, target in pairs]
    with filter_pairs(*sides, encoder, identifier=identifier) as filtered:
        verdicts = list(filtered)
    seconds = time.perf_counter() - started
    report(pairs, kinds, [verdict.reasons for verdict in verdicts], seconds)
    if options.alarms:
        lines = (
            "\t".join((*pair, f"{verdict.score:.3f}", ",".join(verdict.reasons)))
            for pair, kind, verdict in zip(pairs, kinds, verdicts, strict=True)
            if verdict.reasons and not kind
        )
        options.alarms.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def report(
    pairs: Sequence[Pair],
    kinds: Sequence[str],
    reasons: Sequence[tuple[str, ...]],
    seconds: float,
) -> None:
    """Print recall of each kind of noise, and the number of clean pairs dropped."""
    outcomes = list(zip(kinds, reasons, strict=True))
    noise, found = Counter(kinds), Counter(kind for kind, why in outcomes if why)
    print(f"\n{len(pairs):,} pairs, {noise.total() - noise['']:,} corrupted, {seconds:.0f} s\n")
    print(
        "| kind | pairs | recall | its check | recall | precision |\n|---|---:|---:|---|---:|---:|"
    )
    for kind, check in KINDS.items():
        by_check = [of for of, why in outcomes if check in why]
        right = sum(of == kind for of in by_check)
        print(
            f"| {kind} | {noise[kind]:,} | {_share(found[kind], noise[kind])} | {check} "
            f"| {_share(right, noise[kind])} "
            f"| {_share(sum(map(bool, by_check)), len(by_check))} |"
        )
    alarms = Counter(reason for kind, why in outcomes if not kind for reason in why)
    by = ", ".join(f"{reason} {count:,}" for reason, count in alarms.most_common())
    print(f"\n{found['']:,} of {noise['']:,} clean pairs were dropped: {by}")
    long = [
        "numbers" in why
        for pair, (kind, why) in zip(pairs, outcomes, strict=True)
        if kind == "number changed" and len(pair[1].split()) >= LONG
    ]
    print(
        f"Changed numbers in sentences of {LONG} words and more, found by the number check: "
        f"{sum(long)} of {len(long)}"
    )
    right = sum(count for kind, count in found.items() if kind)
    precision = right / max(1, found.total())
    recall = right / max(1, noise.total() - noise[""])
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    print(f"\nprecision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


if __name__ == "__main__":
    main()
