"""Multiway retrieval: P@1 in every direction among several translations of the same text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from babelite.encoding import unit_rows
from babelite.errors import BabeliteError, quantity
from babelite.evaluation.bootstrap_intervals import BootstrapInterval, bootstrap
from babelite.evaluation.retrieval import precision_at_1

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder


@dataclass(frozen=True)
class MultiwayResult:
    """P@1 in every direction among several languages.

    Attributes:
        languages: The languages, in the order given.
        sentences: Number of sentences of each language; all are queries and candidates.
        precision_at_1: P@1 (0 to 1) of each (source, target).
        mean: The mean over all directions, with its interval over sentences.
    """

    name: str
    languages: tuple[str, ...]
    sentences: int
    precision_at_1: Mapping[tuple[str, str], BootstrapInterval]
    mean: BootstrapInterval

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        return {
            "name": self.name,
            "languages": list(self.languages),
            "sentences": self.sentences,
            "precision_at_1": {
                **{"-".join(way): share._asdict() for way, share in self.precision_at_1.items()},
                "mean": self.mean._asdict(),
            },
        }


def evaluate_multiway(
    encoder: SentenceEncoder,
    texts: Mapping[str, Sequence[str]],
    *,
    name: str = "parallel texts",
    seed: int = 0,
) -> MultiwayResult:
    """Measure retrieval between every two of several line-aligned texts, in both directions.

    Every sentence is encoded once. Its translation is searched among all sentences of each other
    language (see `babelite.evaluation.precision_at_1`).

    Args:
        encoder: The encoder to measure.
        texts: Language code -> sentences; sentence i is the same in every language.
        name: Name of the texts to show in tables.
        seed: Random seed of the intervals.

    Raises:
        BabeliteError: There are fewer than two languages, no sentences, or unequal numbers of
            sentences.

    Example:
        >>> import babelite
        >>> texts = {"en": ["Thank you.", "Good night."], "fr": ["Merci.", "Bonne nuit."]}
        >>> evaluate_multiway(babelite.open_encoder(), texts).mean.value
        1.0
    """
    count = _common_length(texts)
    vectors = {language: unit_rows(encoder.encode(lines)) for language, lines in texts.items()}
    hits = {way: precision_at_1(*(vectors[code] for code in way)) for way in permutations(texts, 2)}
    return MultiwayResult(
        name=name,
        languages=tuple(texts),
        sentences=count,
        precision_at_1={way: bootstrap(found, seed=seed) for way, found in hits.items()},
        mean=bootstrap(np.mean(list(hits.values()), axis=0), seed=seed),
    )


def _common_length(texts: Mapping[str, Sequence[str]]) -> int:
    if len(texts) < 2:
        problem = f"there are texts in {quantity(len(texts), 'language')}"
        raise BabeliteError(problem, code="too-few", hint="give at least two")
    lengths = {language: len(lines) for language, lines in texts.items()}
    (first, count), *others = lengths.items()
    for language, length in others:
        if length != count:
            raise BabeliteError(
                f"there are {quantity(count, 'sentence')} in {first} and {length:,} in {language}",
                code="input-invalid",
                hint="give every language the same sentences, in the same order",
            )
    if not count:
        raise BabeliteError(
            "the texts are empty", code="input-empty", hint="give texts with sentences"
        )
    return count
