"""Evaluation tasks of a comparison: retrieval, mining, similarity, classification."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from babelite.comparison.task_metrics import LanguagePair, LanguageScope, Metric, f1_of
from babelite.corpus import parse_source
from babelite.encoding import unit_rows
from babelite.evaluation import (
    SIB200_FOLDERS,
    HiddenPairs,
    LabelledSet,
    RetrievalSet,
    ScoredPair,
    all_against_all,
    cross_lingual_pairs,
    evaluate_classification,
    hide_pairs,
    margin_hits,
    muse_protocol,
    pair_cosines,
    precision_at_1,
    random_halves,
    read_labelled_set,
    read_sib200_parallel,
    read_sts,
    spearman,
)
from babelite.mining import Candidates, candidate_pairs, precision_recall_curve
from babelite.neighbors import nearest

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

_NEIGHBOURS = 4  # of the margin, as in LASER


def resolve_path(path: str, info: ValidationInfo) -> str:
    """A path relative to the folder ``base`` of the validation context, if there is one."""
    return str(info.context["base"] / path) if info.context else path


def _resolve_source(text: str, info: ValidationInfo) -> str:
    """A specification of a file of pairs, its paths resolved."""
    if not info.context:
        return text
    source = parse_source(text)
    return f"{source.name}={','.join(resolve_path(path, info) for path in source.paths)}"


ResolvedPath = Annotated[str, AfterValidator(resolve_path)]


class _Task(BaseModel, ABC):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)

    @abstractmethod
    def files(self) -> list[Path]:
        """The files of the task."""

    def excluded_files(self) -> list[Path]:
        """The files whose sentences are removed from the training text."""
        return self.files()

    @abstractmethod
    def sentences(self, scope: LanguageScope) -> list[str]:
        """All sentences of the task, for measuring speed."""

    @abstractmethod
    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """Evaluate an encoder on the languages of a scope; one metric per column of the table."""


def _files_of(pairs: Sequence[str]) -> list[Path]:
    return [Path(path) for text in pairs for path in parse_source(text).paths]


def _read_pairs(
    pairs: Sequence[str], scope: LanguageScope
) -> Iterator[tuple[LanguagePair, list[tuple[str, str]]]]:
    """The language pairs of a scope that have a file, with the pairs that have two sides."""
    for source in map(parse_source, pairs):
        if scope.contains(source.languages):
            both = [(p.source, p.target) for p in source.read() if all(map(str.strip, p))]
            yield source.languages, both


class RetrievalTask(_Task):
    """Translation retrieval in both directions: precision at 1 (P@1).

    With ``score = "margin"`` it is one minus LASER's xSIM error.
    """

    kind: Literal["retrieval"]
    score: Literal["cosine", "margin"] = "cosine"
    # Files of sentence pairs, one per language pair.
    pairs: tuple[Annotated[str, AfterValidator(_resolve_source)], ...] = ()
    sib200: ResolvedPath | None = (
        None  # folder of SIB-200, whose sentences are parallel in all languages
    )
    languages: tuple[str, ...] | None = None  # of SIB-200, if no model limits them; default: all
    folders: Mapping[str, str] = {}  # language code -> folder of SIB-200, for unknown codes
    # Number of pairs drawn as queries; candidates are all pairs of the file without duplicates
    # (MUSE's protocol). Default: every pair is a query.
    queries: int | None = Field(None, gt=0)

    def files(self) -> list[Path]:
        """See `_Task`."""
        sib200 = sorted(Path(self.sib200).glob("*/*.tsv")) if self.sib200 else []
        return _files_of(self.pairs) + sib200

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        sets = (zip(task.sources, task.targets, strict=True) for _, task in self._sets(scope))
        return [side for pairs in sets for pair in pairs for side in pair]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        metrics = []
        for (first, second), task in self._sets(scope):
            u, v = (unit_rows(encoder.encode(side)) for side in (task.sources, task.targets))
            group = f"{first}-{second}"
            for name, queries, candidates in (
                (f"{first}→{second}", u, v),
                (f"{second}→{first}", v, u),
            ):
                if self.score == "margin":
                    hits = margin_hits(queries, candidates)[: task.queries]
                else:
                    hits = precision_at_1(queries[: task.queries], candidates)
                correct = hits.astype(np.uint8)
                metrics.append(Metric(name, float(correct.mean()), group, correct))
        return metrics

    def first_pairs(self, scope: LanguageScope) -> tuple[LanguagePair, RetrievalSet] | None:
        """The first language pair of the scope with its sentences, for charts."""
        return next(iter(self._sets(scope)), None)

    def sib200_languages(self) -> list[str]:
        """Codes of the compared languages of SIB-200 whose folder exists."""
        if self.sib200 is None:
            return []
        root, folders = Path(self.sib200), SIB200_FOLDERS | dict(self.folders)
        codes = self.languages or folders
        return [code for code in codes if (root / folders.get(code, code)).is_dir()]

    def _sets(self, scope: LanguageScope) -> Iterator[tuple[LanguagePair, RetrievalSet]]:
        for languages, whole in _read_pairs(self.pairs, scope):
            if self.queries is None:
                yield languages, all_against_all(whole)
            else:
                yield languages, muse_protocol(whole, queries=self.queries)
        if self.sib200 is not None:
            folders = SIB200_FOLDERS | dict(self.folders)
            for pair in scope.pairs_among(self.sib200_languages()):
                texts = read_sib200_parallel(self.sib200, [folders.get(c, c) for c in pair])
                yield pair, all_against_all(zip(*texts.values(), strict=True))


class MiningTask(_Task):
    """Mining of translations that are hidden among other sentences, as in BUCC: F1.

    Half of the pairs fit the threshold of the margin score, the other half measure.
    """

    kind: Literal["mining"]
    # Files of sentence pairs, one per language pair.
    pairs: tuple[Annotated[str, AfterValidator(_resolve_source)], ...] = Field(min_length=1)
    share: float = Field(0.25, gt=0, le=1)  # of the pairs, both sides of which are kept

    def files(self) -> list[Path]:
        """See `_Task`."""
        return _files_of(self.pairs)

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        halves = [half for _, both in self._sets(scope) for half in both]
        return [text for half in halves for side in (half.sources, half.targets) for text in side]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        metrics = []
        for (first, second), (fit, test) in self._sets(scope):
            mined, correct = _mined(encoder, fit)
            threshold = precision_recall_curve(mined.score, correct, fit.gold).best.threshold
            mined, correct = _mined(encoder, test)
            flags = np.zeros((3, len(test.sources)), np.uint8)
            flags[0, mined.source[mined.score >= threshold]] = 1
            flags[1, : test.gold] = 1
            flags[2, mined.source[correct & (mined.score >= threshold)]] = 1
            name = f"{first}-{second}"
            metrics.append(Metric(name, f1_of(flags), name, mined=flags))
        return metrics

    def _sets(self, scope: LanguageScope) -> Iterator[tuple[LanguagePair, list[HiddenPairs]]]:
        for languages, whole in _read_pairs(self.pairs, scope):
            halves = random_halves(len(whole))
            chosen = ([whole[i] for i in np.flatnonzero(half)] for half in halves)
            yield languages, [hide_pairs(pairs, self.share) for pairs in chosen]


def _mined(encoder: SentenceEncoder, text: HiddenPairs) -> tuple[Candidates, NDArray[np.bool_]]:
    """The pairs of highest margin, one for each sentence, and whether they are gold pairs."""
    u, v = (unit_rows(encoder.encode(side)) for side in (text.sources, text.targets))
    mined = candidate_pairs(nearest(u, v, _NEIGHBOURS), nearest(v, u, _NEIGHBOURS))
    return mined, (mined.source == mined.target) & (mined.source < text.gold)


class SimilarityTask(_Task):
    """Semantic similarity: Spearman's correlation of cosines and human scores."""

    kind: Literal["similarity"]
    # Language code -> file of two sentences and a score; line N of each file is the same pair.
    scored: Mapping[str, ResolvedPath] = Field(min_length=1)

    def files(self) -> list[Path]:
        """See `_Task`."""
        return [Path(file) for file in self.scored.values()]

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        return [side for _, pairs in self._sets(scope) for pair in pairs for side in pair[:2]]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        metrics = []
        for name, pairs in self._sets(scope):
            cosines = pair_cosines(encoder, pairs)
            gold = np.array([pair.score for pair in pairs], np.float32)
            value = spearman(cosines, gold)
            metrics.append(Metric(name, value, "pairs", cosines=cosines, gold=gold))
        return metrics

    def _sets(self, scope: LanguageScope) -> Iterator[tuple[str, list[ScoredPair]]]:
        codes = scope.languages_among(list(self.scored))
        known = {code: read_sts(self.scored[code]) for code in codes}
        yield from known.items()
        for first, second in scope.pairs_among(list(known)):
            if scope.pairs is not None or first == next(iter(known)):
                yield f"{first}-{second}", cross_lingual_pairs(known[first], known[second])


