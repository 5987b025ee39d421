"""Parallel text: reading it in every common format, gathering, cleaning and splitting it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babelite.corpus.catalogs import gather
    from babelite.corpus.cleaning import Cleaner, Cleaning
    from babelite.corpus.formats import read_texts, write_pairs
    from babelite.corpus.pairs import Pair, WeightedPair
    from babelite.corpus.sources import PairSource, parse_source, read_sources
    from babelite.corpus.splitting import draw, split, without
    from babelite.corpus.statistics import measure
    from babelite.corpus.text import comparison_key, count_words, normalize

__all__ = [
    "Cleaner",
    "Cleaning",
    "Pair",
    "PairSource",
    "WeightedPair",
    "comparison_key",
    "count_words",
    "draw",
    "gather",
    "measure",
    "normalize",
    "parse_source",
    "read_sources",
    "read_texts",
    "split",
    "without",
    "write_pairs",
]

_HOMES = {
    "Cleaner": "cleaning",
    "Cleaning": "cleaning",
    "Pair": "pairs",
    "PairSource": "sources",
    "WeightedPair": "pairs",
    "comparison_key": "text",
    "count_words": "text",
    "draw": "splitting",
    "gather": "catalogs",
    "measure": "statistics",
    "normalize": "text",
    "parse_source": "sources",
    "read_sources": "sources",
    "read_texts": "formats",
    "split": "splitting",
    "without": "splitting",
    "write_pairs": "formats",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
