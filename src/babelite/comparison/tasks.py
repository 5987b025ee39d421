"""What encoders are measured by: retrieval, similarity and classification, from a user's files.

A task has *measures*, the columns of its table: a direction of a language pair, or a language. Each
measure keeps what every query came to, so that differences can be tested.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from babelite.comparison.measures import LanguagePair, Measure, Scope
from babelite.corpus import parse_source
from babelite.encoding import unit_rows
from babelite.evaluation import (
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

# The folders of SIB-200 for language codes that are often used.
SIB200_FOLDERS = {
    "ar": "arb_Arab",
    "cs": "ces_Latn",
    "de": "deu_Latn",
    "en": "eng_Latn",
    "es": "spa_Latn",
    "fr": "fra_Latn",
    "hi": "hin_Deva",
    "it": "ita_Latn",
    "ja": "jpn_Jpan",
    "ko": "kor_Hang",
    "nl": "nld_Latn",
    "pl": "pol_Latn",
    "pt": "por_Latn",
    "ru": "rus_Cyrl",
    "sv": "swe_Latn",
    "tr": "tur_Latn",
    "uk": "ukr_Cyrl",
    "zh": "zho_Hans",
}


class _Task(BaseModel, ABC):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)

    @abstractmethod
    def files(self) -> list[Path]:
        """The files that are read."""

    def kept_out(self) -> list[Path]:
        """The files whose sentences must not be trained on."""
        return self.files()

    @abstractmethod
    def placed(self, base: Path) -> Task:
        """The same task with paths from a folder."""

    @abstractmethod
    def sentences(self, scope: Scope) -> list[str]:
        """Sentences of the task, for measuring speed."""

    @abstractmethod
    def measure(self, encoder: SentenceEncoder, scope: Scope) -> list[Measure]:
        """What the encoder comes to in the languages of the scope."""


class RetrievalTask(_Task):
    """Sentences look for their translation, both ways: P@1.

    Attributes:
        pairs: Files of sentence pairs, one a language pair.
        sib200: The folder of SIB-200, whose sentences are the same in all languages.
        languages: The codes of those languages of SIB-200 that are compared where no model limits
            them; all that are there if not given.
        folders: Language code -> folder of SIB-200, for codes that babelite does not know.
        queries: So many pairs are drawn and looked for among all of their file, duplicates dropped
            (MUSE's protocol); all of them if not given.
    """

    kind: Literal["retrieval"]
    pairs: tuple[str, ...] = ()
    sib200: str | None = None
    languages: tuple[str, ...] | None = None
    folders: Mapping[str, str] = {}
    queries: int | None = Field(None, gt=0)

    def files(self) -> list[Path]:
        """See `_Task`."""
        found = [Path(p) for text in self.pairs for p in parse_source(text).paths]
        return found + (_sib200_files(Path(self.sib200)) if self.sib200 else [])

    def placed(self, base: Path) -> Task:
        """See `_Task`."""
        sib200 = None if self.sib200 is None else str(base / self.sib200)
        pairs = tuple(_placed_source(text, base) for text in self.pairs)
        return self.model_copy(update={"pairs": pairs, "sib200": sib200})

    def sentences(self, scope: Scope) -> list[str]:
        """See `_Task`."""
        return [
            side
            for _, task in self._sets(scope)
            for pair in zip(task.sources, task.targets, strict=True)
            for side in pair
        ]

    def measure(self, encoder: SentenceEncoder, scope: Scope) -> list[Measure]:
        """See `_Task`."""
        measures = []
        for (first, second), task in self._sets(scope):
            u, v = (unit_rows(encoder.encode(side)) for side in (task.sources, task.targets))
            for name, queries, candidates in (
                (f"{first}→{second}", u[: task.queries], v),
                (f"{second}→{first}", v[: task.queries], u),
            ):
                right = precision_at_1(queries, candidates).astype(np.uint8)
                group = f"{first}-{second}"
                measures.append(Measure(name, float(right.mean()), group, right))
        return measures

    def first_pairs(self, scope: Scope) -> tuple[LanguagePair, RetrievalSet] | None:
        """The first language pair of the scope with its sentences, for pictures."""
        return next(iter(self._sets(scope)), None)

    def sib200_languages(self) -> list[str]:
        """The codes of the languages of SIB-200 that are compared, as far as they are there."""
        if self.sib200 is None:
            return []
        folders = _sib200_folders(self.folders)
        return [
            code
            for code in self.languages or folders
            if (Path(self.sib200) / folders.get(code, code)).is_dir()
        ]

    def _sets(self, scope: Scope) -> Iterator[tuple[LanguagePair, RetrievalSet]]:
        for text in self.pairs:
            source = parse_source(text)
            if scope.holds(source.languages):
                whole = [(p.source, p.target) for p in source.read() if all(map(str.strip, p))]
                if self.queries is None:
                    yield source.languages, all_against_all(whole)
                else:
                    yield source.languages, muse_protocol(whole, queries=self.queries)
        if self.sib200 is not None:
            folders = _sib200_folders(self.folders)
            for pair in scope.among(self.sib200_languages()):
                texts = read_sib200_parallel(self.sib200, [folders.get(c, c) for c in pair])
                yield pair, all_against_all(zip(*texts.values(), strict=True))


class SimilarityTask(_Task):
    """Cosines rank sentence pairs as people do: Spearman's correlation.

    Attributes:
        scored: Language code -> file of two sentences and a score; line N is the same pair in each.
    """

    kind: Literal["similarity"]
    scored: Mapping[str, str] = Field(min_length=1)

    def files(self) -> list[Path]:
        """See `_Task`."""
        return [Path(file) for file in self.scored.values()]

    def placed(self, base: Path) -> Task:
        """See `_Task`."""
        placed = {code: str(base / file) for code, file in self.scored.items()}
        return self.model_copy(update={"scored": placed})

    def sentences(self, scope: Scope) -> list[str]:
        """See `_Task`."""
        return [side for _, pairs in self._sets(scope) for pair in pairs for side in pair[:2]]

    def measure(self, encoder: SentenceEncoder, scope: Scope) -> list[Measure]:
        """See `_Task`."""
        measures = []
        for name, pairs in self._sets(scope):
            cosines = pair_cosines(encoder, pairs)
            gold = np.array([pair.score for pair in pairs], np.float32)
            measures.append(
                Measure(name, spearman(cosines, gold), "pairs", cosines=cosines, gold=gold)
            )
        return measures

    def _sets(self, scope: Scope) -> Iterator[tuple[str, list[ScoredPair]]]:
        known = {code: read_sts(self.scored[code]) for code in scope.languages(list(self.scored))}
        yield from known.items()
        for first, second in scope.among(list(known)):
            if scope.pairs is not None or first == next(iter(known)):
                yield f"{first}-{second}", cross_lingual_pairs(known[first], known[second])


class ClassificationTask(_Task):
    """Documents of other languages are classified as those of one language were: accuracy.

    Attributes:
        documents: A folder of labelled documents: SIB-200's, MLDoc's, or ``en.train.tsv`` and so
            on; see `babelite.evaluation.read_labelled_set`.
        train: The language that the classifier is trained in.
        languages: The codes of the languages tested in where no model limits them; all that are
            there if not given.
        folders: Language code -> how the folder calls it, for codes that babelite does not know.
        train_size: Which of MLDoc's training files.
        classifier: ``mlp``, LASER's, or ``logistic``.
        seeds: Of the classifiers, whose answers are averaged.
    """

    kind: Literal["classification"]
    documents: str
    train: str = "en"
    languages: tuple[str, ...] | None = None
    folders: Mapping[str, str] = {}
    train_size: int = 1000
    classifier: Literal["mlp", "logistic"] = "mlp"
    # How many of them were right about a document is kept in a byte.
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (0, 1, 2, 3, 4), min_length=1, max_length=255
    )

    def files(self) -> list[Path]:
        """See `_Task`."""
        return sorted(path for path in Path(self.documents).rglob("*") if path.is_file())

    def kept_out(self) -> list[Path]:
        """See `_Task`; whole articles, as MLDoc has them, are no sentences."""
        return [path for path in self.files() if ".tsv" in path.suffixes]

    def placed(self, base: Path) -> Task:
        """See `_Task`."""
        return self.model_copy(update={"documents": str(base / self.documents)})

    def sentences(self, scope: Scope) -> list[str]:
        """See `_Task`."""
        corpora = self._read(scope)[0].corpora
        return [row.text for corpus in corpora.values() for row in corpus.test]

    def measure(self, encoder: SentenceEncoder, scope: Scope) -> list[Measure]:
        """See `_Task`."""
        there, codes = self._read(scope)
        trained = next((name for name, code in codes.items() if code == self.train), None)
        if trained is None:
            return []
        result = evaluate_classification(
            encoder,
            there.corpora,
            train_languages=[trained],
            classifier=self.classifier,
            seeds=self.seeds,
            by_sentence=there.by_sentence,
            parallel=there.parallel,
        )
        found = {codes[tested]: score for (_, tested), score in result.scores.items()}
        return [
            Measure(
                f"{self.train}→{code}",
                found[code].accuracy.value,
                "documents" if there.parallel else code,
                found[code].right.astype(np.uint8),
                len(found[code].accuracies),
            )
            for code in sorted(found, key=lambda code: (code != self.train, code))
        ]

    def languages_there(self) -> list[str]:
        """The codes of the languages that there are documents in."""
        return list((self._sib200_codes() or self._read_other_layout()[1]).values())

    def _read(self, scope: Scope) -> tuple[LabelledSet, dict[str, str]]:
        """The documents of the languages in scope, and the codes of the languages' own names."""
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
        """The codes of the languages' folders in the layout of SIB-200; none in another."""
        folder, names = Path(self.documents), _sib200_folders(self.folders)
        return {name: code for code, name in names.items() if (folder / name).is_dir()}

    def _read_other_layout(self) -> tuple[LabelledSet, dict[str, str]]:
        known = read_labelled_set(self.documents, train_size=self.train_size)
        names = {name: code for code, name in _sib200_folders(self.folders).items()}
        return known, {name: names.get(name, name) for name in known.corpora}

    def _in_scope(self, codes: Sequence[str], scope: Scope) -> list[str]:
        """The language trained in, and those that a pair of the scope joins to it."""
        if scope.pairs is None:
            chosen = self.languages or codes
            return [code for code in codes if code in chosen or code == self.train]
        joined = {code for pair in scope.pairs if self.train in pair for code in pair}
        return [code for code in codes if code in joined]


Task = RetrievalTask | SimilarityTask | ClassificationTask


def _placed_source(text: str, base: Path) -> str:
    """A file of pairs as it is written, its paths taken from a folder."""
    source = parse_source(text)
    return f"{source.name}={','.join(str(base / path) for path in source.paths)}"


def _sib200_folders(more: Mapping[str, str]) -> dict[str, str]:
    """Language code -> folder of SIB-200, for the codes that babelite knows and for others."""
    return SIB200_FOLDERS | dict(more)


def _sib200_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.tsv"))
