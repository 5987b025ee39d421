"""Held-out pairs for evaluation that share no sentence with the training pairs."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from babelite.corpus.normalization import comparison_key
from babelite.corpus.pairs import AnyPair, Pair, WeightedPair
from babelite.errors import BabeliteError

# More pairs are sampled than needed, because some share a sentence with another one.
_SPARE_FACTOR, _SPARE = 4, 1000


def sample_pairs(pairs: Iterable[AnyPair], count: int, seed: int) -> list[AnyPair]:
    """Sample pairs at random in one pass; no two share a sentence on either side.

    Args:
        pairs: The pairs, read as a stream; memory grows with `count` only.
        count: The number of pairs to sample.
        seed: The random seed.

    Returns:
        `count` pairs in random order.

    Raises:
        BabeliteError: There are too few different pairs; code ``too-few``.

    Example:
        >>> sample_pairs([Pair("Hi", "Salut"), Pair("hi!", "Bonjour")], 1, seed=3)
        [Pair(source='hi!', target='Bonjour')]
    """
    generator = random.Random(seed)
    size = _SPARE_FACTOR * count + _SPARE
    reservoir: list[AnyPair] = []
    for number, pair in enumerate(pairs):
        if number < size:
            reservoir.append(pair)
        elif (place := generator.randrange(number + 1)) < size:
            reservoir[place] = pair
    generator.shuffle(reservoir)
    sampled: list[AnyPair] = []
    sources, targets = set[bytes](), set[bytes]()
    for pair in reservoir:
        if len(sampled) == count:
            break
        source, target = comparison_key(pair.source), comparison_key(pair.target)
        if source not in sources and target not in targets:
            sources.add(source)
            targets.add(target)
            sampled.append(pair)
    if len(sampled) < count:
        problem = f"only {len(sampled)} of {count} pairs without a common sentence were found"
        raise BabeliteError(problem, code="too-few", hint="hold out fewer")
    return sampled


def without_held_out(
    pairs: Iterable[AnyPair], held_out: Iterable[Pair | WeightedPair]
) -> Iterator[AnyPair]:
    """Stream the pairs that share no sentence with a held-out pair, on any side.

    Case, punctuation and spacing are ignored.

    Example:
        >>> held_out = [Pair("Thanks", "Merci")]
        >>> list(without_held_out([Pair("thanks!", "merci bien"), Pair("Bye", "Salut")], held_out))
        [Pair(source='Bye', target='Salut')]
    """
    held = {comparison_key(side) for pair in held_out for side in (pair.source, pair.target)}
    for pair in pairs:
        if comparison_key(pair.source) not in held and comparison_key(pair.target) not in held:
            yield pair


def split_pairs(pairs: Iterable[Pair], held_out: int, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into a training part and a held-out part that share no sentence.

    Pairs that share a sentence with a held-out pair are dropped. All pairs are kept in memory; to
    split a stream, read it twice: `sample_pairs` first, then train on `without_held_out`.

    Returns:
        The training pairs in their order, and `held_out` pairs in random order.

    Raises:
        BabeliteError: There are too few different pairs, or no training pair is left; code
            ``too-few``.
    """
    pairs = list(pairs)
    held = sample_pairs(pairs, held_out, seed)
    training = list(without_held_out(pairs, held))
    if not training:
        problem = f"no training pair is left when {held_out} of {len(pairs)} pairs are held out"
        raise BabeliteError(problem, code="too-few", hint="hold out fewer")
    return training, held
