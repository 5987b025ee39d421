"""Cleaning of parallel text: optional steps, each with a count of the pairs it dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, compress

from babelite.corpus.formats.registry import read_texts
from babelite.corpus.hash_set import HashSet, blocks_of, hash_texts
from babelite.corpus.normalization import comparison_key, count_words, normalize_text
from babelite.corpus.pairs import Pair
from babelite.errors import BabeliteError

# Added to both lengths before they are compared: one word against four is common, ten against
# forty is not.
_RATIO_SLACK = 2


@dataclass(frozen=True)
class Cleaning:
    """The steps of cleaning, in this order.

    A limit of None is no limit; limits that no pair can meet raise ``option-invalid``.

    Attributes:
        unicode: Normalize Unicode and white space of both sides; see `normalize_text`.
        empty: Drop pairs with an empty side.
        min_words: Drop pairs with fewer words on a side; see `count_words`.
        max_words: Drop pairs with more words on a side.
        length_ratio: Drop pairs if the longer side has more than so many times the words of the
            other, after adding two words to both.
        identical: Drop pairs whose sides differ only in case, punctuation and spacing.
        exclude: Files (any format, every column) with sentences that must not occur on either side,
            such as evaluation sets; case, punctuation and spacing are ignored.
        duplicates: Keep the first of pairs that differ only in case, punctuation and spacing.
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
        if self.max_words is not None and (self.min_words or 0) > self.max_words:
            problem = f"no pair has at least {self.min_words} and at most {self.max_words} words"
            hint = "change one of the two limits"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
        if self.length_ratio is not None and self.length_ratio < 1:
            problem = f"the length ratio must be at least 1, not {self.length_ratio}"
            raise BabeliteError(problem, code="option-invalid", hint="choose 1 or more")

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the active steps, in order."""
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
    """Cleans streams of pairs and counts the pairs that each step dropped.

    Duplicates are found, and counts summed, across all streams of a cleaner. Memory is 8 bytes a
    distinct pair and one block of pairs. An excluded file that cannot be read raises an error.

    Attributes:
        cleaning: The steps.
        counts: The pairs that each active step dropped, in order; for ``unicode`` those it changed.
        read: The number of pairs read.
        kept: The number of pairs kept.

    Example:
        >>> cleaner = Cleaner(Cleaning(length_ratio=None))
        >>> list(cleaner.clean([Pair("Hello  you!", "Salut toi !"), Pair("hello you", "salut, toi"),
        ...                     Pair("OK", "ok"), Pair("Yes", "")]))
        [Pair(source='Hello you!', target='Salut toi !')]
        >>> cleaner.counts
        {'unicode': 1, 'empty': 1, 'length': 0, 'identical': 1, 'duplicates': 1}
    """

    def __init__(self, cleaning: Cleaning | None = None) -> None:
        self.cleaning = cleaning or Cleaning()
        self.counts = dict.fromkeys(self.cleaning.steps, 0)
        self.read = 0
        self.kept = 0
        self._seen = HashSet()
        self._excluded = HashSet()
        texts = chain.from_iterable(map(read_texts, self.cleaning.exclude))
        for block in blocks_of(text for text in texts if text.strip()):
            self._excluded.add(hash_texts(map(comparison_key, block)))

    def clean(self, pairs: Iterable[Pair]) -> Iterator[Pair]:
        """Yield the pairs of a stream that pass every step, in order."""
        for block in blocks_of(pairs):
            self.read += len(block)
            cleaned = self._by_key(self._by_length(self._by_text(block)))
            self.kept += len(cleaned)
            yield from cleaned

    def _by_text(self, block: list[Pair]) -> list[Pair]:
        """Normalize the texts; drop pairs with an empty side."""
        if self.cleaning.unicode:
            before = block
            block = [Pair(*map(normalize_text, pair)) for pair in block]
            self.counts["unicode"] += sum(map(Pair.__ne__, before, block))
        if self.cleaning.empty:
            full = [bool(source.strip() and target.strip()) for source, target in block]
            block = self._keep("empty", block, full)
        return block

    def _by_length(self, block: list[Pair]) -> list[Pair]:
        """Drop pairs by the number of words."""
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
        """Drop pairs that are identical, excluded or duplicates."""
        if not {"identical", "exclude", "duplicates"} & self.counts.keys():
            return block
        keys = [(comparison_key(source), comparison_key(target)) for source, target in block]
        if self.cleaning.identical:
            differ = [source != target for source, target in keys]
            block, keys = self._keep("identical", block, differ), list(compress(keys, differ))
        if self.cleaning.exclude:
            allowed = ~(
                self._excluded.contains(hash_texts(source for source, _ in keys))
                | self._excluded.contains(hash_texts(target for _, target in keys))
            )
            block, keys = self._keep("exclude", block, allowed), list(compress(keys, allowed))
        if self.cleaning.duplicates:
            new = self._seen.add(hash_texts(map(b"\0".join, keys)))
            block = self._keep("duplicates", block, new)
        return block

    def _keep(self, step: str, block: list[Pair], passed: Iterable[bool]) -> list[Pair]:
        kept = list(compress(block, passed))
        self.counts[step] += len(block) - len(kept)
        return kept
