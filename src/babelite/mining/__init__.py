"""Bitext mining: translations found in two collections of text by margin scores."""

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
from babelite.mining.mine import (
    QUERIES_A_BLOCK,
    Explanation,
    InThisProcess,
    Mined,
    Progress,
    Steps,
    mine,
    neighbours,
)
from babelite.mining.precision import (
    Curve,
    PrecisionEstimate,
    Scores,
    estimate_for_mined,
    precision_recall,
)
from babelite.mining.work_folder import PROBE, RowFile, Sentences, Work

__all__ = [
    "DIRECTIONS",
    "LOWEST_MEAN",
    "MARGINS",
    "PROBE",
    "QUERIES_A_BLOCK",
    "Candidates",
    "Curve",
    "Direction",
    "Explanation",
    "InThisProcess",
    "Margin",
    "Mined",
    "PrecisionEstimate",
    "Progress",
    "RowFile",
    "Scores",
    "Sentences",
    "Steps",
    "Work",
    "candidate_pairs",
    "estimate_for_mined",
    "margins",
    "mine",
    "neighbours",
    "precision_recall",
]
