"""Prepared text of a run, as the training loop reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from tokenizers import Tokenizer

from babelite.corpus import MonolingualSource, Pair, PairSource
from babelite.training.data.text_files import read_pairs
from babelite.training.data.tokens import (
    TokenizedPairs,
    TokenizedSentences,
    open_sentence_tokens,
    open_tokens,
)
from babelite.training.loop.monolingual_steps import MonolingualCorpora
from babelite.training.run_folder import RunFolder, checked
from babelite.training.teachers.targets import LoadedTeacher, SentenceTargets, TeacherTargets
from babelite.training.teachers.teacher import Teacher
from babelite.training.teachers.teacher_vectors import open_vectors


@dataclass(frozen=True)
class LanguagePair:
    """The data of one language pair."""

    name: str  # for example en-fr
    languages: tuple[str, str]
    files: tuple[str, ...]
    held_out: list[Pair]  # validation pairs; no language pair is trained on their sentences
    tokens: TokenizedPairs  # training pairs


@dataclass(frozen=True)
class MonolingualText:
    """The sentences of one language without translations."""

    language: str
    files: tuple[str, ...]
    tokens: TokenizedSentences


@dataclass(frozen=True)
class TrainingText:
    """All input of the training loop: language pairs, monolingual text and vocabulary."""

    pairs: list[LanguagePair]
    tokenizer: Tokenizer
    teachers: list[LoadedTeacher] = field(default_factory=list)
    monolingual: list[MonolingualText] = field(default_factory=list)

    @property
    def languages(self) -> list[str]:
        """The languages in order of first occurrence; the position of each is its number."""
        of_pairs = chain.from_iterable(pair.languages for pair in self.pairs)
        return list(dict.fromkeys([*of_pairs, *(text.language for text in self.monolingual)]))

    @property
    def language_numbers(self) -> list[tuple[int, ...]]:
        """The numbers of the two languages of each language pair."""
        numbers = {language: number for number, language in enumerate(self.languages)}
        return [tuple(numbers[code] for code in pair.languages) for pair in self.pairs]

    def teacher_targets(self) -> TeacherTargets | None:
        """The teachers' vectors for the training pairs; None without teachers."""
        if not self.teachers:
            return None
        tokens = [(pair.languages, pair.tokens) for pair in self.pairs]
        keys = [(codes, found.source.keys, found.target.keys) for codes, found in tokens]
        return TeacherTargets(self.teachers, keys)

    def monolingual_corpora(self) -> MonolingualCorpora | None:
        """The monolingual text as the training loop reads it; None without any."""
        texts = self.monolingual
        if not texts:
            return None
        languages = [self.languages.index(text.language) for text in texts]
        keys = [(text.language, text.tokens.text.keys) for text in texts]
        targets = SentenceTargets(self.teachers, keys)
        return MonolingualCorpora([text.tokens for text in texts], languages, targets)


def open_text(
    run: RunFolder,
    sources: Sequence[PairSource],
    teachers: Sequence[Teacher] = (),
    monolingual: Sequence[MonolingualSource] = (),
) -> TrainingText:
    """Open the text that `prepare` wrote to a folder from the same sources and teachers."""
    tokenizer = Tokenizer.from_file(str(checked(run.tokenizer)))
    pairs = [
        LanguagePair(
            name,
            (parts[0].source_language, parts[0].target_language),
            tuple(path for part in parts for path in part.paths),
            [Pair(source, target) for source, target, _ in read_pairs(run.held_out(name))],
            open_tokens(run.tokens(name), name, tokenizer),
        )
        for name, parts in by_name(sources).items()
    ]
    sentences = [
        MonolingualText(
            code,
            tuple(part.path for part in parts),
            open_sentence_tokens(run.tokens(run.monolingual_name(code)), tokenizer),
        )
        for code, parts in by_language(monolingual).items()
    ]
    loaded = [LoadedTeacher(t, open_vectors(run.teacher(t.folder_name))) for t in teachers]
    return TrainingText(pairs, tokenizer, loaded, sentences)


def by_name(sources: Sequence[PairSource]) -> dict[str, list[PairSource]]:
    """The sources of each language pair."""
    names = dict.fromkeys(source.name for source in sources)
    return {name: [s for s in sources if s.name == name] for name in names}


def by_language(sources: Sequence[MonolingualSource]) -> dict[str, list[MonolingualSource]]:
    """The sources of each language."""
    languages = dict.fromkeys(source.language for source in sources)
    return {code: [s for s in sources if s.language == code] for code in languages}
