"""MiningOptions: the settings of a mining run, validated once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babelite.errors import BabeliteError
from babelite.mining.pair_selection import DIRECTIONS, Direction
from babelite.neighbors import MARGINS, SEARCH_KINDS, Margin, SearchKind


@dataclass(frozen=True)
class MiningOptions:
    """The settings of `babelite.mine`.

    Attributes:
        k: Number of nearest neighbours that make a margin; fewer if a side has fewer sentences.
        search: ``exact``, ``clusters`` (approximate, for large texts), or ``auto``: exact up to
            two billion comparisons.
        margin: The score: ``ratio`` (1 for unrelated sentences), ``distance``, or ``absolute``
            (the cosine).
        direction: ``max`` (best pairs first, each sentence once), ``intersection`` (each is the
            best partner of the other), ``forward`` (the best target of each source) or
            ``backward``; see `babelite.mining.candidate_pairs`.
        one_to_one: Use each sentence at most once in ``forward`` and ``backward`` too.
        threshold: Minimum score of a pair; None keeps all pairs.
        work: Work folder for vectors and neighbours. It is kept; a run with the same text and
            encoder resumes from it. None uses a temporary folder.

    Raises:
        BabeliteError: A value is not allowed (``option-invalid``).

    Example:
        >>> MiningOptions(k=8, margin="distance").k
        8
    """

    k: int = 4
    search: SearchKind = "auto"
    margin: Margin = "ratio"
    direction: Direction = "max"
    one_to_one: bool = False
    threshold: float | None = None
    work: str | Path | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BabeliteError(f"k is {self.k}", code="option-invalid", hint="give at least 1")
        allowed = {"search": SEARCH_KINDS, "margin": MARGINS, "direction": DIRECTIONS}
        for name, choices in allowed.items():
            value = getattr(self, name)
            if value not in choices:
                hint = f"choose one of {', '.join(choices)}"
                raise BabeliteError(
                    f"there is no {name} {value!r}", code="option-invalid", hint=hint
                )
