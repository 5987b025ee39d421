"""Zero-shot document classification (MLDoc, SIB-200): train in one language, test in every one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.classification import (
    ClassifierKind,
    LogisticClassifier,
    MLPClassifier,
    MLPSettings,
    fit_mlps,
    text_vectors,
)
from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.bootstrap_intervals import (
    BootstrapInterval,
    bootstrap,
    bootstrap_mean_of_groups,
)
from babelite.evaluation.label_scores import bootstrap_macro_f1, macro_f1
from babelite.evaluation.zero_shot_result import ClassificationResult, TransferScore

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.mining import ProgressCallback

_Classifier = MLPClassifier | LogisticClassifier

_STEPS = {"mlp": "epochs", "logistic": "regularisation strengths"}
_BLOCK = 1024  # texts encoded between two progress reports


@dataclass(frozen=True)
class LabelledCorpus:
    """Labelled texts of one language.

    Without ``train`` the language is only tested in; ``dev`` selects the epoch or regularisation.
    """

    train: Sequence[LabelledText] = ()
    dev: Sequence[LabelledText] = ()
    test: Sequence[LabelledText] = ()


def evaluate_classification(
    encoder: SentenceEncoder,
    corpora: Mapping[str, LabelledCorpus],
    *,
    train_languages: Sequence[str] | None = None,
    classifier: ClassifierKind = "mlp",
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    name: str = "documents",
    by_sentence: bool = False,
    parallel: bool = False,
    settings: MLPSettings | None = None,
    progress: ProgressCallback | None = None,
) -> ClassificationResult:
    """Train classifiers on frozen sentence vectors in one language and test them in all languages.

    The protocol of MLDoc (Schwenk & Li 2018) as in LASER: keep the epoch that is best on the dev
    documents of the *training* language. Every text is encoded once.

    Args:
        encoder: The encoder to measure.
        corpora: Language -> its documents.
        train_languages: Languages to train in; by default all with training documents.
        classifier: ``mlp``, LASER's, or ``logistic``.
        seeds: Random seeds of MLPs; scores are means over them.
        name: Name of the documents.
        by_sentence: Take the mean of a document's sentence vectors, as LASER does for MLDoc.
        parallel: Test documents are translations of each other (SIB-200): resample them together.
        settings: Settings of the MLP.
        progress: Called with the step, the amount done and the total.

    Raises:
        BabeliteError: There are no training or test documents, or a label is not in training.
    """
    report = progress or _no_progress
    train, test = _select_languages(corpora, train_languages, parallel)
    vectors = _TextVectors(encoder, _documents(corpora, train, test), by_sentence, report)
    scores, dev, seconds = {}, {}, {}
    for language in train:
        started = time.perf_counter()
        steps = partial(report, f"training in {language}, {_STEPS[classifier]}")
        classifiers = _train(vectors, corpora[language], classifier, seeds, settings, steps)
        seconds[language] = time.perf_counter() - started
        if corpora[language].dev:
            true, found = _predict(classifiers, vectors, corpora[language].dev)
            dev[language] = tuple((found == true).mean(axis=1).tolist())
        for other in test:
            scores[language, other] = _score(classifiers, vectors, corpora[other].test)
    return ClassificationResult(
        name=name,
        classifier=classifier,
        labels=tuple(sorted({row.label for code in train for row in corpora[code].train})),
        train_languages=train,
        test_languages=test,
        seeds=tuple(seeds) if classifier == "mlp" else (0,),
        scores=scores,
        dev=dev,
        transfer=_mean_transfer(scores, parallel),
        sentences_per_second=vectors.rate,
        training_seconds=seconds,
    )


def _documents(
    corpora: Mapping[str, LabelledCorpus], train: Sequence[str], test: Sequence[str]
) -> list[LabelledText]:
    """All documents that an evaluation needs."""
    documents = [row for code in train for row in (*corpora[code].train, *corpora[code].dev)]
    return documents + [row for code in test for row in corpora[code].test]


def _no_progress(step: str, done: int, total: int | None = None) -> None:
    pass


def _select_languages(
    corpora: Mapping[str, LabelledCorpus], wanted: Sequence[str] | None, parallel: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The languages to train in and to test in, with their documents checked."""
    train = _select_train_languages(corpora, wanted)
    test = tuple(language for language, corpus in corpora.items() if corpus.test)
    if not test:
        raise BabeliteError(
            "there are no test documents", code="input-empty", hint="give some in a language"
        )
    if parallel:
        _require_parallel({language: corpora[language].test for language in test})
    for language in train:
        _require_known_labels(language, corpora)
    return train, test


