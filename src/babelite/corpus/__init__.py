"""Parallel text: reading it in every common format, gathering, cleaning and splitting it.

Names are imported on first use: reading plain text needs no numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babelite.corpus.catalogs.gather import gather
    from babelite.corpus.cleaning import Cleaner, Cleaning
    from babelite.corpus.columns import find_columns
    from babelite.corpus.documents import Document, read_document, split_sentences
    from babelite.corpus.formats.registry import read_texts, write_pairs
    from babelite.corpus.labelled import LabelledText, hold_out, read_labelled
    from babelite.corpus.languages import guess_pair, split_prefix
    from babelite.corpus.pairs import Pair, WeightedPair
    from babelite.corpus.sentences import Source, Survey, require_names
    from babelite.corpus.sources import PairSource, parse_source, read_sources
    from babelite.corpus.splitting import draw, split, without
    from babelite.corpus.statistics import CorpusStatistics, measure
    from babelite.corpus.text import comparison_key, count_words, normalize, one_line

__all__ = [
    "Cleaner",
    "Cleaning",
    "CorpusStatistics",
    "Document",
    "LabelledText",
    "Pair",
    "PairSource",
    "Source",
    "Survey",
    "WeightedPair",
    "comparison_key",
    "count_words",
    "draw",
    "find_columns",
    "gather",
    "guess_pair",
    "hold_out",
    "measure",
    "normalize",
    "one_line",
    "parse_source",
    "read_document",
    "read_labelled",
    "read_sources",
    "read_texts",
    "require_names",
    "split",
    "split_prefix",
    "split_sentences",
    "without",
    "write_pairs",
]

_MODULES = {
    "Cleaner": "cleaning",
    "Cleaning": "cleaning",
    "CorpusStatistics": "statistics",
    "Document": "documents",
    "LabelledText": "labelled",
    "Pair": "pairs",
    "PairSource": "sources",
    "Source": "sentences",
    "Survey": "sentences",
    "WeightedPair": "pairs",
    "comparison_key": "text",
    "count_words": "text",
    "draw": "splitting",
    "find_columns": "columns",
    "gather": "catalogs.gather",
    "guess_pair": "languages",
    "hold_out": "labelled",
    "measure": "statistics",
    "normalize": "text",
    "one_line": "text",
    "parse_source": "sources",
    "read_document": "documents",
    "read_labelled": "labelled",
    "read_sources": "sources",
    "read_texts": "formats.registry",
    "require_names": "sentences",
    "split": "splitting",
    "split_prefix": "languages",
    "split_sentences": "documents",
    "without": "splitting",
    "write_pairs": "formats.registry",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
