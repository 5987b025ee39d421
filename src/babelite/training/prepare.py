"""Preparation of training data: clean, hold out, learn the vocabulary, tokenise.

Each stage writes its file atomically, so that a killed run repeats at most one stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from tokenizers import Tokenizer

from babelite.cluster import open_pool
from babelite.corpus import (
    Cleaner,
    Cleaning,
    Pair,
    PairSource,
    WeightedPair,
    one_line,
    sample_pairs,
    without_held_out,
)
from babelite.encoding import SentenceEncoder, open_encoder
from babelite.errors import BabeliteError
from babelite.storage import read_lines, write_text, writing_atomically
from babelite.training.config import TrainingConfig
from babelite.training.data.tokens import TokenizedPairs, open_tokens, tokenize
from babelite.training.data.vocabulary import renew_vocabulary, train_vocabulary
from babelite.training.run_folder import RunFolder
from babelite.training.teachers.targets import LoadedTeacher, TeacherTargets
from babelite.training.teachers.teacher import Teacher
from babelite.training.teachers.teacher_vectors import (
    compute_vectors,
    open_vectors,
    vectors_are_complete,
)
from babelite.training.training_progress import TrainingProgress
from babelite.training.warm_start import open_initial_encoder

_FEWEST_PAIRS = 20
# More pairs cost time and memory, and do not improve the vocabulary.
_VOCABULARY_PAIRS = 400_000


@dataclass(frozen=True)
class LanguagePair:
    """The data of one language pair."""

    name: str  # for example en-fr
    languages: tuple[str, str]
    files: tuple[str, ...]
    held_out: list[Pair]  # validation pairs; no language pair is trained on their sentences
    tokens: TokenizedPairs  # training pairs


@dataclass(frozen=True)
class TrainingText:
    """All input of the training loop: language pairs and vocabulary."""

    pairs: list[LanguagePair]
    tokenizer: Tokenizer
    teachers: list[LoadedTeacher] = field(default_factory=list)

    @property
    def languages(self) -> list[str]:
        """The languages in order of first occurrence; the position of each is its number."""
        return list(dict.fromkeys(chain.from_iterable(pair.languages for pair in self.pairs)))

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


@dataclass(frozen=True)
class Preparation:
    """The stages of preparation in a run folder; finished stages are skipped."""

    run: RunFolder
    sources: Sequence[PairSource]
    config: TrainingConfig
    cleaning: Cleaning
    progress: TrainingProgress

    def prepare(self) -> None:
        """Prepare text for `open_text`."""
        run, grouped = self.run, _grouped(_scaled(self.sources))
        for name, parts in grouped.items():
            if not run.held_out(name).exists():
                self._clean(name, parts)
        # Of all language pairs, as another one may have the same sentences.
        held_out = [pair for name in grouped for pair in _read(run.held_out(name))]
        counts = {}
        for name, parts in grouped.items():
            if run.all_pairs(name).exists():
                with self.progress.stage(f"Holding out sentences of {name}") as advance:
                    pairs = without_held_out(_read(run.all_pairs(name)), held_out)
                    _write(run.cleaned(name), pairs, advance)
                run.all_pairs(name).unlink()
            counts[name] = sum(1 for _ in read_lines(run.cleaned(name)))
            if not counts[name]:
                raise BabeliteError(
                    f"no pair of {name} is left to train on: each has a held-out sentence",
                    code="too-few",
                    path=parts[0].paths[0],
                    hint="give more pairs of sentences that differ",
                )
        tokenizer = self._vocabulary(counts)
        for name, parts in grouped.items():
            self._tokenise(name, counts[name], tokenizer, parts[0].paths[0])
        for teacher in self.config.teachers:
            self._encode_with_teacher(teacher, grouped, tokenizer)

    def _clean(self, name: str, sources: Sequence[PairSource]) -> None:
        all_pairs, first_file = self.run.all_pairs(name), sources[0].paths[0]
        cleaner = Cleaner(self.cleaning)
        with self.progress.stage(f"Cleaning {name}") as advance:
            _write(all_pairs, _cleaned(sources, cleaner), advance)
        if cleaner.kept < _FEWEST_PAIRS:
            raise BabeliteError(
                f"only {cleaner.kept} of {cleaner.read} pairs are left after cleaning",
                code="too-few",
                path=first_file,
                hint=f"give at least {_FEWEST_PAIRS} pairs of sentences that differ",
            )
        self.progress.cleaned(name, cleaner)
        # At most a tenth, so that small data is not all held out.
        wanted = min(self.config.held_out, max(2, cleaner.kept // 10))
        try:
            held_out = sample_pairs(_read(all_pairs), wanted, self.config.seed)
        except BabeliteError as error:
            if error.path is not None:
                raise
            hint = "hold out fewer with --held-out, or give more pairs of sentences that differ"
            raise BabeliteError(
                error.problem, code=error.code, path=first_file, hint=hint
            ) from error
        _write(self.run.held_out(name), held_out)

    def _vocabulary(self, counts: dict[str, int]) -> Tokenizer:
        run, start = self.run, self.config.start
        if not run.tokenizer.exists():
            if start is None:
                text = self._learn_vocabulary([run.cleaned(name) for name in counts])
            else:
                encoder = open_initial_encoder(start)
                write_text(run.initial_encoder, encoder.folder.description.to_json())
                text = renew_vocabulary(encoder.folder.tokenizer_json())
            write_text(run.tokenizer, text)
        return Tokenizer.from_file(str(run.tokenizer))

    def _learn_vocabulary(self, files: list[Path]) -> str:
        weight = sum(pair.weight for path in files for pair in _read(path))
        share = min(1.0, _VOCABULARY_PAIRS / weight)
        with self.progress.stage("Learning the vocabulary", int(2 * share * weight)) as advance:
            sentences = _Sentences(files, share, advance)
            return train_vocabulary(sentences, self.config.vocabulary_size).to_str()

    def _tokenise(self, name: str, count: int, tokenizer: Tokenizer, path: str) -> None:
        pairs, folder = _read(self.run.cleaned(name)), self.run.tokens(name)
        with self.progress.stage(f"Tokenising {name}", count) as advance:
            tokenize(pairs, tokenizer, folder, max_tokens=self.config.max_tokens, advance=advance)
        left = len(open_tokens(folder, name, tokenizer))
        reason = "the vocabulary has no character of one side"
        if not left:
            raise BabeliteError(
                f"no pair of {name} is left to train on: {reason} of each",
                code="too-few",
                path=path,
                hint="give more pairs, or a larger --vocabulary-size"
                if self.config.start is None
                else "omit --start: the vocabulary of that encoder does not cover the language",
            )
        if left < count:
            self.progress.say(f"Omitted {count - left:,} of {count:,} pairs of {name}: {reason}")

    def require_teachers(self) -> None:
        """Open the teachers that are needed: an error comes before the folder is reserved."""
        _ = self.teachers

    @cached_property
    def teachers(self) -> dict[str, SentenceEncoder]:
        """The encoders of the teachers whose vectors are not complete, by folder name."""
        languages = {c for s in self.sources for c in (s.source_language, s.target_language)}
        encoders = {}
        for teacher in self.config.teachers:
            if not any(map(teacher.reads, languages)):
                raise BabeliteError(
                    f"the teacher {teacher.spec} reads none of the languages of the text",
                    code="language-not-found",
                    hint=f"give text in {', '.join(teacher.languages or ())}, or another teacher",
                )
            if not vectors_are_complete(self.run.teacher(teacher.folder_name)):
                encoders[teacher.folder_name] = open_encoder(teacher.spec)
        return encoders

    def _encode_with_teacher(
        self, teacher: Teacher, grouped: Mapping[str, Sequence[PairSource]], tokenizer: Tokenizer
    ) -> None:
        """Compute a teacher's vectors of all sentences in the languages that it reads."""
        run = self.run
        encoder = self.teachers.pop(teacher.folder_name, None)  # not needed in training
        if encoder is None:
            return
        sides = [
            (path, side)
            for name, parts in grouped.items()
            for side, code in enumerate((parts[0].source_language, parts[0].target_language))
            if teacher.reads(code)
            for path in (run.held_out(name), run.cleaned(name))
        ]
        texts = (str(pair[side]) for path, side in sides for pair in _read(path))
        count = sum(1 for path, _ in sides for _ in read_lines(path))
        workers = self.config.teacher_processes
        title = f"Encoding with the teacher {teacher.spec}"
        with (
            self.progress.stage(title, count) as advance,
            open_pool(teacher.spec, workers=workers) if workers > 1 else nullcontext() as pool,
        ):
            compute_vectors(
                texts,
                encoder,
                run.teacher(teacher.folder_name),
                tokenizer,
                spec=teacher.spec,
                max_tokens=self.config.max_tokens,
                pool=pool,
                advance=advance,
            )


