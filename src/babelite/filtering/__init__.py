"""Filtering: bad pairs of a parallel corpus found, each with the reasons."""

from babelite.filtering.numbers import number_groups, numbers_differ
from babelite.filtering.run import REASONS, Filtered, Verdict, filter_pairs

__all__ = [
    "REASONS",
    "Filtered",
    "Verdict",
    "filter_pairs",
    "number_groups",
    "numbers_differ",
]
