"""Retrieval protocols: Tatoeba's (all against all) and MUSE's (drawn queries, distractors)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from babelite.errors import BabeliteError


@dataclass(frozen=True)
class RetrievalSet:
    """Queries and candidates of a retrieval test, in both directions.

    The first ``queries`` rows of both sides are queries. Row i of one side translates row i of the
    other. All rows are candidates. ``protocol`` is ``all-against-all`` or ``muse``.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    queries: int
    protocol: str


def all_against_all(pairs: Iterable[tuple[str, str]]) -> RetrievalSet:
    """Search each sentence's translation among all sentences of the other side (Tatoeba).

    Duplicates are kept. All sentences are queries.

    Example:
        >>> all_against_all([("yes", "oui"), ("no", "non")]).targets
        ('oui', 'non')
    """
    sources, targets = _sides(pairs)
    return RetrievalSet(sources, targets, len(sources), "all-against-all")


def muse_protocol(
    pairs: Iterable[tuple[str, str]],
    distractors: Iterable[tuple[str, str]] = (),
    *,
    queries: int = 2000,
    seed: int = 0,
) -> RetrievalSet:
    """Search the translations of some drawn sentences among many (MUSE).

    A pair is dropped if either side has occurred before, ignoring letter case and white space.
    Then ``queries`` pairs are drawn. The rest of ``pairs`` and all ``distractors`` are candidates
    (Conneau et al. 2018, arXiv:1710.04087, section 3.3: 2,000 queries among 200,000 sentences of
    Europarl).

    Args:
        pairs: The pairs from which the queries are drawn.
        distractors: Further pairs, which are only candidates.
        queries: How many pairs to draw, at least 1; all of ``pairs`` if there are fewer.
        seed: Random seed of the drawing.

    Raises:
        BabeliteError: There is no pair.

    Example:
        >>> found = muse_protocol([("yes", "oui"), ("Yes ", "ouais")], [("no", "non")], queries=1)
        >>> found.sources, found.targets
        (('yes', 'no'), ('oui', 'non'))
    """
    if queries < 1:
        raise ValueError(f"queries must be at least 1 (got {queries})")
    seen: tuple[set[str], set[str]] = (set(), set())
    sources, targets = _sides(_distinct(pairs, seen))
    others = list(_distinct(distractors, seen))
    shuffled = np.random.default_rng(seed).permutation(len(sources))
    rows = [*np.sort(shuffled[:queries]), *np.sort(shuffled[queries:])]
    return RetrievalSet(
        sources=(*(sources[row] for row in rows), *(source for source, _ in others)),
        targets=(*(targets[row] for row in rows), *(target for _, target in others)),
        queries=min(queries, len(sources)),
        protocol="muse",
    )


def _sides(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = list(pairs)
    if not rows:
        raise BabeliteError(
            "there is no sentence pair", code="input-empty", hint="give files with sentence pairs"
        )
    return tuple(source for source, _ in rows), tuple(target for _, target in rows)


def _distinct(
    pairs: Iterable[tuple[str, str]], seen: tuple[set[str], set[str]]
) -> Iterator[tuple[str, str]]:
    for source, target in pairs:
        keys = [" ".join(side.casefold().split()) for side in (source, target)]
        if keys[0] not in seen[0] and keys[1] not in seen[1]:
            yield source, target
        for key, known in zip(keys, seen, strict=True):
            known.add(key)
