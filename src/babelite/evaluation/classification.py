"""Zero-shot document classification: trained in one language, tested in all (MLDoc, SIB-200)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.classification import LogisticClassifier, MLPClassifier, fit_side_by_side, text_vectors
from babelite.classification.mlp import MLPSettings
from babelite.corpus.labelled import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.intervals import Estimate, bootstrap, bootstrap_mean_of_groups
from babelite.evaluation.macro_f1 import bootstrap_macro_f1, macro_f1

if TYPE_CHECKING:
    from babelite.encoder import SentenceEncoder

Kind = Literal["mlp", "logistic"]
Progress = Callable[[str, int, int], None]
Classifier = MLPClassifier | LogisticClassifier

_BLOCK = 1024  # texts encoded between two reports of progress


@dataclass(frozen=True)
class LabelledCorpus:
    """Labelled texts of one language.

    Attributes:
        train: To train on; may be empty for a language that is only tested in.
        dev: To choose the classifier by when trained in this language.
        test: To test on.
    """

    train: Sequence[LabelledText] = ()
    dev: Sequence[LabelledText] = ()
    test: Sequence[LabelledText] = ()


class TransferScore(NamedTuple):
    """How well a classifier trained in one language does in one.

    Attributes:
        accuracy: The share of documents whose label is found, 0 to 1, mean over the seeds; its
            interval is over test documents.
        macro_f1: The mean over labels of the F1, mean over the seeds; likewise.
        accuracies: Of each seed.
        macro_f1s: Of each seed.
        right: Array of shape (documents,): how many of the seeds' classifiers are right about each,
            in the order of the test set. Two encoders tested on the same documents are compared by
            drawing documents together from both (paired bootstrap).
    """

    accuracy: Estimate
    macro_f1: Estimate
    accuracies: tuple[float, ...]
    macro_f1s: tuple[float, ...]
    right: NDArray[np.int64]

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        return {
            "accuracy": self.accuracy._asdict(),
            "macro_f1": self.macro_f1._asdict(),
            "accuracy_of_seeds": list(self.accuracies),
            "macro_f1_of_seeds": list(self.macro_f1s),
            "accuracy_seed_deviation": deviation(self.accuracies),
            "macro_f1_seed_deviation": deviation(self.macro_f1s),
            "documents": len(self.right),
            "seeds_right": self.right.tolist(),
        }


@dataclass(frozen=True)
class ClassificationResult:
    """How well document classification carries over from language to language.

    Attributes:
        name: What was evaluated on.
        classifier: ``mlp`` or ``logistic``.
        labels: The labels, in alphabetical order.
        train_languages: Trained in.
        test_languages: Tested in.
        seeds: Of the classifiers; one for logistic regression, where nothing is random.
        scores: For each (train, test) language.
        dev: For each training language the accuracy on its dev documents, one a seed.
        transfer: The mean accuracy over all pairs of two different languages; None if there is no
            such pair.
        sentences_per_second: Texts encoded a second, in this run.
        training_seconds: For each training language, all seeds together.
    """

    name: str
    classifier: Kind
    labels: tuple[str, ...]
    train_languages: tuple[str, ...]
    test_languages: tuple[str, ...]
    seeds: tuple[int, ...]
    scores: Mapping[tuple[str, str], TransferScore]
    dev: Mapping[str, tuple[float, ...]]
    transfer: Estimate | None
    sentences_per_second: float
    training_seconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The numbers as plain data for JSON; shares are from 0 to 1."""
        return {
            "name": self.name,
            "classifier": self.classifier,
            "labels": list(self.labels),
            "train_languages": list(self.train_languages),
            "test_languages": list(self.test_languages),
            "seeds": list(self.seeds),
            "scores": {f"{a}-{b}": score.as_dict() for (a, b), score in self.scores.items()},
            "dev_accuracy_of_seeds": {language: list(dev) for language, dev in self.dev.items()},
            "transfer": self.transfer._asdict() if self.transfer else None,
            "sentences_per_second": self.sentences_per_second,
            "training_seconds": dict(self.training_seconds),
        }


