"""Preparation of training data: clean, hold out, learn the vocabulary, tokenise.

Each stage writes its file atomically, so that a killed run repeats at most one stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tokenizers import Tokenizer

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
from babelite.errors import BabeliteError
from babelite.storage import read_lines, write_text, writing_atomically
from babelite.training.config import TrainingConfig
from babelite.training.data.tokens import TokenizedPairs, open_tokens, tokenize
from babelite.training.data.vocabulary import train_vocabulary
from babelite.training.run_folder import RunFolder
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

    @property
    def languages(self) -> list[str]:
        """The languages in order of first occurrence; the position of each is its number."""
        return list(dict.fromkeys(chain.from_iterable(pair.languages for pair in self.pairs)))

    @property
    def language_numbers(self) -> list[tuple[int, ...]]:
        """The numbers of the two languages of each language pair."""
        numbers = {language: number for number, language in enumerate(self.languages)}
        return [tuple(numbers[code] for code in pair.languages) for pair in self.pairs]


def prepare(
    run: RunFolder,
    sources: Sequence[PairSource],
    config: TrainingConfig,
    *,
    cleaning: Cleaning,
    progress: TrainingProgress,
) -> None:
    """Prepare text for `open_text`; finished stages are skipped.

    Raises:
        BabeliteError: A file cannot be read, or too few pairs are left.
    """
    grouped = _grouped(_scaled(sources))
    for name, parts in grouped.items():
        if not run.held_out(name).exists():
            _clean(run, name, parts, config, cleaning, progress)
    # Of all language pairs, as another one may have the same sentences.
    held_out = [pair for name in grouped for pair in _read(run.held_out(name))]
    counts = {}
    for name, parts in grouped.items():
        if run.all_pairs(name).exists():
            with progress.stage(f"Holding out sentences of {name}") as advance:
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
    tokenizer = _vocabulary(run, counts, config, progress)
    for name, parts in grouped.items():
        _tokenise(run, name, counts[name], tokenizer, config, parts[0].paths[0], progress)


def _tokenise(
    run: RunFolder,
    name: str,
    count: int,
    tokenizer: Tokenizer,
    config: TrainingConfig,
    path: str,
    progress: TrainingProgress,
) -> None:
    with progress.stage(f"Tokenising {name}", total=count) as advance:
        tokenize(
            _read(run.cleaned(name)),
            tokenizer,
            run.tokens(name),
            max_tokens=config.max_tokens,
            advance=advance,
        )
    left = len(open_tokens(run.tokens(name), name, tokenizer))
    if not left:
        raise BabeliteError(
            f"no pair of {name} is left to train on: the vocabulary has no character of one "
            "side of each",
            code="too-few",
            path=path,
            hint="give more pairs, or a larger --vocabulary-size"
            if config.start is None
            else "omit --start: the vocabulary of that encoder does not cover the language",
        )
    if left < count:
        progress.say(
            f"Omitted {count - left:,} of {count:,} pairs of {name}: the "
            "vocabulary has no character of one side"
        )


def open_text(run: RunFolder, sources: Sequence[PairSource]) -> TrainingText:
    """Open the text that `prepare` wrote to a folder from the same sources."""
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
    return TrainingText(pairs, tokenizer)


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


def _clean(
    run: RunFolder,
    name: str,
    sources: Sequence[PairSource],
    config: TrainingConfig,
    cleaning: Cleaning,
    progress: TrainingProgress,
) -> None:
    cleaner = Cleaner(cleaning)
    with progress.stage(f"Cleaning {name}") as advance:
        _write(run.all_pairs(name), _cleaned(sources, cleaner), advance)
    if cleaner.kept < _FEWEST_PAIRS:
        raise BabeliteError(
            f"only {cleaner.kept} of {cleaner.read} pairs are left after cleaning",
            code="too-few",
            path=sources[0].paths[0],
            hint=f"give at least {_FEWEST_PAIRS} pairs of sentences that differ",
        )
    progress.cleaned(name, cleaner)
    # At most a tenth, so that small data is not all held out.
    wanted = min(config.held_out, max(2, cleaner.kept // 10))
    try:
        held_out = sample_pairs(_read(run.all_pairs(name)), wanted, config.seed)
    except BabeliteError as error:
        if error.path is not None:
            raise
        raise BabeliteError(
            error.problem,
            code=error.code,
            path=sources[0].paths[0],
            hint="hold out fewer with --held-out, or give more pairs of sentences that differ",
        ) from error
    _write(run.held_out(name), held_out)


def _cleaned(sources: Iterable[PairSource], cleaner: Cleaner) -> Iterator[WeightedPair]:
    """The clean pairs of all sources with the weights of their sources."""
    for source in sources:
        for pair in cleaner.clean(source.read()):
            yield WeightedPair(*pair, source.weight)


def _write(
    path: Path,
    pairs: Iterable[WeightedPair],
    advance: Callable[[int], None] | None = None,
) -> None:
    with (
        writing_atomically(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for source, target, weight in pairs:
            stream.write(f"{one_line(source)}\t{one_line(target)}\t{weight:g}\n")
            if advance is not None:
                advance(1)


def _vocabulary(
    run: RunFolder, counts: dict[str, int], config: TrainingConfig, progress: TrainingProgress
) -> Tokenizer:
    if not run.tokenizer.exists():
        if config.start is None:
            text = _learn_vocabulary(run, counts, config.vocabulary_size, progress)
        else:
            start = open_initial_encoder(config.start)
            write_text(run.initial_encoder, start.folder.description.to_json())
            text = start.tokenizer()
        write_text(run.tokenizer, text)
    return Tokenizer.from_file(str(run.tokenizer))


def _learn_vocabulary(
    run: RunFolder, counts: dict[str, int], size: int, progress: TrainingProgress
) -> str:
    files = [run.cleaned(name) for name in counts]
    weight = sum(pair.weight for path in files for pair in _read(path))
    share = min(1.0, _VOCABULARY_PAIRS / weight)
    with progress.stage("Learning the vocabulary", total=int(2 * share * weight)) as advance:
        return train_vocabulary(_Sentences(files, share, advance), size).to_str()


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
