"""Is an alignment the right one: precision, recall and F1, strict and lax."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# The sentences of a bead: those of the source and those of the target.
Sides = tuple[Collection[int], Collection[int]]


@dataclass(frozen=True)
class Agreement:
    """How far two sets of beads agree.

    Attributes:
        precision: The share of the beads found that are right.
        recall: The share of the right beads that are found.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """Precision, recall and F1, rounded to four places."""
        values = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {name: round(value, 4) for name, value in values.items()}


@dataclass(frozen=True)
class AlignmentScores:
    """The two agreements the field reports.

    Attributes:
        strict: A bead is right if the same bead is in the gold alignment.
        lax: A bead is right if it shares a source and a target sentence with one gold bead.
    """

    strict: Agreement
    lax: Agreement


def score_alignment(beads: Iterable[Sides], gold: Iterable[Sides]) -> AlignmentScores:
    """Compare an alignment with the right one.

    As Vecalign's ``score.py`` does, after Abdul-Rauf et al. 2012 and Rosen 2011 (InterCorp,
    W11-4624): precision is over all beads, and a deletion or insertion (one empty side) counts as
    right if the gold alignment has the same; recall is over the gold beads that have two sides.

    Args:
        beads: The beads found: the rows of their source and of their target sentences.
        gold: The right ones.

    Returns:
        Strict and lax agreement; a share of nothing is 0.

    Example:
        >>> gold = [([0], [0]), ([1, 2], [1])]
        >>> scores = score_alignment([([0], [0]), ([1], [1]), ([2], [])], gold)
        >>> scores.strict.as_dict()
        {'precision': 0.3333, 'recall': 0.5, 'f1': 0.4}
        >>> scores.lax.as_dict()
        {'precision': 0.6667, 'recall': 1.0, 'f1': 0.8}
    """
    found, right = _distinct(beads), _distinct(gold)
    strict, lax = _hits(found, right)
    found_whole = {bead for bead in found if all(bead)}
    right_whole = {bead for bead in right if all(bead)}
    strict_again, lax_again = _hits(right_whole, found_whole)
    return AlignmentScores(
        Agreement(_share(strict, len(found)), _share(strict_again, len(right_whole))),
        Agreement(_share(lax, len(found)), _share(lax_again, len(right_whole))),
    )


_Distinct = set[tuple[frozenset[int], frozenset[int]]]


def _distinct(beads: Iterable[Sides]) -> _Distinct:
    found = {(frozenset(source), frozenset(target)) for source, target in beads}
    return found - {(frozenset[int](), frozenset[int]())}


def _hits(beads: _Distinct, others: _Distinct) -> tuple[int, int]:
    """How many beads are among the others, and how many overlap one of them on both sides."""
    linked: dict[int, set[int]] = defaultdict(set)
    for source, target in others:
        for row in source:
            linked[row] |= target
    strict = beads & others
    lax = sum(
        bead in strict or any(linked[row] & bead[1] for row in bead[0] if row in linked)
        for bead in beads
    )
    return len(strict), lax


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