def _select_train_languages(
    corpora: Mapping[str, LabelledCorpus], wanted: Sequence[str] | None
) -> tuple[str, ...]:
    trainable = [language for language, corpus in corpora.items() if corpus.train]
    for language in wanted or ():
        if language not in trainable:
            raise BabeliteError(
                f"there are no training documents in {language}",
                code="language-not-found",
                hint=f"train in one of: {', '.join(trainable) or '(no language has any)'}",
            )
    chosen = tuple(dict.fromkeys(wanted)) if wanted else tuple(trainable)
    if not chosen:
        raise BabeliteError(
            f"there are no training documents in {', '.join(corpora)}",
            code="input-empty",
            hint="give some, or choose train_languages (--train-languages) with documents",
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
                code="labels-invalid",
                hint="use the same labels in all languages",
            )


def _require_parallel(tests: Mapping[str, Sequence[LabelledText]]) -> None:
    (first, rows), *others = tests.items()
    for language, more in others:
        if [row.label for row in rows] != [row.label for row in more]:
            raise BabeliteError(
                f"the test documents in {first} and {language} are not the same",
                code="labels-invalid",
                hint="give both the same documents in the same order",
            )


class _TextVectors:
    """The vectors of texts, each distinct text encoded once; ``rate`` is in texts a second."""

    def __init__(
        self,
        encoder: SentenceEncoder,
        documents: Sequence[LabelledText],
        by_sentence: bool,
        report: ProgressCallback,
    ) -> None:
        distinct = list(dict.fromkeys(row.text for row in documents))
        self._rows = {text: row for row, text in enumerate(distinct)}
        started = time.perf_counter()
        blocks = []
        report("encoding", 0, len(distinct))
        for start in range(0, len(distinct), _BLOCK):
            block = distinct[start : start + _BLOCK]
            blocks.append(text_vectors(encoder, block, by_sentence=by_sentence))
            report("encoding", start + len(block), len(distinct))
        self._vectors = np.concatenate(blocks)
        self.rate = len(distinct) / max(time.perf_counter() - started, 1e-9)

    def of(self, rows: Sequence[LabelledText]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._vectors[[self._rows[row.text] for row in rows]]
        return found


def _train(
    vectors: _TextVectors,
    corpus: LabelledCorpus,
    kind: ClassifierKind,
    seeds: Sequence[int],
    settings: MLPSettings | None,
    report: Callable[[int, int], None],
) -> Sequence[_Classifier]:
    """One MLP for each seed, or one logistic regression, which is not random."""
    train, labels = vectors.of(corpus.train), [row.label for row in corpus.train]
    dev_vectors = vectors.of(corpus.dev) if corpus.dev else None
    dev_labels = [row.label for row in corpus.dev] if corpus.dev else None
    report(0, 1)
    if kind == "logistic":
        return [LogisticClassifier().fit(train, labels, dev_vectors, dev_labels, report)]
    return fit_mlps(train, labels, dev_vectors, dev_labels, seeds, settings, report)


def _predict(
    classifiers: Sequence[_Classifier], vectors: _TextVectors, rows: Sequence[LabelledText]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True class numbers, shape (documents,), and predicted ones, (classifiers, documents)."""
    classes = {label: number for number, label in enumerate(classifiers[0].classes_)}
    true = np.array([classes[row.label] for row in rows])
    given = vectors.of(rows)
    return true, np.array([c.predict_proba(given).argmax(axis=1) for c in classifiers])


def _score(
    classifiers: Sequence[_Classifier], vectors: _TextVectors, rows: Sequence[LabelledText]
) -> TransferScore:
    true, predicted = _predict(classifiers, vectors, rows)
    hits, classes = predicted == true, len(classifiers[0].classes_)
    return TransferScore(
        bootstrap(hits.mean(axis=0)),
        bootstrap_macro_f1(true, predicted, classes),
        tuple(hits.mean(axis=1).tolist()),
        tuple(macro_f1(true, row, classes) for row in predicted),
        hits.sum(axis=0),
    )


def _mean_transfer(
    scores: Mapping[tuple[str, str], TransferScore], parallel: bool
) -> BootstrapInterval | None:
    """The mean accuracy over pairs of different languages, with its interval over documents."""
    tested: dict[str, list[NDArray[np.float64]]] = {}
    for (language, other), score in scores.items():
        if language != other:
            tested.setdefault(other, []).append(score.right / len(score.accuracies))
    if not tested:
        return None
    # A test language has the same documents for all training languages: resampled once for all.
    groups = [np.mean(shares, axis=0) for shares in tested.values()]
    pairs = [len(shares) for shares in tested.values()]
    if parallel:
        return bootstrap(np.average(groups, axis=0, weights=pairs))
    return bootstrap_mean_of_groups(groups, pairs)
