"""From parallel text to memory-mapped tokens: clean, hold out, learn the vocabulary, tokenise.

Each stage leaves a file that is there only when it is whole, so a killed run repeats one stage at
the most.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from tokenizers import Tokenizer

from babelite.corpus import Cleaner, Cleaning, Pair, PairSource
from babelite.errors import BabeliteError
from babelite.files import read_lines, write_text, writing
from babelite.training.config import TrainingConfig
from babelite.training.progress import Progress
from babelite.training.run_folder import RunFolder
from babelite.training.tokens import TokenizedPairs, open_tokens, tokenize
from babelite.training.vocabulary import train_vocabulary

_FEWEST_PAIRS = 20
# More pairs teach BPE nothing new but cost time and memory.
_VOCABULARY_PAIRS = 400_000


@dataclass(frozen=True)
class LanguagePair:
    """The data of one language pair.

    Attributes:
        name: For example ``en-fr``.
        languages: The two language codes.
        files: Where the pairs came from.
        held_out: Pairs for validation; training has no pair with one of their sentences.
        tokens: The pairs to train on.
    """

    name: str
    languages: tuple[str, str]
    files: tuple[str, ...]
    held_out: list[Pair]
    tokens: TokenizedPairs


@dataclass(frozen=True)
class TrainingText:
    """Everything that training reads.

    Attributes:
        pairs: The language pairs.
        tokenizer: The vocabulary.
    """

    pairs: list[LanguagePair]
    tokenizer: Tokenizer

    @property
    def languages(self) -> list[str]:
        """The languages, in the order in which they are met; their numbers for the heads."""
        return list(dict.fromkeys(chain.from_iterable(pair.languages for pair in self.pairs)))


def prepare(
    run: RunFolder,
    sources: Sequence[PairSource],
    config: TrainingConfig,
    *,
    cleaning: Cleaning,
    progress: Progress,
) -> TrainingText:
    """Do what has not been done yet to make text ready for training.

    Args:
        run: Where the results are kept.
        sources: The parallel text; those of one language pair are joined.
        config: Sizes and seed.
        cleaning: The cleaning steps.
        progress: Told what happens.

    Raises:
        BabeliteError: A file cannot be read, or too few pairs are left.
    """
    grouped: dict[str, list[PairSource]] = {}
    for source in sources:
        grouped.setdefault(source.name, []).append(source)
    counts = {}
    for name, parts in grouped.items():
        if not run.held_out(name).exists():
            _clean(run, name, parts, config, cleaning, progress)
        counts[name] = sum(1 for _ in read_lines(run.cleaned(name)))
    tokenizer = _vocabulary(run, counts, config, progress)
    pairs = []
    for name, parts in grouped.items():
        with progress.stage(f"Tokenising {name}", total=counts[name]) as advance:
            tokenize(
                _training_pairs(run, name),
                tokenizer,
                run.tokens(name),
                max_tokens=config.max_tokens,
                advance=advance,
            )
        pairs.append(
            LanguagePair(
                name,
                (parts[0].source_language, parts[0].target_language),
                tuple(path for part in parts for path in part.paths),
                list(_read(run.held_out(name))),
                open_tokens(run.tokens(name), name, tokenizer),
            )
        )
    return TrainingText(pairs, tokenizer)


def _clean(
    run: RunFolder,
    name: str,
    sources: Sequence[PairSource],
    config: TrainingConfig,
    cleaning: Cleaning,
    progress: Progress,
) -> None:
    cleaner = Cleaner(cleaning)
    chosen = _Reservoir(config.held_out, config.seed)
    with progress.stage(f"Cleaning {name}") as advance, writing(run.cleaned(name)) as path:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            for pair in cleaner.clean(chain.from_iterable(source.read() for source in sources)):
                stream.write(f"{pair.source}\t{pair.target}\n")
                chosen.offer(pair)
                advance(1)
        if cleaner.kept < _FEWEST_PAIRS:
            raise BabeliteError(
                f"only {cleaner.kept} of {cleaner.read} pairs are left after cleaning",
                path=sources[0].paths[0],
                remedy=f"give at least {_FEWEST_PAIRS} pairs of sentences that differ",
            )
    progress.cleaned(name, cleaner)
    # A tenth at the most, so that small data is not all held out.
    held_out = chosen.pairs[: max(2, cleaner.kept // 10)]
    record = {"read": cleaner.read, "kept": cleaner.kept, "dropped": dict(cleaner.counts)}
    write_text(run.cleaned(name).with_suffix(".json"), json.dumps(record, indent=2) + "\n")
    lines = (f"{pair.source}\t{pair.target}\n" for pair in _distinct(held_out))
    write_text(run.held_out(name), "".join(lines))


def _vocabulary(
    run: RunFolder, counts: dict[str, int], config: TrainingConfig, progress: Progress
) -> Tokenizer:
    if not run.tokenizer.exists():
        every = max(1, round(sum(counts.values()) / _VOCABULARY_PAIRS))
        title, total = "Learning the vocabulary", sum(counts.values()) // every
        with progress.stage(title, total=total) as advance:

            def sentences() -> Iterator[str]:
                for name in counts:
                    for pair in islice(_training_pairs(run, name), None, None, every):
                        advance(1)
                        yield from pair

            tokenizer = train_vocabulary(sentences(), config.vocabulary_size)
        write_text(run.tokenizer, tokenizer.to_str())
    return Tokenizer.from_file(str(run.tokenizer))


def _training_pairs(run: RunFolder, name: str) -> Iterator[Pair]:
    """The cleaned pairs that share no sentence with those held out."""
    held_out = list(_read(run.held_out(name)))
    sources = {pair.source.casefold() for pair in held_out}
    targets = {pair.target.casefold() for pair in held_out}
    for pair in _read(run.cleaned(name)):
        if pair.source.casefold() not in sources and pair.target.casefold() not in targets:
            yield pair


def _read(path: Path) -> Iterator[Pair]:
    for line in read_lines(path):
        source, _, target = line.partition("\t")
        yield Pair(source, target)


def _distinct(pairs: Iterable[Pair]) -> Iterator[Pair]:
    # Two equal sentences among the candidates would make retrieval a matter of luck.
    sources: set[str] = set()
    targets: set[str] = set()
    for pair in pairs:
        source, target = pair.source.casefold(), pair.target.casefold()
        if source not in sources and target not in targets:
            sources.add(source)
            targets.add(target)
            yield pair


class _Reservoir:
    """A uniform sample of a stream of unknown length (Vitter's algorithm R), in random order."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seen, self.pairs = size, 0, list[Pair]()
        self.random = random.Random(seed)

    def offer(self, pair: Pair) -> None:
        place = self.random.randrange(self.seen + 1)
        self.seen += 1
        if len(self.pairs) < self.size:
            self.pairs.append(pair)
            self.pairs[place], self.pairs[-1] = self.pairs[-1], self.pairs[place]
        elif place < self.size:
            self.pairs[place] = pair
