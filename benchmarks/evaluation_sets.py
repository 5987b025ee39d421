"""Test sets of the benchmarks: sentence pairs, SIB-200 and STS, read from folders of the user."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from babelite.encoding import unit_rows
from babelite.evaluation import (
    SIB200_FOLDERS,
    ClassificationResult,
    Difference,
    LabelledCorpus,
    ScoredPair,
    cross_lingual_pairs,
    evaluate,
    evaluate_classification,
    evaluate_multiway,
    evaluate_similarity,
    pair_cosines,
    paired_bootstrap,
    paired_bootstrap_statistic,
    precision_at_1,
    read_labelled_set,
    read_sib200_parallel,
    read_sts,
    resampled_spearman,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from babelite.corpus import Pair

SIB200 = {code: SIB200_FOLDERS[code] for code in ("en", "fr", "de", "es", "it")}

# A row of a table -> its parts (directions, languages) and their ``mean``.
Scores = dict[str, dict[str, float]]


class PrecomputedEncoder:
    """An encoder that looks up given vectors.

    Args:
        sentences: The sentences.
        vectors: Array of shape (n, dim).
    """

    def __init__(self, sentences: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self._row = {sentence: row for row, sentence in enumerate(sentences)}
        self._vectors = unit_rows(vectors)
        self.dim = vectors.shape[1]

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Look up vectors, shape (len(sentences), dim)."""
        found: NDArray[np.float32] = self._vectors[[self._row[s] for s in sentences]]
        return found


class EvaluationSet(Protocol):
    """A test set: its sentences, and scores of their vectors."""

    def sentences(self) -> list[str]:
        """Every sentence of the set."""
        ...

    def score(self, encoder: PrecomputedEncoder) -> Scores:
        """The rows that the set adds to a table; shares from 0 to 1, correlations from -1."""
        ...

    def differences(
        self, first: PrecomputedEncoder, second: PrecomputedEncoder
    ) -> dict[str, Difference]:
        """For each row the mean of an encoder minus that of another: paired bootstrap."""
        ...


@dataclass(frozen=True)
class Pairs:
    """A file of sentence pairs."""

    name: str
    pairs: Sequence[tuple[str, str]]

    def sentences(self) -> list[str]:
        """See `EvaluationSet`."""
        return [sentence for pair in self.pairs for sentence in pair]

    def score(self, encoder: PrecomputedEncoder) -> Scores:
        """See `EvaluationSet`."""
        result = evaluate(encoder, self.pairs)
        return {
            f"{self.name}, P@1": {
                "forward": result.forward.precision_at_1.value,
                "backward": result.backward.precision_at_1.value,
                "mean": result.mean.value,
            }
        }

    def differences(
        self, first: PrecomputedEncoder, second: PrecomputedEncoder
    ) -> dict[str, Difference]:
        """See `EvaluationSet`; pairs are resampled, each with both directions."""
        scores = []
        for encoder in (first, second):
            result = evaluate(encoder, self.pairs)
            ways = (result.forward.cosines.hits, result.backward.cosines.hits)
            scores.append(np.mean(ways, axis=0))
        return {f"{self.name}, P@1": paired_bootstrap(*scores)}


@dataclass(frozen=True)
class Multiway:
    """Parallel sentences in several languages."""

    name: str
    texts: Mapping[str, Sequence[str]]

    def sentences(self) -> list[str]:
        """See `EvaluationSet`."""
        return [sentence for lines in self.texts.values() for sentence in lines]

    def score(self, encoder: PrecomputedEncoder) -> Scores:
        """See `EvaluationSet`."""
        result = evaluate_multiway(encoder, self.texts)
        ways = {"-".join(way): share.value for way, share in result.precision_at_1.items()}
        return {self._row(): ways | {"mean": result.mean.value}}

    def differences(
        self, first: PrecomputedEncoder, second: PrecomputedEncoder
    ) -> dict[str, Difference]:
        """See `EvaluationSet`; sentences are resampled, each with all directions."""
        scores = []
        for encoder in (first, second):
            vectors = [encoder.encode(lines) for lines in self.texts.values()]
            hits = [precision_at_1(*two) for two in permutations(vectors, 2)]
            scores.append(np.mean(hits, axis=0))
        return {self._row(): paired_bootstrap(*scores)}

    def _row(self) -> str:
        ways = len(self.texts) * (len(self.texts) - 1)
        return f"{self.name}, {ways} directions, P@1"


