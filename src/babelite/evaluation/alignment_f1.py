"""Precision, recall and F1 of a sentence alignment against a gold alignment, strict and lax."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# The sentence numbers of a bead: on the source side and on the target side.
BeadRows = tuple[Collection[int], Collection[int]]


@dataclass(frozen=True)
class AlignmentMeasure:
    """Precision and recall, from 0 to 1, of the beads found."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 if both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def as_dict(self) -> dict[str, float]:
        """Precision, recall and F1, rounded to four places."""
        values = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        return {name: round(value, 4) for name, value in values.items()}


@dataclass(frozen=True)
class AlignmentScores:
    """Scores of an alignment by the two definitions of a correct bead.

    Attributes:
        strict: A bead is correct if the gold alignment has the same bead.
        lax: A bead is correct if it shares a source and a target sentence with one gold bead.
    """

    strict: AlignmentMeasure
    lax: AlignmentMeasure


def score_alignment(beads: Iterable[BeadRows], gold: Iterable[BeadRows]) -> AlignmentScores:
    """Compare an alignment with a gold alignment.

    As Vecalign's ``score.py``, after Abdul-Rauf et al. 2012 and Rosen 2011 (InterCorp, W11-4624):
    precision is over all beads, and a deletion or insertion (a bead with one empty side) is correct
    if the gold alignment has it; recall is over the gold beads with two sides. A bead is given as
    the row numbers of its source and of its target sentences. A score without beads is 0.

    Example:
        >>> gold = [([0], [0]), ([1, 2], [1])]
        >>> scores = score_alignment([([0], [0]), ([1], [1]), ([2], [])], gold)
        >>> scores.strict.as_dict()
        {'precision': 0.3333, 'recall': 0.5, 'f1': 0.4}
        >>> scores.lax.as_dict()
        {'precision': 0.6667, 'recall': 1.0, 'f1': 0.8}
    """
    found, right = _distinct(beads), _distinct(gold)
    strict, lax = _count_correct(found, right)
    two_sided = {bead for bead in right if all(bead)}
    strict_recalled, lax_recalled = _count_correct(two_sided, {bead for bead in found if all(bead)})
    return AlignmentScores(
        AlignmentMeasure(_ratio(strict, len(found)), _ratio(strict_recalled, len(two_sided))),
        AlignmentMeasure(_ratio(lax, len(found)), _ratio(lax_recalled, len(two_sided))),
    )


_Beads = set[tuple[frozenset[int], frozenset[int]]]


def _distinct(beads: Iterable[BeadRows]) -> _Beads:
    found = {(frozenset(source), frozenset(target)) for source, target in beads}
    return found - {(frozenset[int](), frozenset[int]())}


def _count_correct(beads: _Beads, reference: _Beads) -> tuple[int, int]:
    """How many beads are in the reference, and how many overlap one of its beads on both sides."""
    linked: dict[int, set[int]] = defaultdict(set)
    for source, target in reference:
        for row in source:
            linked[row] |= target
    strict = beads & reference
    lax = sum(
        bead in strict or any(linked[row] & bead[1] for row in bead[0] if row in linked)
        for bead in beads
    )
    return len(strict), lax


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