def evaluate_classification(
    encoder: SentenceEncoder,
    corpora: Mapping[str, LabelledCorpus],
    *,
    train_languages: Sequence[str] | None = None,
    classifier: Kind = "mlp",
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    name: str = "documents",
    by_sentence: bool = False,
    parallel: bool = False,
    settings: MLPSettings | None = None,
    progress: Progress | None = None,
) -> ClassificationResult:
    """Train classifiers on frozen vectors in one language and test them in every language.

    The protocol of MLDoc (Schwenk & Li 2018) as LASER follows it: train on the documents of one
    language, keep the epoch that is best on *its* dev documents, test on all languages without
    having seen a document of the others. Every text is encoded once.

    Args:
        encoder: What turns texts into vectors.
        corpora: Language -> its documents.
        train_languages: Those to train in; all that have training documents if not given.
        classifier: ``mlp``, LASER's, or ``logistic``.
        seeds: A classifier is trained with each. The scores are their means.
        name: What to call the documents in tables.
        by_sentence: Whether a document's vector is the mean of its sentences', as LASER has it for
            MLDoc.
        parallel: Whether test document i is the same in every language, as in SIB-200. The interval
            of the mean over language pairs then draws documents for all of them together.
        settings: Of the MLP.
        progress: Told what is done, how much of it, and how much there is.

    Returns:
        Accuracy and macro-F1 of every pair of a training and a test language.

    Raises:
        BabeliteError: There is nothing to train on or to test on, or a label of dev or test
            documents is not among those of the training documents.

    Example:
        >>> class Letters:
        ...     dim = 256
        ...     def encode(self, sentences):
        ...         return np.array([np.bincount([*s.encode()], minlength=256) for s in sentences])
        >>> rows = [LabelledText("cry", "ah"), LabelledText("word", "tree")] * 8
        >>> corpus = LabelledCorpus(rows, rows, rows)
        >>> result = evaluate_classification(Letters(), {"en": corpus}, classifier="logistic")
        >>> result.scores["en", "en"].accuracy.value
        1.0
    """
    trained_in = _languages_to_train_in(corpora, train_languages)
    tested_in = tuple(language for language, corpus in corpora.items() if corpus.test)
    if not tested_in:
        raise BabeliteError("there are no test documents", remedy="give some in one language")
    if parallel:
        _require_parallel({language: corpora[language].test for language in tested_in})
    for language in trained_in:
        _require_known_labels(language, corpora)
    wanted = [
        *(row.text for code in trained_in for row in (*corpora[code].train, *corpora[code].dev)),
        *(row.text for code in tested_in for row in corpora[code].test),
    ]
    vectors = _Vectors(encoder, wanted, by_sentence, progress)
    answers: dict[tuple[str, str], TransferScore] = {}
    dev, seconds = {}, {}
    for language in trained_in:
        started = time.perf_counter()
        classifiers = _train(
            vectors, corpora[language], classifier, seeds, settings, language, progress
        )
        seconds[language] = time.perf_counter() - started
        if corpora[language].dev:
            dev[language] = _accuracies(classifiers, vectors, corpora[language].dev)
        for other in tested_in:
            answers[language, other] = _score(classifiers, vectors, corpora[other].test)
    labels = {row.label for language in trained_in for row in corpora[language].train}
    return ClassificationResult(
        name,
        classifier,
        tuple(sorted(labels)),
        trained_in,
        tested_in,
        tuple(seeds) if classifier == "mlp" else (0,),
        answers,
        dev,
        _transfer(answers, parallel),
        vectors.rate,
        seconds,
    )


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 for a single value.

    Example:
        >>> deviation([1.0, 2.0, 3.0])
        1.0
    """
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


# --- what is asked for ----------------------------------------------------------------------------


def _languages_to_train_in(
    corpora: Mapping[str, LabelledCorpus], wanted: Sequence[str] | None
) -> tuple[str, ...]:
    having = [language for language, corpus in corpora.items() if corpus.train]
    for language in wanted or ():
        if language not in having:
            raise BabeliteError(
                f"there are no training documents in {language}",
                remedy=f"train in one of: {', '.join(having) or 'none has any'}",
            )
    chosen = tuple(dict.fromkeys(wanted)) if wanted else tuple(having)
    if not chosen:
        raise BabeliteError(
            "there are no training documents", remedy="give some in one language at least"
        )
    return chosen


def _require_known_labels(language: str, corpora: Mapping[str, LabelledCorpus]) -> None:
    known = {row.label for row in corpora[language].train}
    parts = [(language, "dev", corpora[language].dev)]
    parts += [(other, "test", corpus.test) for other, corpus in corpora.items()]
    for other, part, rows in parts:
        unknown = sorted({row.label for row in rows} - known)
        if unknown:
            raise BabeliteError(
                f"the {part} documents in {other} have the label {unknown[0]!r}, which no training "
                f"document in {language} has",
                remedy="give the languages the same labels",
            )


def _require_parallel(tests: Mapping[str, Sequence[LabelledText]]) -> None:
    (first, rows), *others = tests.items()
    for language, more in others:
        if [row.label for row in rows] != [row.label for row in more]:
            raise BabeliteError(
                f"the test documents in {first} and {language} are not the same",
                remedy="give both the same documents in the same order",
            )


# --- encoding, training, scoring ------------------------------------------------------------------


class _Vectors:
    """The vectors of many texts, each encoded once."""

    def __init__(
        self,
        encoder: SentenceEncoder,
        texts: Sequence[str],
        by_sentence: bool,
        progress: Progress | None,
    ) -> None:
        distinct = list(dict.fromkeys(texts))
        self._rows = {text: row for row, text in enumerate(distinct)}
        started = time.perf_counter()
        blocks = []
        for start in range(0, len(distinct), _BLOCK):
            block = distinct[start : start + _BLOCK]
            blocks.append(text_vectors(encoder, block, by_sentence=by_sentence))
            if progress is not None:
                progress("encoding", start + len(block), len(distinct))
        self._vectors = np.concatenate(blocks)
        self.rate = len(distinct) / max(time.perf_counter() - started, 1e-9)

    def of(self, rows: Sequence[LabelledText]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._vectors[[self._rows[row.text] for row in rows]]
        return found


def _train(
    vectors: _Vectors,
    corpus: LabelledCorpus,
    kind: Kind,
    seeds: Sequence[int],
    settings: MLPSettings | None,
    language: str,
    progress: Progress | None,
) -> Sequence[Classifier]:
    labels = [row.label for row in corpus.train]
    dev = (vectors.of(corpus.dev), [row.label for row in corpus.dev]) if corpus.dev else (None, None)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(f"training in {language}", done, total)

    if kind == "logistic":
        return [LogisticClassifier().fit(vectors.of(corpus.train), labels, *dev, progress=tell)]
    return fit_side_by_side(vectors.of(corpus.train), labels, *dev, seeds, settings, tell)


def _accuracies(
    classifiers: Sequence[Classifier], vectors: _Vectors, rows: Sequence[LabelledText]
) -> tuple[float, ...]:
    true = np.array([row.label for row in rows])
    given = vectors.of(rows)
    return tuple(float((np.array(c.predict(given)) == true).mean()) for c in classifiers)


def _score(
    classifiers: Sequence[Classifier], vectors: _Vectors, rows: Sequence[LabelledText]
) -> TransferScore:
    classes = {label: place for place, label in enumerate(classifiers[0].classes_)}
    true = np.array([classes[row.label] for row in rows])
    given = vectors.of(rows)
    answers = np.array([c.predict_proba(given).argmax(axis=1) for c in classifiers])
    hits = answers == true
    return TransferScore(
        bootstrap(hits.mean(axis=0)),
        bootstrap_macro_f1(true, answers, len(classes)),
        tuple(hits.mean(axis=1).tolist()),
        tuple(macro_f1(true, some, len(classes)) for some in answers),
        hits.sum(axis=0),
    )


def _transfer(
    scores: Mapping[tuple[str, str], TransferScore], parallel: bool
) -> Estimate | None:
    """The mean accuracy over pairs of different languages, with its interval over documents."""
    tested: dict[str, list[NDArray[np.float64]]] = {}
    for (language, other), score in scores.items():
        if language != other:
            tested.setdefault(other, []).append(score.right / len(score.accuracies))
    if not tested:
        return None
    # The documents of a test language are the same whatever was trained on: drawn once for all.
    groups = [np.mean(shares, axis=0) for shares in tested.values()]
    pairs = [len(shares) for shares in tested.values()]
    if parallel:
        return bootstrap(np.average(groups, axis=0, weights=pairs))
    return bootstrap_mean_of_groups(groups, pairs)
