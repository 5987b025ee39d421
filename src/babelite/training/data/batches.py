"""The order in which training sees pairs: a pure function of the seed, so a run can be resumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelite.training.data.tokens import TokenizedPairs

# Pairs that are sorted by length together: enough that sentences of a batch are of one length,
# few enough that the plan of a large corpus stays small.
_WINDOW = 1_000_000


@dataclass(frozen=True)
class BatchRows:
    """One batch, not yet read.

    Attributes:
        language_pair: Number of the language pair; a batch never mixes two of them, or language
            alone would tell negatives apart.
        rows: int64, numbers of the pairs. No sentence of either side occurs twice.
    """

    language_pair: int
    rows: NDArray[np.int64]


def plan_epoch(
    corpora: Sequence[TokenizedPairs],
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    by_length: bool,
    batch_tokens: int | None = None,
    groups: Sequence[NDArray[np.int32]] | None = None,
) -> Iterator[BatchRows]:
    """Yield the batches of one pass over the data.

    A pair of weight 1 is used at most once, one of weight 2.5 two or three times, one of weight
    0.3 in about three epochs of ten. Those that do not fill a batch at the end are left for
    another epoch, unless a language pair has no whole batch at all.

    Args:
        corpora: The tokenised pairs of each language pair.
        batch_size: Pairs in a batch.
        seed: Decides the order, with the epoch.
        epoch: Number of the pass, from 0.
        by_length: Whether the sentences of a batch are of like length, so that hardly any padding
            is needed.
        batch_tokens: The most tokens of both sides in a batch, padding included unless there are
            groups; a batch of longer sentences is cut into parts. None for any number.
        groups: The number of each pair's group, for each language pair; then a batch holds whole
            groups, as far as they fit in. They are the groups of a whole pass, which must not be
            taken apart, so the whole plan is in memory.

    Yields:
        The batches, language pairs mixed in proportion to their size.
    """
    order = np.random.default_rng((seed, epoch))
    firsts = np.cumsum([0, *(len(corpus) for corpus in corpora)])
    weights = np.concatenate([corpus.weights for corpus in corpora])
    shuffled = order.permutation(np.repeat(np.arange(len(weights)), _times(weights, order)))
    left = [np.empty(0, np.int64) for _ in corpora]
    begun = [False for _ in corpora]
    window_size = _WINDOW if groups is None else max(1, len(shuffled))
    for start in range(0, len(shuffled), window_size):
        window = shuffled[start : start + window_size]
        batches: list[BatchRows] = []
        for number, corpus in enumerate(corpora):
            inside = (window >= firsts[number]) & (window < firsts[number + 1])
            rows = np.concatenate([left[number], window[inside] - firsts[number]])
            spare = rows[:0]
            if by_length:
                # Chance decides what fills no batch; by length it would always be the longest.
                rows, spare = np.split(rows, [len(rows) // batch_size * batch_size])
                rows = _sort_by_length(rows, corpus)
            elif groups is not None:
                rows = _sort_by_group(rows, groups[number], order)
            whole, waiting = _cut(rows, corpus, batch_size)
            left[number] = np.concatenate([waiting, spare])
            begun[number] = begun[number] or bool(whole)
            batches += [
                BatchRows(number, part)
                for batch in whole
                for part in _parts(batch, corpus, batch_tokens, padded=groups is None)
            ]
        yield from (batches[place] for place in order.permutation(len(batches)))
    for number, corpus in enumerate(corpora):
        if not begun[number] and len(left[number]):
            rows = left[number][_first_seen(left[number], corpus)]
            yield from (BatchRows(number, part) for part in _parts(rows, corpus, batch_tokens))


def batches_per_epoch(
    corpora: Sequence[TokenizedPairs],
    batch_size: int,
    *,
    batch_tokens: int | None = None,
    seed: int = 0,
) -> int:
    """About how many batches a pass has; duplicates in the data make it a few less.

    Args:
        corpora: The tokenised pairs of each language pair.
        batch_size: Pairs in a batch.
        batch_tokens: The most tokens of both sides in a batch by length. If there can be longer
            ones, the parts they are cut into are counted, for which the first pass is planned.
        seed: Decides the order of the passes.
    """
    sizes = [float(corpus.weights.sum(dtype=np.float64)) for corpus in corpora]
    whole = max(1, sum(max(1, int(size // batch_size)) for size in sizes if size))
    if batch_tokens is None or batch_size * max(map(_longest, corpora)) <= batch_tokens:
        return whole
    plan = plan_epoch(corpora, batch_size, seed=seed, epoch=0, by_length=True)
    parts = (_parts(batch.rows, corpora[batch.language_pair], batch_tokens) for batch in plan)
    return whole + sum(len(cut) - 1 for cut in parts)


def _longest(corpus: TokenizedPairs) -> int:
    """No pair has more tokens."""
    return sum(int(side.lengths.max(initial=0)) for side in (corpus.source, corpus.target))


def _times(weights: NDArray[np.float32], order: np.random.Generator) -> NDArray[np.int64]:
    """How often each pair occurs in an epoch: its weight, rounded up or down by chance."""
    if (weights == 1).all():
        return np.ones(len(weights), np.int64)
    return np.floor(weights + order.random(len(weights))).astype(np.int64)


def _parts(
    rows: NDArray[np.int64],
    corpus: TokenizedPairs,
    batch_tokens: int | None,
    *,
    padded: bool = True,
) -> list[NDArray[np.int64]]:
    """Cut a batch into as few parts of like size as its sentences allow."""
    if batch_tokens is None:
        return [rows]
    sides = (corpus.source, corpus.target)
    lengths = [side.ends[rows + 1] - side.ends[rows] for side in sides]
    if padded:
        longest = sum(int(side.max()) for side in lengths)
        count = -(-len(rows) // max(1, batch_tokens // longest))
    else:
        count = -(-int(sum(side.sum() for side in lengths)) // batch_tokens)
    # A part of one pair would have nothing to be told apart from.
    return np.array_split(rows, max(1, min(count, len(rows) // 2)))


def _sort_by_length(rows: NDArray[np.int64], corpus: TokenizedPairs) -> NDArray[np.int64]:
    source, target = (
        side.ends[rows + 1] - side.ends[rows] for side in (corpus.source, corpus.target)
    )
    # Up and down in turn, so that the second side does not jump where the first one grows.
    snake = np.where(source % 2 == 0, target, -target)
    return rows[np.lexsort((snake, source))]


def _sort_by_group(
    rows: NDArray[np.int64], groups: NDArray[np.int32], order: np.random.Generator
) -> NDArray[np.int64]:
    """Group after group, in an order by chance; within a group the order stays."""
    found, own = np.unique(groups[rows], return_inverse=True)
    places: NDArray[np.int64] = order.permutation(len(found))[own]
    return rows[np.argsort(places, kind="stable")]


def _cut(
    rows: NDArray[np.int64], corpus: TokenizedPairs, size: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Cut rows into batches without equal sentences; a pair that must wait goes to the next one."""
    batches = []
    waiting = rows[:0]
    place = 0
    while place < len(rows):
        taken = max(size + size // 16 - len(waiting), size // 16 + 1)
        candidates = np.concatenate([waiting, rows[place : place + taken]])
        place += taken
        fits = _first_seen(candidates, corpus)
        if fits.sum() >= size:
            chosen = np.flatnonzero(fits)[:size]
            batches.append(candidates[chosen])
            candidates = np.delete(candidates, chosen)
        else:
            candidates = np.concatenate([candidates[fits], candidates[~fits]])
        # Of a sentence that fills the corpus, most copies are not waited for.
        waiting = candidates[: 4 * size]
    return batches, waiting


def _first_seen(rows: NDArray[np.int64], corpus: TokenizedPairs) -> NDArray[np.bool_]:
    fits = np.ones(len(rows), dtype=np.bool_)
    for side in (corpus.source, corpus.target):
        first = np.zeros(len(rows), dtype=np.bool_)
        first[np.unique(side.keys[rows], return_index=True)[1]] = True
        fits &= first
    return fits
