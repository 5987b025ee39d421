"""Filtering of parallel corpora: which pairs to drop, each with its reasons."""

from babelite.corpus import LanguageIdentifier, can_identify_languages
from babelite.filtering.filter import REASONS, Filtered, Verdict, filter_pairs

__all__ = [
    "REASONS",
    "Filtered",
    "LanguageIdentifier",
    "Verdict",
    "can_identify_languages",
    "filter_pairs",
]
