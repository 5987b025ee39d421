"""Bitext mining: translations found in two collections of text by margin scores."""

from babelite.mining.backend import LocalBackend, MiningBackend, NeighbourSearch, ProgressCallback
from babelite.mining.margins import (
    DIRECTIONS,
    LOWEST_MEAN,
    MARGINS,
    Candidates,
    Direction,
    Margin,
    candidate_pairs,
    margins,
)
from babelite.mining.mine import QUERIES_PER_BLOCK, Explanation, Mined, mine
from babelite.mining.options import MiningOptions
from babelite.mining.pair_files import read_gold_pairs, write_mined_pairs
from babelite.mining.precision import (
    PrecisionEstimate,
    PrecisionRecall,
    PrecisionRecallCurve,
    estimate_mining_precision,
    precision_recall_curve,
)
from babelite.mining.work_folder import PROBE_SENTENCE, SentenceStore, WorkFolder

__all__ = [
    "DIRECTIONS",
    "LOWEST_MEAN",
    "MARGINS",
    "PROBE_SENTENCE",
    "QUERIES_PER_BLOCK",
    "Candidates",
    "Direction",
    "Explanation",
    "LocalBackend",
    "Margin",
    "Mined",
    "MiningBackend",
    "MiningOptions",
    "NeighbourSearch",
    "PrecisionEstimate",
    "PrecisionRecall",
    "PrecisionRecallCurve",
    "ProgressCallback",
    "SentenceStore",
    "WorkFolder",
    "candidate_pairs",
    "estimate_mining_precision",
    "margins",
    "mine",
    "precision_recall_curve",
    "read_gold_pairs",
    "write_mined_pairs",
]
