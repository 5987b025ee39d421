"""Lengths of sentences in an alignment: translations are of similar length."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.alignment.runs import Floats, Runs, running_sums
from babelite.errors import BabeliteError

# The lengths of the sentences of the source and of the target, for example in characters.
Lengths = tuple[ArrayLike, ArrayLike]

# Differences of a few characters mean nothing.
_TOLERANCE = 10.0
_SAMPLE = 100


def positive_lengths(lengths: ArrayLike, count: int) -> Floats:
    """The lengths of ``count`` sentences, at least 1; raises `BabeliteError` for another number."""
    found = np.asarray(lengths, np.float32)
    if found.shape != (count,) or not np.isfinite(found).all():
        raise BabeliteError(
            f"the lengths have the shape {found.shape}, and there are {count} sentences",
            code="input-invalid",
            hint="give one finite number for each sentence",
        )
    return np.maximum(found, 1)


def log_run_lengths(source: Runs, target: Runs, lengths: Lengths) -> tuple[Floats, Floats]:
    """Logarithms of the lengths of runs, shapes (sizes, sentences + 1); equal for translations."""
    sides = [
        positive_lengths(side, runs.length)
        for side, runs in zip(lengths, (source, target), strict=True)
    ]
    half = _log_ratio(source, target, sides) / 2
    logs = []
    for runs, side, shift in zip((source, target), sides, (half, -half), strict=True):
        cumulative = np.concatenate([np.zeros(1, np.float32), side * np.exp(shift)])
        logs.append(np.log(running_sums(cumulative, runs.max_size) + np.float32(_TOLERANCE)))
    return logs[0], logs[1]


def _log_ratio(source: Runs, target: Runs, lengths: list[Floats]) -> float:
    """The logarithm of the length of a target sentence, relative to its translation.

    The median over the most similar sentence pairs of a sample. The lengths of the whole documents
    would be misleading where one has a part that the other lacks.
    """
    similarities: list[NDArray[np.float32]] = []
    ratios: list[NDArray[np.float32]] = []
    logs = [np.log(side) for side in lengths]
    for runs, others, own, other, sign in (
        (source, target, logs[0], logs[1], 1),
        (target, source, logs[1], logs[0], -1),
    ):
        drawn = np.random.default_rng(0).permutation(others.length)[:_SAMPLE]
        cosines = others.sentences[drawn] @ runs.sentences.T
        nearest = cosines.argmax(1)
        similarities.append(cosines[np.arange(len(drawn)), nearest])
        ratios.append(sign * (other[drawn] - own[nearest]))
    order = np.argsort(-np.concatenate(similarities), kind="stable")
    best = np.concatenate(ratios)[order[: (len(order) + 1) // 2]]
    return float(np.median(best))
