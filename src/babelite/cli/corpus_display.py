"""Tables of counts that `babelite corpus` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping

import typer

from babelite.cli.shared.tables import print_table, result_table
from babelite.corpus import Cleaner, CorpusStatistics
from babelite.errors import quantity

_STEP_NAMES = {
    "unicode": "changed: Unicode, white space, invisible characters",
    "empty": "dropped: an empty side",
    "length": "dropped: too few or too many words",
    "length_ratio": "dropped: length ratio",
    "identical": "dropped: identical sides",
    "exclude": "dropped: occurs in an excluded file",
    "duplicates": "dropped: seen before",
}

_SIDE_NAMES = {
    "distinct": "distinct sentences",
    "words": "words",
    "characters": "characters",
    "mean_words": "words a sentence: mean",
    "median_words": "  median",
    "p95_words": "  95th percentile",
    "max_words": "  maximum",
}


def show_cleaning(cleaners: Mapping[str, Cleaner], as_json: bool) -> None:
    """Print the counts of each cleaner: JSON to standard output, or a table to standard error."""
    if as_json:
        counts = {
            name: {"read": cleaner.read, "kept": cleaner.kept, "steps": cleaner.counts}
            for name, cleaner in cleaners.items()
        }
        typer.echo(json.dumps(counts["pairs"] if list(counts) == ["pairs"] else counts))
        return
    table = result_table(texts=[""], numbers=list(cleaners))
    table.add_row("read", *(f"{cleaner.read:,}" for cleaner in cleaners.values()))
    for step in next(iter(cleaners.values())).counts:
        row = (f"{cleaner.counts[step]:,}" for cleaner in cleaners.values())
        table.add_row(_STEP_NAMES[step], *row)
    table.add_row("kept", *(f"{cleaner.kept:,}" for cleaner in cleaners.values()), style="bold")
    print_table(table, stderr=True)


def show_statistics(measured: CorpusStatistics, languages: tuple[str, str], as_json: bool) -> None:
    """Print the numbers of a corpus to standard output, as JSON or as a table."""
    if as_json:
        typer.echo(json.dumps(measured.as_dict()))
        return
    table = result_table(quantity(measured.pairs, "pair"), texts=[""], numbers=languages)
    for key, left in vars(measured.source).items():
        right = getattr(measured.target, key)
        row = (f"{n:,.1f}" if isinstance(n, float) else f"{n:,}" for n in (left, right))
        table.add_row(_SIDE_NAMES[key], *row)
    print_table(table)