class ClassificationTask(_Task):
    """Zero-shot cross-lingual classification: accuracy."""

    kind: Literal["classification"]
    documents: (
        ResolvedPath  # folder of labelled documents; see `babelite.evaluation.read_labelled_set`
    )
    train: str = "en"  # training language of the classifier
    languages: tuple[str, ...] | None = None  # to test, if no model limits them; default: all
    folders: Mapping[str, str] = {}  # language code -> name in the folder, for unknown codes
    train_size: int = 1000  # training documents (MLDoc has files of several sizes)
    classifier: Literal["mlp", "logistic"] = "mlp"  # mlp: as in LASER
    # Seeds of the classifiers, whose results are averaged. At most 255: the number of correct
    # classifiers per document is stored in a byte.
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0, 1, 2, 3, 4), min_length=1, max_length=255
    )

    def files(self) -> list[Path]:
        """See `_Task`."""
        return sorted(path for path in Path(self.documents).rglob("*") if path.is_file())

    def excluded_files(self) -> list[Path]:
        """See `_Task`; files of whole articles (MLDoc) are not excluded."""
        return [path for path in self.files() if ".tsv" in path.suffixes]

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        corpora = self._read(scope)[0].corpora
        return [row.text for corpus in corpora.values() for row in corpus.test]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        documents, codes = self._read(scope)
        trained = next((name for name, code in codes.items() if code == self.train), None)
        if trained is None:
            return []
        result = evaluate_classification(
            encoder,
            documents.corpora,
            train_languages=[trained],
            classifier=self.classifier,
            seeds=self.seeds,
            by_sentence=documents.by_sentence,
            parallel=documents.parallel,
        )
        found = {codes[tested]: score for (_, tested), score in result.scores.items()}
        return [
            Metric(
                f"{self.train}→{code}",
                found[code].accuracy.value,
                "documents" if documents.parallel else code,
                found[code].right.astype(np.uint8),
                len(found[code].accuracies),
            )
            for code in sorted(found, key=lambda code: (code != self.train, code))
        ]

    def available_languages(self) -> list[str]:
        """Codes of the languages that have documents."""
        return list((self._sib200_codes() or self._read_other_layout()[1]).values())

    def _read(self, scope: LanguageScope) -> tuple[LabelledSet, dict[str, str]]:
        """The documents of the languages in scope, and name in the folder -> language code."""
        if scope.pairs is not None and not any(self.train in pair for pair in scope.pairs):
            return LabelledSet(self.name, {}), {}
        codes = self._sib200_codes()
        if codes:
            return read_labelled_set(self.documents, self._in_scope(codes, scope)), codes
        known, codes = self._read_other_layout()
        corpora = {name: known.corpora[name] for name in self._in_scope(codes, scope)}
        return replace(known, corpora=corpora), codes

    def _sib200_codes(self) -> dict[str, str]:
        """Folder of SIB-200 -> language code; empty in another layout."""
        root, folders = Path(self.documents), SIB200_FOLDERS | dict(self.folders)
        return {name: code for code, name in folders.items() if (root / name).is_dir()}

    def _read_other_layout(self) -> tuple[LabelledSet, dict[str, str]]:
        known = read_labelled_set(self.documents, train_size=self.train_size)
        names = {name: code for code, name in (SIB200_FOLDERS | dict(self.folders)).items()}
        return known, {name: names.get(name, name) for name in known.corpora}

    def _in_scope(self, codes: Mapping[str, str], scope: LanguageScope) -> list[str]:
        """Names of the training language, and of the languages that form a pair with it."""
        if scope.pairs is None:
            chosen = {self.train, *(self.languages or codes.values())}
        else:
            chosen = {code for pair in scope.pairs if self.train in pair for code in pair}
        return [name for name, code in codes.items() if code in chosen]


Task = RetrievalTask | MiningTask | SimilarityTask | ClassificationTask
