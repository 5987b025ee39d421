"""Mining: the translations found in two piles of text, with scores that can be explained."""

from babelite.mining.run import Explanation, Mined, mine
from babelite.mining.scores import DIRECTIONS, MARGINS, Candidates, candidate_pairs, margins

__all__ = [
    "DIRECTIONS",
    "MARGINS",
    "Candidates",
    "Explanation",
    "Mined",
    "candidate_pairs",
    "margins",
    "mine",
]
