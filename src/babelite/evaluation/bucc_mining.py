"""BUCC protocol: precision, recall and F1 of mined pairs against a complete list of gold pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.corpus import normalize_text
from babelite.errors import BabeliteError, quantity
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


@dataclass(frozen=True)
class HiddenPairs:
    """Two texts in which some lines are translations of each other.

    Attributes:
        sources: The sentences of one language.
        targets: The sentences of the other language.
        gold: How many are translations: line i of ``targets`` translates line i of ``sources``
            for i below ``gold``.
    """

    sources: list[str]
    targets: list[str]
    gold: int


def hide_pairs(pairs: Sequence[TextPair], share: float = 0.25, seed: int = 0) -> HiddenPairs:
    """Hide some pairs among sentences without a translation, for a text like those of BUCC.

    Of the pairs that are not drawn as gold pairs, every second one gives its source sentence and
    the others their target sentence. Pairs of which a side occurred before are left out.

    Args:
        pairs: Translations.
        share: The share of the gold pairs, above 0 and at most 1.
        seed: Seed of the draw.

    Raises:
        BabeliteError: There are too few pairs for one gold pair.

    Example:
        >>> hidden = hide_pairs([("one", "un"), ("two", "deux"), ("six", "six")], share=0.5)
        >>> hidden.gold, len(hidden.sources), len(hidden.targets)
        (1, 2, 2)
    """
    once = [*{source: (source, target) for source, target in reversed(pairs)}.values()]
    once = [*{target: (source, target) for source, target in once}.values()]
    gold = int(share * len(once))
    if not gold:
        problem = f"{quantity(len(once), 'pair')} of which a share of {share} is hidden"
        raise BabeliteError(problem, code="too-few", hint="give more pairs")
    order = np.random.default_rng(seed).permutation(len(once))
    drawn, others = [once[i] for i in order[:gold]], [once[i] for i in order[gold:]]
    return HiddenPairs(
        [pair[0] for pair in [*drawn, *others[::2]]],
        [pair[1] for pair in [*drawn, *others[1::2]]],
        gold,
    )


def random_halves(count: int, seed: int = 0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two complementary masks (count,): gold pairs to fit a threshold on, and to measure on."""
    if count < 2:
        raise BabeliteError(
            f"{count} gold pairs cannot be halved", code="too-few", hint="give two or more"
        )
    training = np.zeros(count, dtype=bool)
    training[np.random.default_rng(seed).permutation(count)[: count // 2]] = True
    return training, ~training
