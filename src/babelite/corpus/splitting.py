"""Setting pairs aside for evaluation, so that no sentence of them is ever trained on."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from babelite.corpus.pairs import AnyPair, Pair, WeightedPair
from babelite.corpus.text import comparison_key
from babelite.errors import BabeliteError

# More pairs are drawn than wanted, because some will share a sentence with another one.
_SPARE_FACTOR, _SPARE = 4, 1000


def draw(pairs: Iterable[AnyPair], count: int, seed: int) -> list[AnyPair]:
    """Draw pairs at random in one pass, no two of which share a sentence on either side.

    Args:
        pairs: The pairs, consumed as a stream; memory grows with `count` only.
        count: How many to draw.
        seed: Same seed and same stream, same draw.

    Returns:
        `count` pairs in random order.

    Raises:
        BabeliteError: There are too few different pairs.

    Example:
        >>> draw([Pair("Hi", "Salut"), Pair("hi!", "Bonjour")], 1, seed=3)
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
    drawn: list[AnyPair] = []
    sources: set[bytes] = set()
    targets: set[bytes] = set()
    for pair in reservoir:
        if len(drawn) == count:
            break
        source, target = comparison_key(pair.source), comparison_key(pair.target)
        if source not in sources and target not in targets:
            sources.add(source)
            targets.add(target)
            drawn.append(pair)
    if len(drawn) < count:
        raise BabeliteError(
            f"only {len(drawn)} pairs without a sentence in common could be drawn, "
            f"not {count} as wanted",
            hint="hold out fewer",
        )
    return drawn


def without(pairs: Iterable[AnyPair], held_out: Iterable[Pair | WeightedPair]) -> Iterator[AnyPair]:
    """Stream the pairs neither side of which is a side of a held-out pair.

    Sentences are the same if they differ in case, punctuation and spacing only.

    Example:
        >>> held_out = [Pair("Thanks", "Merci")]
        >>> list(without([Pair("thanks!", "merci bien"), Pair("Bye", "Salut")], held_out))
        [Pair(source='Bye', target='Salut')]
    """
    held = {comparison_key(side) for pair in held_out for side in (pair.source, pair.target)}
    for pair in pairs:
        if comparison_key(pair.source) not in held and comparison_key(pair.target) not in held:
            yield pair


def split(pairs: Iterable[Pair], held_out: int, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split pairs into a training part and a held-out part that share no sentence.

    Pairs that share a sentence with a held-out one are in neither part. All pairs are held in
    memory; to split a stream, read it twice: `draw` from it first, then train on `without`.

    Args:
        pairs: The pairs.
        held_out: How many pairs to hold out.
        seed: Same seed and same pairs, same split.

    Returns:
        The training pairs in their order, and the held-out pairs in random order.

    Raises:
        BabeliteError: There are too few different pairs, or none would be left.
    """
    pairs = list(pairs)
    held = draw(pairs, held_out, seed)
    training = list(without(pairs, held))
    if not training:
        raise BabeliteError(
            f"nothing is left to train on when {held_out} of {len(pairs)} pairs are held out",
            hint="hold out fewer",
        )
    return training, held
