"""Zero-shot document classification: trained in one language, tested in all (MLDoc, SIB-200)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.classification import (
    Kind,
    LogisticClassifier,
    MLPClassifier,
    MLPSettings,
    fit_side_by_side,
    text_vectors,
)
from babelite.corpus import LabelledText
from babelite.errors import BabeliteError
from babelite.evaluation.intervals import Estimate, bootstrap, bootstrap_mean_of_groups
from babelite.evaluation.label_scores import bootstrap_macro_f1, macro_f1
from babelite.evaluation.zero_shot_result import ClassificationResult, TransferScore

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

Progress = Callable[[str, int, int], None]
Classifier = MLPClassifier | LogisticClassifier

_STEPS = {"mlp": "epochs", "logistic": "strengths of regularisation"}
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
        raise BabeliteError("there are no test documents", hint="give some in one language")
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


# --- what is asked for ----------------------------------------------------------------------------


def _languages_to_train_in(
    corpora: Mapping[str, LabelledCorpus], wanted: Sequence[str] | None
) -> tuple[str, ...]:
    having = [language for language, corpus in corpora.items() if corpus.train]
    for language in wanted or ():
        if language not in having:
            raise BabeliteError(
                f"there are no training documents in {language}",
                hint=f"train in one of: {', '.join(having) or 'none has any'}",
            )
    chosen = tuple(dict.fromkeys(wanted)) if wanted else tuple(having)
    if not chosen:
        raise BabeliteError(
            f"there are no training documents in {', '.join(corpora)}",
            hint="give some, or name languages that have some with --train-languages",
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
                hint="give the languages the same labels",
            )


def _require_parallel(tests: Mapping[str, Sequence[LabelledText]]) -> None:
    (first, rows), *others = tests.items()
    for language, more in others:
        if [row.label for row in rows] != [row.label for row in more]:
            raise BabeliteError(
                f"the test documents in {first} and {language} are not the same",
                hint="give both the same documents in the same order",
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
        if progress is not None:
            progress("encoding", 0, len(distinct))
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
    given, labels = vectors.of(corpus.train), [row.label for row in corpus.train]
    dev_vectors = vectors.of(corpus.dev) if corpus.dev else None
    dev_labels = [row.label for row in corpus.dev] if corpus.dev else None

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(f"training in {language}, {_STEPS[kind]}", done, total)

    tell(0, 1)

    if kind == "logistic":
        return [LogisticClassifier().fit(given, labels, dev_vectors, dev_labels, tell)]
    return fit_side_by_side(given, labels, dev_vectors, dev_labels, seeds, settings, tell)


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


def _transfer(scores: Mapping[tuple[str, str], TransferScore], parallel: bool) -> Estimate | None:
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
