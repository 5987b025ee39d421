"""Mining as the field measures it: found pairs against known ones (the BUCC protocol)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.corpus import one_line
from babelite.errors import BabeliteError
from babelite.mining import Curve, Scores, precision_recall

TextPair = tuple[str, str]


@dataclass(frozen=True)
class MiningResult:
    """How well pairs were mined.

    Attributes:
        fitted: Precision, recall and F1 at the threshold that was fitted elsewhere.
        oracle: The same at the best threshold possible, which only the known pairs tell.
    """

    fitted: Scores
    oracle: Scores


def mining_curve(pairs: Iterable[TextPair], scores: ArrayLike, gold: Collection[TextPair]) -> Curve:
    """Measure mined pairs against all the pairs there are to find.

    A mined pair counts as right if it is among ``gold`` and as wrong otherwise, so ``gold`` has to
    be complete, as in the shared task of BUCC (Zweigenbaum et al. 2017, section 4).

    Args:
        pairs: The mined pairs.
        scores: Their scores, shape (n,).
        gold: The known pairs; those that stand there twice count once.

    Returns:
        Precision and recall for every threshold.

    Raises:
        BabeliteError: There is no pair, or no known pair.

    Example:
        >>> curve = mining_curve([("yes", "oui"), ("no", "oui")], [1.4, 1.1], [("yes", "oui")])
        >>> curve.best.f1, curve.best.threshold
        (1.0, 1.25)
    """
    known = {pair_key(pair) for pair in gold}
    right = np.array([pair_key(pair) in known for pair in pairs], dtype=bool)
    return precision_recall(scores, right, len(known))


def pair_key(pair: TextPair) -> TextPair:
    """A pair as it is compared: as mined pairs are written, each side in one line."""
    return one_line(pair[0].strip()), one_line(pair[1].strip())


def bucc(
    training: tuple[Iterable[TextPair], ArrayLike, Collection[TextPair]],
    test: tuple[Iterable[TextPair], ArrayLike, Collection[TextPair]],
) -> MiningResult:
    """Fit the threshold on one text and measure on another: the protocol of BUCC.

    Args:
        training: Mined pairs, their scores and the known pairs of the text to fit on.
        test: The same of the text to measure on.

    Returns:
        The scores at the threshold that gives the training text its highest F1, and the best
        possible.

    Raises:
        BabeliteError: A text has no mined or no known pair.

    Example:
        >>> text = [("yes", "oui"), ("no", "oui")], [1.4, 1.1], [("yes", "oui")]
        >>> bucc(text, text).fitted.f1
        1.0
    """
    threshold = mining_curve(*training).best.threshold
    curve = mining_curve(*test)
    return MiningResult(curve.at(threshold), curve.best)


def halves(count: int, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw half of the known pairs to fit a threshold on; the others are left to measure on.

    Args:
        count: How many there are, at least 2.
        seed: Of the drawing.

    Returns:
        Two masks of shape (count,), each the other's complement.

    Raises:
        BabeliteError: There are fewer than two.
    """
    if count < 2:
        raise BabeliteError(f"{count} known pairs cannot be divided", hint="give two or more")
    training = np.zeros(count, dtype=bool)
    training[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    return training, ~training
