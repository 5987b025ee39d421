"""Order of training: batches as a function of the seed, so that runs can resume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelite.training.data.tokens import TokenizedText

# Pairs sorted by length together: enough for batches of equal length, few enough for the memory.
_WINDOW = 1_000_000


@dataclass(frozen=True)
class BatchRows:
    """Row numbers of a batch of one corpus: negatives of another one would be too easy."""

    corpus: int  # the number of the language pair, or of the language of sentences alone
    rows: NDArray[np.int64]  # (B,), numbers of the rows; no sentence of a side occurs twice
    monolingual: BatchRows | None = None  # sentences that the step uses beside the pairs


def plan_epoch(
    corpora: Sequence[TokenizedText],
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    by_length: bool,
    batch_tokens: int | None = None,
    groups: Sequence[NDArray[np.int32]] | None = None,
) -> Iterator[BatchRows]:
    """Yield the batches of one epoch; the seed and the number of the epoch decide the order.

    A pair of weight 2.5 is used two or three times, one of weight 0.3 in about three epochs of ten.
    Pairs that do not fill a batch at the end are omitted, unless there is no whole batch at all.

    A batch has sentences of similar lengths (`by_length`), to avoid padding, or whole groups where
    they fit (`groups`: int32 (pairs,) for each language pair; the plan of the whole epoch is then
    in memory). A batch of more than `batch_tokens` tokens of both sides is split; padding counts,
    except with groups.
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
                # Random pairs are left over; after sorting it would always be the longest.
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
    corpora: Sequence[TokenizedText],
    batch_size: int,
    *,
    batch_tokens: int | None = None,
    seed: int = 0,
) -> int:
    """Estimate the number of batches of an epoch; duplicate sentences reduce it slightly.

    If batches by length can exceed `batch_tokens`, the first epoch is planned, and the parts they
    are split into are counted.
    """
    sizes = [float(corpus.weights.sum(dtype=np.float64)) for corpus in corpora]
    whole = max(1, sum(max(1, int(size // batch_size)) for size in sizes if size))
    if batch_tokens is None or batch_size * max(map(_longest, corpora)) <= batch_tokens:
        return whole
    plan = plan_epoch(corpora, batch_size, seed=seed, epoch=0, by_length=True)
    parts = (_parts(batch.rows, corpora[batch.corpus], batch_tokens) for batch in plan)
    return whole + sum(len(cut) - 1 for cut in parts)


def _longest(corpus: TokenizedText) -> int:
    """Upper bound of the tokens of a pair."""
    return sum(int(side.lengths.max(initial=0)) for side in corpus.sides)


def _times(weights: NDArray[np.float32], order: np.random.Generator) -> NDArray[np.int64]:
    """Occurrences of each pair in an epoch: its weight, rounded up or down at random."""
    if (weights == 1).all():
        return np.ones(len(weights), np.int64)
    return np.floor(weights + order.random(len(weights))).astype(np.int64)


def _parts(
    rows: NDArray[np.int64],
    corpus: TokenizedText,
    batch_tokens: int | None,
    *,
    padded: bool = True,
) -> list[NDArray[np.int64]]:
    """Cut a batch into as few parts of like size as its sentences allow."""
    if batch_tokens is None:
        return [rows]
    lengths = [side.lengths_of(rows) for side in corpus.sides]
    if padded:
        longest = sum(int(side.max()) for side in lengths)
        count = -(-len(rows) // max(1, batch_tokens // longest))
    else:
        count = -(-int(sum(side.sum() for side in lengths)) // batch_tokens)
    # A part needs at least two pairs, or it has no negatives.
    return np.array_split(rows, max(1, min(count, len(rows) // 2)))


def _sort_by_length(rows: NDArray[np.int64], corpus: TokenizedText) -> NDArray[np.int64]:
    source, target = (corpus.sides[place].lengths_of(rows) for place in (0, -1))
    # Alternately ascending and descending, so that the second length does not jump.
    snake = np.where(source % 2 == 0, target, -target)
    return rows[np.lexsort((snake, source))]


def _sort_by_group(
    rows: NDArray[np.int64], groups: NDArray[np.int32], order: np.random.Generator
) -> NDArray[np.int64]:
    """Sort by group, groups in random order; within a group the order is kept."""
    found, own = np.unique(groups[rows], return_inverse=True)
    places: NDArray[np.int64] = order.permutation(len(found))[own]
    return rows[np.argsort(places, kind="stable")]


def _cut(
    rows: NDArray[np.int64], corpus: TokenizedText, size: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Cut rows into batches without equal sentences; a repeated one goes to the next batch."""
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
        # Most copies of a very frequent sentence are dropped.
        waiting = candidates[: 4 * size]
    return batches, waiting


def _first_seen(rows: NDArray[np.int64], corpus: TokenizedText) -> NDArray[np.bool_]:
    fits = np.ones(len(rows), dtype=np.bool_)
    for side in corpus.sides:
        first = np.zeros(len(rows), dtype=np.bool_)
        first[np.unique(side.keys[rows], return_index=True)[1]] = True
        fits &= first
    return fits