def open_text(
    run: RunFolder, sources: Sequence[PairSource], teachers: Sequence[Teacher] = ()
) -> TrainingText:
    """Open the text that `prepare` wrote to a folder from the same sources and teachers."""
    tokenizer = Tokenizer.from_file(str(run.tokenizer))
    pairs = []
    for name, parts in _grouped(sources).items():
        pairs.append(
            LanguagePair(
                name,
                (parts[0].source_language, parts[0].target_language),
                tuple(path for part in parts for path in part.paths),
                [Pair(source, target) for source, target, _ in _read(run.held_out(name))],
                open_tokens(run.tokens(name), name, tokenizer),
            )
        )
    loaded = [LoadedTeacher(t, open_vectors(run.teacher(t.folder_name))) for t in teachers]
    return TrainingText(pairs, tokenizer, loaded)


def _scaled(sources: Sequence[PairSource]) -> list[PairSource]:
    """Scale weights below 1, which only compare files, so that an epoch has all pairs of a file."""
    highest = max(source.weight for source in sources)
    return [replace(s, weight=s.weight / highest) for s in sources] if highest < 1 else [*sources]


def _grouped(sources: Sequence[PairSource]) -> dict[str, list[PairSource]]:
    """The sources of each language pair."""
    grouped: dict[str, list[PairSource]] = {}
    for source in sources:
        grouped.setdefault(source.name, []).append(source)
    return grouped


def _cleaned(sources: Iterable[PairSource], cleaner: Cleaner) -> Iterator[WeightedPair]:
    """The clean pairs of all sources with the weights of their sources."""
    for source in sources:
        for pair in cleaner.clean(source.read()):
            yield WeightedPair(*pair, source.weight)


def _write(
    path: Path, pairs: Iterable[WeightedPair], advance: Callable[[int], None] = lambda count: None
) -> None:
    with (
        writing_atomically(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for source, target, weight in pairs:
            stream.write(f"{one_line(source)}\t{one_line(target)}\t{weight:g}\n")
            advance(1)


@dataclass(frozen=True)
class _Sentences:
    """Iterates over the sentences of a share of the pairs of some files, by weight."""

    files: list[Path]
    share: float
    advance: Callable[[int], None]

    def __iter__(self) -> Iterator[str]:
        for path in self.files:
            owed = 0.5
            for source, target, weight in _read(path):
                owed += self.share * weight
                while owed >= 1:
                    owed -= 1
                    self.advance(1)
                    yield source
                    yield target


def _read(path: Path) -> Iterator[WeightedPair]:
    for line in read_lines(path):
        source, target, weight = line.split("\t")
        yield WeightedPair(source, target, float(weight))
