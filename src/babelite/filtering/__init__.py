"""Filtering of parallel corpora: which pairs to drop, each with its reasons."""

from babelite.filtering.filter import REASONS, Filtered, Verdict, filter_pairs
from babelite.filtering.language_id import LanguageIdentifier, can_identify_languages

__all__ = [
    "REASONS",
    "Filtered",
    "LanguageIdentifier",
    "Verdict",
    "can_identify_languages",
    "filter_pairs",
]
