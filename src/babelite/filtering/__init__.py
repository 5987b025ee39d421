"""Filtering: the bad pairs of a parallel corpus, each with its reasons."""

from babelite.filtering.filter import REASONS, Filtered, Verdict, filter_pairs
from babelite.filtering.language_id import LanguageIdentifier, is_available
from babelite.filtering.numbers import number_groups, numbers_differ

__all__ = [
    "REASONS",
    "Filtered",
    "LanguageIdentifier",
    "Verdict",
    "filter_pairs",
    "is_available",
    "number_groups",
    "numbers_differ",
]
