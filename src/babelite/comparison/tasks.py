"""Evaluation tasks of a comparison: retrieval, similarity and classification on user files.

Each task returns `Metric` objects, the columns of its table: a direction of a language pair, or a
language. A metric keeps the result of every query, so that differences can be tested.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from babelite.comparison.metrics import LanguagePair, LanguageScope, Metric
from babelite.corpus import parse_source
from babelite.encoding import unit_rows
from babelite.evaluation import (
    SIB200_FOLDERS,
    LabelledSet,
    RetrievalSet,
    ScoredPair,
    all_against_all,
    cross_lingual_pairs,
    evaluate_classification,
    muse_protocol,
    pair_cosines,
    precision_at_1,
    read_labelled_set,
    read_sib200_parallel,
    read_sts,
    spearman,
)

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder


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
    def resolve_paths(self, base: Path) -> Task:
        """The same task with paths relative to a folder."""

    @abstractmethod
    def sentences(self, scope: LanguageScope) -> list[str]:
        """All sentences of the task, for measuring speed."""

    @abstractmethod
    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """Evaluate an encoder on the languages of a scope."""


class RetrievalTask(_Task):
    """Translation retrieval in both directions: precision at 1 (P@1)."""

    kind: Literal["retrieval"]
    pairs: tuple[str, ...] = ()  # files of sentence pairs, one per language pair
    sib200: str | None = None  # folder of SIB-200, whose sentences are parallel in all languages
    languages: tuple[str, ...] | None = None  # of SIB-200, if no model limits them; default: all
    folders: Mapping[str, str] = {}  # language code -> folder of SIB-200, for unknown codes
    # Number of pairs drawn as queries; candidates are all pairs of the file without duplicates
    # (MUSE's protocol). Default: every pair is a query.
    queries: int | None = Field(None, gt=0)

    def files(self) -> list[Path]:
        """See `_Task`."""
        files = [Path(p) for text in self.pairs for p in parse_source(text).paths]
        return files + (sorted(Path(self.sib200).glob("*/*.tsv")) if self.sib200 else [])

    def resolve_paths(self, base: Path) -> Task:
        """See `_Task`."""
        sib200 = None if self.sib200 is None else str(base / self.sib200)
        pairs = tuple(_resolve_source(text, base) for text in self.pairs)
        return self.model_copy(update={"pairs": pairs, "sib200": sib200})

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        return [
            side
            for _, task in self._sets(scope)
            for pair in zip(task.sources, task.targets, strict=True)
            for side in pair
        ]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        metrics = []
        for (first, second), task in self._sets(scope):
            u, v = (unit_rows(encoder.encode(side)) for side in (task.sources, task.targets))
            for name, queries, candidates in (
                (f"{first}→{second}", u[: task.queries], v),
                (f"{second}→{first}", v[: task.queries], u),
            ):
                correct = precision_at_1(queries, candidates).astype(np.uint8)
                group = f"{first}-{second}"
                metrics.append(Metric(name, float(correct.mean()), group, correct))
        return metrics

    def first_pairs(self, scope: LanguageScope) -> tuple[LanguagePair, RetrievalSet] | None:
        """The first language pair of the scope with its sentences, for charts."""
        return next(iter(self._sets(scope)), None)

    def sib200_languages(self) -> list[str]:
        """Codes of the compared languages of SIB-200 whose folder exists."""
        if self.sib200 is None:
            return []
        folders = SIB200_FOLDERS | dict(self.folders)
        return [
            code
            for code in self.languages or folders
            if (Path(self.sib200) / folders.get(code, code)).is_dir()
        ]

    def _sets(self, scope: LanguageScope) -> Iterator[tuple[LanguagePair, RetrievalSet]]:
        for text in self.pairs:
            source = parse_source(text)
            if scope.contains(source.languages):
                whole = [(p.source, p.target) for p in source.read() if all(map(str.strip, p))]
                if self.queries is None:
                    yield source.languages, all_against_all(whole)
                else:
                    yield source.languages, muse_protocol(whole, queries=self.queries)
        if self.sib200 is not None:
            folders = SIB200_FOLDERS | dict(self.folders)
            for pair in scope.pairs_among(self.sib200_languages()):
                texts = read_sib200_parallel(self.sib200, [folders.get(c, c) for c in pair])
                yield pair, all_against_all(zip(*texts.values(), strict=True))


class SimilarityTask(_Task):
    """Semantic similarity: Spearman's correlation of cosines and human scores."""

    kind: Literal["similarity"]
    # Language code -> file of two sentences and a score; line N of each file is the same pair.
    scored: Mapping[str, str] = Field(min_length=1)

    def files(self) -> list[Path]:
        """See `_Task`."""
        return [Path(file) for file in self.scored.values()]

    def resolve_paths(self, base: Path) -> Task:
        """See `_Task`."""
        resolved = {code: str(base / file) for code, file in self.scored.items()}
        return self.model_copy(update={"scored": resolved})

    def sentences(self, scope: LanguageScope) -> list[str]:
        """See `_Task`."""
        return [side for _, pairs in self._sets(scope) for pair in pairs for side in pair[:2]]

    def evaluate(self, encoder: SentenceEncoder, scope: LanguageScope) -> list[Metric]:
        """See `_Task`."""
        metrics = []
        for name, pairs in self._sets(scope):
            cosines = pair_cosines(encoder, pairs)
            gold = np.array([pair.score for pair in pairs], np.float32)
            metrics.append(
                Metric(name, spearman(cosines, gold), "pairs", cosines=cosines, gold=gold)
            )
        return metrics

    def _sets(self, scope: LanguageScope) -> Iterator[tuple[str, list[ScoredPair]]]:
        known = {
            code: read_sts(self.scored[code]) for code in scope.languages_among(list(self.scored))
        }
        yield from known.items()
        for first, second in scope.pairs_among(list(known)):
            if scope.pairs is not None or first == next(iter(known)):
                yield f"{first}-{second}", cross_lingual_pairs(known[first], known[second])