@dataclass(frozen=True)
class Similarity:
    """The same scored pairs in several languages."""

    name: str
    pairs: Mapping[str, Sequence[ScoredPair]]

    def sentences(self) -> list[str]:
        """See `EvaluationSet`."""
        return [
            text for pairs in self.pairs.values() for p in pairs for text in (p.first, p.second)
        ]

    def score(self, encoder: PrecomputedEncoder) -> Scores:
        """See `EvaluationSet`."""
        return {
            f"{self.name}, {row}, Spearman": _with_mean(
                {name: evaluate_similarity(encoder, pairs).spearman for name, pairs in sets.items()}
            )
            for row, sets in self._rows().items()
        }

    def differences(
        self, first: PrecomputedEncoder, second: PrecomputedEncoder
    ) -> dict[str, Difference]:
        """See `EvaluationSet`; lines are resampled, each with all languages."""
        found = {}
        for row, sets in self._rows().items():
            gold = [one.score for one in self.pairs["en"]]
            sides = [
                [resampled_spearman(pair_cosines(encoder, pairs), gold) for pairs in sets.values()]
                for encoder in (first, second)
            ]
            found[f"{self.name}, {row}, Spearman"] = paired_bootstrap_statistic(
                partial(_mean_difference, sides), len(gold)
            )
        return found

    def _rows(self) -> dict[str, dict[str, Sequence[ScoredPair]]]:
        """The rows of the table: name of a set -> scored pairs."""
        english = self.pairs["en"]
        return {
            "one language": dict(self.pairs),
            "English and another": {
                f"en-{language}": cross_lingual_pairs(english, pairs)
                for language, pairs in self.pairs.items()
                if language != "en"
            },
        }


@dataclass(frozen=True)
class Topics:
    """Texts with topics: a classifier is trained in English and tested in the other languages."""

    name: str
    corpora: Mapping[str, LabelledCorpus]

    def sentences(self) -> list[str]:
        """See `EvaluationSet`."""
        corpora = self.corpora.values()
        return [text.text for c in corpora for text in (*c.train, *c.dev, *c.test)]

    def score(self, encoder: PrecomputedEncoder) -> Scores:
        """See `EvaluationSet`."""
        result = self._classify(encoder)
        accuracies = {
            test: score.accuracy.value for (_, test), score in result.scores.items() if test != "en"
        }
        return {f"{self.name} topics from English, accuracy": _with_mean(accuracies)}

    def differences(
        self, first: PrecomputedEncoder, second: PrecomputedEncoder
    ) -> dict[str, Difference]:
        """See `EvaluationSet`; texts are resampled, each in all languages."""
        scores = []
        for encoder in (first, second):
            found = self._classify(encoder).scores
            right = [score.right for (_, test), score in found.items() if test != "en"]
            scores.append(np.mean(right, axis=0))
        return {f"{self.name} topics from English, accuracy": paired_bootstrap(*scores)}

    def _classify(self, encoder: PrecomputedEncoder) -> ClassificationResult:
        return evaluate_classification(
            encoder, self.corpora, train_languages=["en"], classifier="logistic", parallel=True
        )


def _mean_difference(
    sides: Sequence[Sequence[Callable[[NDArray[np.float64]], NDArray[np.float64]]]],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The mean of the first side's correlations minus that of the second's, for each resample."""
    first, second = (np.mean([one(counts) for one in side], axis=0) for side in sides)
    return np.asarray(first - second)


def _with_mean(values: Mapping[str, float]) -> dict[str, float]:
    return {**values, "mean": statistics.fmean(values.values())}


def read_sets(files: Sequence[str], sib200: Path | None, sts: Path | None) -> list[EvaluationSet]:
    """Read all test sets."""
    sets: list[EvaluationSet] = [Pairs(pair_set_name(file), read_pairs(file)[1]) for file in files]
    if sib200:
        texts = read_sib200_parallel(sib200, list(SIB200.values()))
        sets.append(Multiway("SIB-200", dict(zip(SIB200, texts.values(), strict=True))))
        labelled = read_labelled_set(sib200, list(SIB200.values())).corpora
        sets.append(Topics("SIB-200", dict(zip(SIB200, labelled.values(), strict=True))))
    if sts:
        sets.append(
            Similarity("STS", {code: read_sts(sts / f"{code}.test.tsv") for code in SIB200})
        )
    return sets


def read_pairs(file: str) -> tuple[tuple[str, str], list[Pair]]:
    """The languages (``source`` and ``target`` if unknown) and the pairs of a file."""
    from babelite.corpus import parse_source

    source = parse_source(file, default_languages=("source", "target"))
    return source.languages, list(source.read())


def pair_set_name(file: str) -> str:
    """A file name without folder and extensions.

    Example:
        >>> pair_set_name("dev/tatoeba.en-fr.tsv.gz")
        'tatoeba.en-fr'
    """
    return Path(file).name.partition(".tsv")[0]
