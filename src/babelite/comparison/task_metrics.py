"""Evaluation metrics of an encoder on a task, and the language pairs that are evaluated."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

LanguagePair = tuple[str, str]


@dataclass(frozen=True)
class Metric:
    """One score of an encoder (a column of a task's table) with its per-query results."""

    name: str  # column heading: ``en→fr`` or a language code
    value: float  # 0 to 1; correlations: -1 to 1
    group: str  # metrics of the same group have the same queries in the same order
    correct: NDArray[np.uint8] | None = None  # correct answers per query; None: a correlation
    trials: int = 1  # answers per query: one per classifier seed, otherwise 1
    cosines: NDArray[np.float32] | None = None  # cosine of each scored pair; None: a share
    gold: NDArray[np.float32] | None = None  # human score of each scored pair
    # Flags of each source sentence, shape (3, queries), for F1: mined, gold, mined and gold.
    mined: NDArray[np.uint8] | None = None

    @property
    def queries(self) -> int:
        """The number of lines that a correlation or F1 is computed from; 0 for a share."""
        if self.mined is not None:
            return len(self.mined[0])
        return 0 if self.gold is None else len(self.gold)

    @property
    def scores(self) -> NDArray[np.float64] | None:
        """The share of correct answers of each query, float64 of shape (queries,)."""
        return None if self.correct is None else self.correct / self.trials


def f1_of(flags: NDArray[np.uint8]) -> float:
    """F1 of mined pairs; flags are those of `Metric.mined`. 0 if nothing is mined."""
    mined, gold, right = flags.sum(1, dtype=np.int64)
    return float(2 * right / max(1, mined + gold))


def metric_to_json(metric: Metric) -> dict[str, Any]:
    """A metric as plain data: correct answers as base64 of bits or bytes, cosines as numbers."""
    record: dict[str, Any] = {"value": metric.value, "group": metric.group}
    if metric.correct is not None:
        single = metric.trials == 1
        packed = np.packbits(metric.correct) if single else metric.correct
        record["right"] = {
            "queries": len(metric.correct),
            "repeats": metric.trials,
            "bits" if single else "bytes": base64.b64encode(packed.tobytes()).decode(),
        }
    if metric.cosines is not None and metric.gold is not None:
        record["cosines"] = metric.cosines.astype(np.float64).round(6).tolist()
        record["gold"] = metric.gold.astype(np.float64).round(6).tolist()
    if metric.mined is not None:
        bits = base64.b64encode(np.packbits(metric.mined).tobytes()).decode()
        record["mined"] = {"queries": metric.mined.shape[1], "bits": bits}
    return record


def metric_from_json(name: str, record: dict[str, Any]) -> Metric:
    """The metric of a record."""
    correct, trials = None, 1
    if "right" in record:
        packed = record["right"]
        trials = packed["repeats"]
        key = "bits" if trials == 1 else "bytes"
        correct = np.frombuffer(base64.b64decode(packed[key]), np.uint8)
        if trials == 1:
            correct = np.unpackbits(correct, count=packed["queries"])
    cosines, gold = (
        np.array(record[key], np.float32) if key in record else None for key in ("cosines", "gold")
    )
    mined = None
    if "mined" in record:
        packed, count = base64.b64decode(record["mined"]["bits"]), record["mined"]["queries"]
        flags = np.unpackbits(np.frombuffer(packed, np.uint8), count=3 * count)
        mined = flags.reshape(3, count)
    return Metric(name, record["value"], record["group"], correct, trials, cosines, gold, mined)


@dataclass(frozen=True)
class LanguageScope:
    """The language pairs that a model is evaluated on, in either order; None for all."""

    pairs: tuple[LanguagePair, ...] | None = None

    def contains(self, pair: LanguagePair) -> bool:
        """Whether a pair, in either order, is in the scope."""
        return self.pairs is None or pair in self.pairs or pair[::-1] in self.pairs

    def pairs_among(self, languages: Sequence[str]) -> list[LanguagePair]:
        """The pairs whose two languages are both given, in the order of the scope."""
        if self.pairs is None:
            return list(combinations(languages, 2))
        return [pair for pair in self.pairs if set(pair) <= set(languages)]

    def languages_among(self, languages: Sequence[str]) -> list[str]:
        """The given languages that occur in a pair of the scope."""
        return [c for c in languages if self.pairs is None or any(c in pair for pair in self.pairs)]