class ClassificationTask(_Task):
    """Zero-shot cross-lingual classification: accuracy."""

    kind: Literal["classification"]
    documents: str  # folder of labelled documents; see `babelite.evaluation.read_labelled_set`
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

    def resolve_paths(self, base: Path) -> Task:
        """See `_Task`."""
        return self.model_copy(update={"documents": str(base / self.documents)})

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
            chosen = set(self._in_scope(list(codes.values()), scope))
            wanted = [name for name, code in codes.items() if code in chosen]
            return read_labelled_set(self.documents, wanted), codes
        known, codes = self._read_other_layout()
        chosen = set(self._in_scope(list(codes.values()), scope))
        corpora = {n: c for n, c in known.corpora.items() if codes[n] in chosen}
        return replace(known, corpora=corpora), codes

    def _sib200_codes(self) -> dict[str, str]:
        """Folder of SIB-200 -> language code; empty in another layout."""
        folders = SIB200_FOLDERS | dict(self.folders)
        return {
            name: code for code, name in folders.items() if (Path(self.documents) / name).is_dir()
        }

    def _read_other_layout(self) -> tuple[LabelledSet, dict[str, str]]:
        known = read_labelled_set(self.documents, train_size=self.train_size)
        names = {name: code for code, name in (SIB200_FOLDERS | dict(self.folders)).items()}
        return known, {name: names.get(name, name) for name in known.corpora}

    def _in_scope(self, codes: Sequence[str], scope: LanguageScope) -> list[str]:
        """The training language, and the languages that form a pair of the scope with it."""
        if scope.pairs is None:
            chosen = self.languages or codes
            return [code for code in codes if code in chosen or code == self.train]
        joined = {code for pair in scope.pairs if self.train in pair for code in pair}
        return [code for code in codes if code in joined]


Task = RetrievalTask | SimilarityTask | ClassificationTask


def _resolve_source(text: str, base: Path) -> str:
    """A specification of a file of pairs, with paths relative to a folder."""
    source = parse_source(text)
    return f"{source.name}={','.join(str(base / path) for path in source.paths)}"
