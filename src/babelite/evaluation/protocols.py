"""What is looked for among what: the retrieval tasks of the field, made from sentence pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from babelite.errors import BabeliteError


@dataclass(frozen=True)
class RetrievalTask:
    """Two lists of sentences to be searched for each other's translations.

    Attributes:
        sources: Sentences of the source language; the first ``queries`` are also queries.
        targets: Sentences of the target language; row i translates row i of ``sources`` for the
            first ``queries`` rows, which are also queries. Rows after these are only candidates.
        queries: How many pairs are looked for, in each direction.
        protocol: The name of the protocol: ``all-against-all`` or ``muse``.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    queries: int
    protocol: str


def all_against_all(pairs: Iterable[tuple[str, str]]) -> RetrievalTask:
    """Every sentence looks for its translation among all of the other side (Tatoeba's protocol).

    Args:
        pairs: Sentences and their translations, taken as they are.

    Returns:
        The task.

    Raises:
        BabeliteError: There is no pair.

    Example:
        >>> all_against_all([("yes", "oui"), ("no", "non")]).targets
        ('oui', 'non')
    """
    sources, targets = _sides(pairs)
    return RetrievalTask(sources, targets, len(sources), "all-against-all")


def muse(
    pairs: Iterable[tuple[str, str]],
    distractors: Iterable[tuple[str, str]] = (),
    *,
    queries: int = 2000,
    seed: int = 0,
) -> RetrievalTask:
    """Some pairs look for each other among many others (the protocol of MUSE).

    A pair is dropped when either of its sides has been seen before, letter case and white space
    aside; then ``queries`` pairs are drawn, and all that is left of ``pairs`` and ``distractors``
    is searched (Conneau et al. 2018, arXiv:1710.04087, section 3.3: 2,000 queries among 200,000
    sentences of Europarl).

    Args:
        pairs: The pairs from which the queries are drawn.
        distractors: Further pairs, which are only candidates.
        queries: How many pairs to draw; all of ``pairs`` if there are fewer.
        seed: Of the drawing; the same seed draws the same queries.

    Returns:
        The task.

    Raises:
        BabeliteError: There is no pair.
        ValueError: ``queries`` is below 1.

    Example:
        >>> task = muse([("yes", "oui"), ("Yes ", "ouais")], [("no", "non")], queries=1)
        >>> task.sources, task.targets
        (('yes', 'no'), ('oui', 'non'))
    """
    if queries < 1:
        raise ValueError(f"{queries} queries; at least 1 is needed")
    seen: tuple[set[str], set[str]] = (set(), set())
    sources, targets = _sides(_distinct(pairs, seen))
    others = list(_distinct(distractors, seen))
    shuffled = np.random.default_rng(seed).permutation(len(sources))
    rows = [*np.sort(shuffled[:queries]), *np.sort(shuffled[queries:])]
    return RetrievalTask(
        sources=(*(sources[row] for row in rows), *(source for source, _ in others)),
        targets=(*(targets[row] for row in rows), *(target for _, target in others)),
        queries=min(queries, len(sources)),
        protocol="muse",
    )


def _sides(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = list(pairs)
    if not rows:
        raise BabeliteError(
            "there is no sentence pair to evaluate on", hint="name a file that holds some"
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
