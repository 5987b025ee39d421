"""Cleaning parallel text: a few steps, each of which can be left out and counts what it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, compress, islice
from typing import TypeVar

from babelite.corpus.formats.registry import read_texts
from babelite.corpus.keys import KeySet, hash_keys
from babelite.corpus.pairs import Pair
from babelite.corpus.text import comparison_key, count_words, normalize
from babelite.errors import BabeliteError

_BLOCK = 8192
# Added to both lengths before they are compared: one word against four is no bad sign, ten against
# forty is.
_RATIO_SLACK = 2

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Cleaning:
    """Which steps of cleaning are taken, in this order.

    Attributes:
        unicode: Bring both sides to Unicode NFC, plain spaces and visible characters; see
            `text.normalize`.
        empty: Drop pairs with an empty side.
        min_words: Drop pairs with fewer words on a side; None for any. Words of scripts without
            spaces are estimated; see `text.count_words`.
        max_words: Drop pairs with more words on a side; None for any.
        length_ratio: Drop pairs one of whose sides is more than so many times as long as the other,
            after two words are added to both; None for any.
        identical: Drop pairs whose sides differ in case, punctuation and spacing only.
        exclude: Files, in any readable format, with sentences that must not occur on either side,
            compared without case, punctuation and spacing: evaluation sets. Every column counts.
        duplicates: Keep only the first of pairs that are the same but for case, punctuation and
            spacing.

    Raises:
        BabeliteError: Limits that no pair can meet.
    """

    unicode: bool = True
    empty: bool = True
    min_words: int | None = 1
    max_words: int | None = 200
    length_ratio: float | None = 3.0
    identical: bool = True
    exclude: tuple[str, ...] = ()
    duplicates: bool = True

    def __post_init__(self) -> None:
        if None not in (self.min_words, self.max_words) and self.min_words > self.max_words:  # type: ignore[operator]
            raise BabeliteError(
                f"at least {self.min_words} and at most {self.max_words} words leave no pair",
                hint="mend one of the two limits",
            )
        if self.length_ratio is not None and self.length_ratio < 1:
            raise BabeliteError(
                f"a length ratio of {self.length_ratio} leaves no pair", hint="choose 1 or more"
            )

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps taken, in order."""
        taken = {
            "unicode": self.unicode,
            "empty": self.empty,
            "length": (self.min_words, self.max_words) != (None, None),
            "length_ratio": self.length_ratio is not None,
            "identical": self.identical,
            "exclude": bool(self.exclude),
            "duplicates": self.duplicates,
        }
        return tuple(step for step, wanted in taken.items() if wanted)


class Cleaner:
    """Cleans streams of pairs and counts what each step does.

    Several streams may be cleaned one after the other: duplicates are found across all of them and
    the counts add up. Memory is 8 bytes a distinct pair and one block of pairs.

    Attributes:
        cleaning: The steps.
        counts: For each step taken, in order, the pairs it dropped; for ``unicode`` the pairs it
            changed.
        read: Pairs that came in.
        kept: Pairs that went out.

    Example:
        >>> cleaner = Cleaner(Cleaning(length_ratio=None))
        >>> list(cleaner.clean([Pair("Hello  you!", "Salut toi !"), Pair("hello you", "salut, toi"),
        ...                     Pair("OK", "ok"), Pair("Yes", "")]))
        [Pair(source='Hello you!', target='Salut toi !')]
        >>> cleaner.counts
        {'unicode': 1, 'empty': 1, 'length': 0, 'identical': 1, 'duplicates': 1}
    """

    def __init__(self, cleaning: Cleaning | None = None) -> None:
        """Read the excluded sentences; nothing else is done yet.

        Args:
            cleaning: The steps; default all.

        Raises:
            BabeliteError: An excluded file cannot be read.
        """
        self.cleaning = cleaning or Cleaning()
        self.counts = dict.fromkeys(self.cleaning.steps, 0)
        self.read = 0
        self.kept = 0
        self._seen = KeySet()
        self._excluded = KeySet()
        texts = chain.from_iterable(map(read_texts, self.cleaning.exclude))
        for block in _blocks(text for text in texts if text.strip()):
            self._excluded.add(hash_keys(map(comparison_key, block)))

    def clean(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """Clean a stream, in order, a block of 8,192 pairs at a time.

        Args:
            pairs: The pairs as read.

        Yields:
            The pairs that pass every step.
        """
        for block in _blocks(pairs):
            self.read += len(block)
            cleaned = self._by_key(self._by_length(self._by_text(block)))
            self.kept += len(cleaned)
            yield from cleaned

    def _by_text(self, block: list[Pair]) -> list[Pair]:
        if self.cleaning.unicode:
            before = block
            block = [Pair(normalize(source), normalize(target)) for source, target in block]
            self.counts["unicode"] += sum(map(Pair.__ne__, before, block))
        if self.cleaning.empty:
            full = [bool(source.strip() and target.strip()) for source, target in block]
            block = self._keep("empty", block, full)
        return block

    def _by_length(self, block: list[Pair]) -> list[Pair]:
        by_length, by_ratio = "length" in self.counts, "length_ratio" in self.counts
        if not (by_length or by_ratio):
            return block
        lengths = [(count_words(source), count_words(target)) for source, target in block]
        if by_length:
            least = self.cleaning.min_words or 0
            most = self.cleaning.max_words or float("inf")
            fit = [least <= a <= most and least <= b <= most for a, b in lengths]
            block = self._keep("length", block, fit)
            lengths = list(compress(lengths, fit))
        if by_ratio:
            limit = self.cleaning.length_ratio or 0.0
            close = [
                max(a, b) + _RATIO_SLACK <= limit * (min(a, b) + _RATIO_SLACK) for a, b in lengths
            ]
            block = self._keep("length_ratio", block, close)
        return block

    def _by_key(self, block: list[Pair]) -> list[Pair]:
        if not {"identical", "exclude", "duplicates"} & self.counts.keys():
            return block
        keys = [(comparison_key(source), comparison_key(target)) for source, target in block]
        if self.cleaning.identical:
            differ = [source != target for source, target in keys]
            block, keys = self._keep("identical", block, differ), list(compress(keys, differ))
        if self.cleaning.exclude:
            allowed = ~(
                self._excluded.contains(hash_keys(source for source, _ in keys))
                | self._excluded.contains(hash_keys(target for _, target in keys))
            )
            block, keys = self._keep("exclude", block, allowed), list(compress(keys, allowed))
        if self.cleaning.duplicates:
            new = self._seen.add(hash_keys(map(b"\0".join, keys)))
            block = self._keep("duplicates", block, new)
        return block

    def _keep(self, step: str, block: list[Pair], passed: Iterable[bool]) -> list[Pair]:
        kept = list(compress(block, passed))
        self.counts[step] += len(block) - len(kept)
        return kept


def _blocks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    iterator = iter(items)
    while block := list(islice(iterator, _BLOCK)):
        yield block
