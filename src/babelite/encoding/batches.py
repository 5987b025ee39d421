"""Batches of sentences of similar length, encoded by several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from babelite.encoding.words import TOKEN_DTYPE

# Token ids (n, tokens) and mask (n, tokens), both int64, to vectors (n, dim).
Run = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
Progress = Callable[[int, int], None]


def encode_rows(
    rows: Sequence[bytes],
    run: Run,
    *,
    dim: int,
    threads: int,
    batch_tokens: int,
    batch_size: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Encode sentences, given as bytes of token ids (`TOKEN_DTYPE`).

    Equal sentences are encoded once. `progress` receives the numbers of sentences done and of all.

    Returns:
        float32 array of shape (len(rows), dim); zero for a sentence without tokens.
    """
    first: dict[bytes, int] = {}
    source = np.fromiter(map(first.setdefault, rows, range(len(rows))), np.int64, len(rows))
    distinct = np.fromiter(first.values(), np.int64, len(first))
    lengths = np.fromiter(map(len, first), np.int64, len(first)) // TOKEN_DTYPE.itemsize
    # Sentences of similar length share a batch, so that there is little padding. The longest come
    # first, so that the threads end at the same time.
    order = np.argsort(-lengths, kind="stable")
    lengths, order = lengths[order], distinct[order]
    vectors = np.zeros((len(rows), dim), np.float32)

    def run_batch(batch: slice) -> None:
        tokens = b"".join([rows[i] for i in order[batch].tolist()])
        ids, mask = _padded(np.frombuffer(tokens, TOKEN_DTYPE), lengths[batch])
        vectors[order[batch]] = run(ids, mask)

    def run_all(results: Iterable[None]) -> None:
        """Wait for the results of all batches; raises the error of a thread."""
        for batch, _ in zip(batches, results, strict=True):
            if progress is not None:
                progress(batch.stop, len(rows))

    if progress is not None:
        progress(0, len(rows))
    batches = _batches(lengths, batch_tokens, batch_size or len(rows))
    if threads == 1 or len(batches) < 2:
        run_all(map(run_batch, batches))
    else:
        # Imported late: the first vector, that of a query, does not need it.
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:
            run_all(pool.map(run_batch, batches))
    if progress is not None:
        progress(len(rows), len(rows))  # repeated ones and those without tokens are in no batch
    repeated = np.flatnonzero(source != np.arange(len(rows)))
    vectors[repeated] = vectors[source[repeated]]
    return vectors


def _batches(lengths: NDArray[np.int64], batch_tokens: int, batch_size: int) -> list[slice]:
    """Cut falling lengths into batches; lengths of zero are left out."""
    batches = []
    start, end = 0, int(np.count_nonzero(lengths))
    while start < end:
        size = min(batch_size, max(1, batch_tokens // int(lengths[start])))
        stop = min(end, start + size)
        batches.append(slice(start, stop))
        start = stop
    return batches


def _padded(
    tokens: NDArray[np.int32], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and mask, (n, longest), from concatenated tokens and falling lengths, (n,)."""
    mask = np.arange(lengths[0]) < lengths[:, None]
    ids = np.zeros(mask.shape, np.int64)
    ids[mask] = tokens
    return ids, mask.astype(np.int64)
