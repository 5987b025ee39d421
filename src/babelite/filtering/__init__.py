"""Filtering of parallel corpora: which pairs to drop, each with its reasons."""

from babelite.filtering.filter import REASONS, Filtered, Verdict, filter_pairs
from babelite.filtering.language_id import LanguageIdentifier, language_identification_available

__all__ = [
    "REASONS",
    "Filtered",
    "LanguageIdentifier",
    "Verdict",
    "filter_pairs",
    "language_identification_available",
]
