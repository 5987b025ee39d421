"""Bitext mining: translations found in two collections of text by margin scores."""

from babelite.mining.backend import LocalBackend, MiningBackend, NeighbourSearch, ProgressCallback
from babelite.mining.mine import QUERIES_PER_BLOCK, Explanation, Mined, mine
from babelite.mining.options import MiningOptions
from babelite.mining.pair_files import read_gold_pairs, write_mined_pairs
from babelite.mining.pair_selection import DIRECTIONS, Candidates, Direction, candidate_pairs
from babelite.mining.paraphrases import Paraphrase, paraphrase_mining
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
    "PROBE_SENTENCE",
    "QUERIES_PER_BLOCK",
    "Candidates",
    "Direction",
    "Explanation",
    "LocalBackend",
    "Mined",
    "MiningBackend",
    "MiningOptions",
    "NeighbourSearch",
    "Paraphrase",
    "PrecisionEstimate",
    "PrecisionRecall",
    "PrecisionRecallCurve",
    "ProgressCallback",
    "SentenceStore",
    "WorkFolder",
    "candidate_pairs",
    "estimate_mining_precision",
    "mine",
    "paraphrase_mining",
    "precision_recall_curve",
    "read_gold_pairs",
    "write_mined_pairs",
]
