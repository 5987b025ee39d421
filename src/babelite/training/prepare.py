"""Preparation of training data: clean, hold out, learn the vocabulary, tokenise.

Each stage writes its file atomically, so that a killed run repeats at most one stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, zip_longest
from pathlib import Path
from typing import TypeVar

from tokenizers import Tokenizer

from babelite.cluster import open_pool
from babelite.corpus import (
    Cleaner,
    Cleaning,
    MonolingualSource,
    Pair,
    PairSource,
    WeightedPair,
    WeightedSentence,
    sample_pairs,
    without_held_out,
)
from babelite.encoding import SentenceEncoder, open_encoder
from babelite.errors import BabeliteError
from babelite.storage import checksums_path, is_read_once, read_lines, write_text
from babelite.training.config import TrainingConfig
from babelite.training.data.text_files import (
    SampledSentences,
    read_pairs,
    read_rows,
    read_sentences,
    write_rows,
)
from babelite.training.data.tokens import open_sentence_tokens, open_tokens, tokenize
from babelite.training.data.vocabulary import renew_vocabulary, train_vocabulary
from babelite.training.prepared_text import by_language, by_name
from babelite.training.run_folder import RunFolder, checked, write_checked_text
from babelite.training.teachers.teacher import Teacher
from babelite.training.teachers.teacher_vectors import (
    compute_vectors,
    count_vectors,
    vectors_are_complete,
)
from babelite.training.training_progress import TrainingProgress
from babelite.training.warm_start import open_initial_encoder

_FEWEST_PAIRS = 20
# More pairs cost time and memory, and do not improve the vocabulary.
_VOCABULARY_PAIRS = 400_000

_Source = TypeVar("_Source", PairSource, MonolingualSource)


@dataclass(frozen=True)
class Preparation:
    """The stages of preparation in a run folder; finished stages are skipped."""

    run: RunFolder
    sources: Sequence[PairSource]
    config: TrainingConfig
    cleaning: Cleaning
    progress: TrainingProgress
    monolingual: Sequence[MonolingualSource] = ()

    def prepare(self) -> None:
        """Prepare text for `open_text`."""
        run, grouped = self.run, by_name(_scaled(self.sources))
        for name, parts in grouped.items():
            if not run.held_out(name).exists():
                self._clean(name, parts)
        # Of all language pairs, as another one may have the same sentences.
        held_out = [pair for name in grouped for pair in read_pairs(run.held_out(name))]
        counts = {
            name: self._hold_out(name, held_out, parts[0].paths[0])
            for name, parts in grouped.items()
        }
        sentences = by_language(_scaled(self.monolingual))
        for code, texts in sentences.items():
            if not run.cleaned(run.monolingual_name(code)).exists():
                self._clean_monolingual(code, texts, held_out)
        tokenizer = self._vocabulary()
        for name, parts in grouped.items():
            self._tokenise(name, counts[name], tokenizer, parts[0].paths[0])
        for code, texts in sentences.items():
            self._tokenise_monolingual(code, tokenizer, texts[0].path)
        for teacher in self.config.teachers:
            self._encode_with_teacher(teacher, tokenizer)

    def _clean(self, name: str, sources: Sequence[PairSource]) -> None:
        all_pairs, first_file = self.run.all_pairs(name), sources[0].paths[0]
        cleaner = Cleaner(self.cleaning)
        with self.progress.stage(f"Cleaning {name}") as advance:
            write_rows(all_pairs, _cleaned(sources, cleaner), advance)
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
            held_out = sample_pairs(read_pairs(all_pairs), wanted, self.config.seed)
        except BabeliteError as error:
            if error.path is not None:
                raise
            hint = "hold out fewer with --held-out, or give more pairs of sentences that differ"
            raise BabeliteError(
                error.problem, code=error.code, path=first_file, hint=hint
            ) from error
        write_rows(self.run.held_out(name), held_out)

    def _hold_out(self, name: str, held_out: Sequence[WeightedPair], first_file: str) -> int:
        """Remove the held-out sentences, and return the number of pairs that are left."""
        all_pairs, cleaned = self.run.all_pairs(name), self.run.cleaned(name)
        if all_pairs.exists():
            with self.progress.stage(f"Holding out sentences of {name}") as advance:
                write_rows(cleaned, without_held_out(read_pairs(all_pairs), held_out), advance)
            all_pairs.unlink()
            checksums_path(all_pairs).unlink(missing_ok=True)
        count = sum(1 for _ in read_lines(cleaned))
        if not count:
            raise BabeliteError(
                f"no pair of {name} is left to train on: each has a held-out sentence",
                code="too-few",
                path=first_file,
                hint="give more pairs of sentences that differ",
            )
        return count

    def _clean_monolingual(
        self, code: str, sources: Sequence[MonolingualSource], held_out: Sequence[WeightedPair]
    ) -> None:
        # A sentence is cleaned as a pair of itself and itself.
        cleaner = Cleaner(replace(self.cleaning, identical=False, length_ratio=None))
        title = f"Cleaning {code} without translations"
        with self.progress.stage(title, unit="sentences") as advance:
            pairs = (
                WeightedPair(*pair, source.weight)
                for source in sources
                for pair in cleaner.clean(Pair(text, text) for text in source.read())
            )
            kept = without_held_out(pairs, held_out)
            rows = (WeightedSentence(text, weight) for text, _, weight in kept)
            write_rows(self.run.cleaned(self.run.monolingual_name(code)), rows, advance)
        self.progress.cleaned(f"{code} without translations", cleaner, unit="sentences")

    def _tokenise_monolingual(self, code: str, tokenizer: Tokenizer, path: str) -> None:
        name = self.run.monolingual_name(code)
        folder, file = self.run.tokens(name), self.run.cleaned(name)
        count = sum(1 for _ in read_lines(file))
        title, rows = f"Tokenising {code} without translations", read_sentences(file)
        with self.progress.stage(title, count, unit="sentences") as advance:
            tokenize(rows, tokenizer, folder, max_tokens=self.config.max_tokens, advance=advance)
        if not len(open_sentence_tokens(folder, tokenizer)):
            raise BabeliteError(
                f"no sentence of the monolingual text in {code} is left to train on",
                code="too-few",
                path=path,
                hint="give text that differs from the held-out sentences and that the vocabulary "
                "covers",
            )

    def _vocabulary(self) -> Tokenizer:
        run, start = self.run, self.config.start
        if not run.tokenizer.exists():
            if start is None:
                text = self._learn_vocabulary()
            else:
                encoder = open_initial_encoder(start)
                write_text(run.initial_encoder, encoder.folder.description.to_json())
                text = renew_vocabulary(encoder.folder.tokenizer_json())
            write_checked_text(run.tokenizer, text)
        return Tokenizer.from_file(str(checked(run.tokenizer)))

    def _learn_vocabulary(self) -> str:
        names = list(by_name(self.sources))
        # Monolingual text would shift the balance of the languages that have pairs.
        known = {code for source in self.sources for code in source.languages}
        others = (code for code in by_language(self.monolingual) if code not in known)
        names += map(self.run.monolingual_name, others)
        files = [self.run.cleaned(name) for name in names]
        weight = sum(weight for path in files for _, weight in read_rows(path))
        share = min(1.0, _VOCABULARY_PAIRS / weight)
        # The sentences are read twice.
        with self.progress.stage("Learning the vocabulary", int(2 * share * weight)) as advance:
            sentences = SampledSentences(files, share, advance)
            return train_vocabulary(sentences, self.config.vocabulary_size).to_str()

    def _tokenise(self, name: str, count: int, tokenizer: Tokenizer, path: str) -> None:
        pairs, folder = read_pairs(self.run.cleaned(name)), self.run.tokens(name)
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

    def require_monolingual_text(self) -> None:
        """Raise if a file of monolingual text cannot be read, or no objective can learn from it.

        An error comes before the folder is reserved and the pairs are cleaned.
        """
        for source in self.monolingual:
            if not is_read_once(source.path):
                next(source.read(), None)
        weights, config = self.config.weights, self.config
        reconstructed = "smlm" in weights and config.has_layers_phase
        if self.monolingual and not reconstructed and "teach" not in weights:
            raise BabeliteError(
                f"the objective {config.objective!r} learns nothing from text without translations",
                code="option-conflict",
                hint="omit --mono, give a --teacher, or add smlm to --objective",
            )
        for code in by_language(self.monolingual):
            if not reconstructed and not any(t.reads(code) for t in config.teachers):
                raise BabeliteError(
                    f"no teacher reads {code}, the language of a text without translations",
                    code="language-not-found",
                    hint="omit that text, give a --teacher of its language, or add smlm to "
                    "--objective",
                )

    def require_teachers(self) -> None:
        """Open the teachers that are needed: an error comes before the folder is reserved."""
        _ = self.teachers

    @cached_property
    def teachers(self) -> dict[str, SentenceEncoder]:
        """The encoders of the teachers whose vectors are not complete, by folder name."""
        languages = {code for source in self.sources for code in source.languages}
        languages |= {source.language for source in self.monolingual}
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

    def _encode_with_teacher(self, teacher: Teacher, tokenizer: Tokenizer) -> None:
        """Compute a teacher's vectors of all sentences in the languages that it reads."""
        run = self.run
        encoder = self.teachers.pop(teacher.folder_name, None)  # not needed in training
        if encoder is None:
            return
        sides: list[tuple[tuple[Path, ...], int]] = [
            ((run.held_out(name), run.cleaned(name)), side)
            for name, parts in by_name(self.sources).items()
            for side, code in enumerate(parts[0].languages)
            if teacher.reads(code)
        ]
        alone = filter(teacher.reads, by_language(self.monolingual))
        sides += [((run.cleaned(run.monolingual_name(code)),), 0) for code in alone]
        streams = [_texts(paths, side) for paths, side in sides]
        # With limited time, all languages have a part of it.
        texts = chain.from_iterable(streams) if teacher.minutes is None else _alternating(streams)
        count = sum(1 for paths, _ in sides for path in paths for _ in read_lines(path))
        workers = self.config.teacher_processes
        title = f"Encoding with the teacher {teacher.spec}"
        with (
            self.progress.stage(title, count, unit="sentences") as advance,
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
                minutes=teacher.minutes,
                advance=advance,
            )
        if teacher.minutes is not None:
            encoded = count_vectors(run.teacher(teacher.folder_name))
            self.progress.say(f"{encoded:,} different sentences have a vector of the teacher")


def _texts(paths: Iterable[Path], side: int) -> Iterator[str]:
    """The texts of one side of the rows of some files."""
    return (row[side] for path in paths for row, _ in read_rows(path))


def _alternating(streams: Iterable[Iterator[str]]) -> Iterator[str]:
    """One text of each stream in turn; streams that have ended are left out."""
    rounds = zip_longest(*streams)
    return (text for texts in rounds for text in texts if text is not None)


def _scaled(sources: Sequence[_Source]) -> list[_Source]:
    """Scale weights below 1, which only compare files, so that an epoch has all rows of a file."""
    highest = max((source.weight for source in sources), default=1.0)
    return [replace(s, weight=s.weight / min(1.0, highest)) for s in sources]


def _cleaned(sources: Iterable[PairSource], cleaner: Cleaner) -> Iterator[WeightedPair]:
    """The clean pairs of all sources with the weights of their sources."""
    for source in sources:
        for pair in cleaner.clean(source.read()):
            yield WeightedPair(*pair, source.weight)
