"""BUCC protocol: precision, recall and F1 of mined pairs against a complete list of gold pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.corpus import normalize_text
from babelite.errors import BabeliteError
from babelite.mining import PrecisionRecall, PrecisionRecallCurve, precision_recall_curve

TextPair = tuple[str, str]


@dataclass(frozen=True)
class BUCCResult:
    """Scores at the threshold fitted on the training text, and at the best one of the test text."""

    fitted: PrecisionRecall
    oracle: PrecisionRecall


def mining_precision_recall(
    pairs: Iterable[TextPair], scores: ArrayLike, gold: Collection[TextPair]
) -> PrecisionRecallCurve:
    """Measure mined pairs against a complete list of gold pairs.

    A mined pair is correct if it is among ``gold`` and wrong otherwise, as in the shared task of
    BUCC (Zweigenbaum et al. 2017, section 4). Gold pairs that occur twice count once.

    Raises:
        BabeliteError: There is no mined pair or no gold pair.

    Example:
        >>> pairs = [("yes", "oui"), ("no", "oui")]
        >>> curve = mining_precision_recall(pairs, [1.4, 1.1], [("yes", "oui")])
        >>> curve.best.f1, curve.best.threshold
        (1.0, 1.25)
    """
    known = {_comparison_form(pair) for pair in gold}
    right = np.array([_comparison_form(pair) in known for pair in pairs], dtype=bool)
    return precision_recall_curve(scores, right, len(known))


def _comparison_form(pair: TextPair) -> TextPair:
    """Each side in one form of Unicode and of white space; mined pairs are written in one line."""
    return normalize_text(pair[0]), normalize_text(pair[1])


def evaluate_bucc(
    training: tuple[Iterable[TextPair], ArrayLike, Collection[TextPair]],
    test: tuple[Iterable[TextPair], ArrayLike, Collection[TextPair]],
) -> BUCCResult:
    """Choose the threshold of the highest F1 on a training text, and measure on a test text (BUCC).

    Args:
        training: Mined pairs, their scores and the gold pairs of the training text.
        test: The same of the test text.

    Raises:
        BabeliteError: A text has no mined pair or no gold pair.

    Example:
        >>> text = [("yes", "oui"), ("no", "oui")], [1.4, 1.1], [("yes", "oui")]
        >>> evaluate_bucc(text, text).fitted.f1
        1.0
    """
    threshold = mining_precision_recall(*training).best.threshold
    curve = mining_precision_recall(*test)
    return BUCCResult(curve.at(threshold), curve.best)


def random_halves(count: int, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two complementary masks (count,): gold pairs to fit a threshold on, and to measure on."""
    if count < 2:
        raise BabeliteError(
            f"{count} gold pairs cannot be halved", code="too-few", hint="give two or more"
        )
    training = np.zeros(count, dtype=bool)
    training[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    return training, ~training
