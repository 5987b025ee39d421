"""Filtering of parallel corpora: margin scores, language, copies, truncation, numbers."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import (
    LanguageIdentifier,
    base_language,
    comparison_key,
    count_words,
    numbers_differ,
)
from babelite.encoding import SentenceEncoder, unit_rows
from babelite.errors import BabeliteError
from babelite.filtering.text_damage import has_markup, is_mojibake
from babelite.filtering.truncation import TruncationCheck
from babelite.mining import Mined, MiningOptions, ProgressCallback, mine
from babelite.neighbors import SearchKind, margin_scores

# Reasons to drop a pair, in the order of their bits on disk.
REASONS = (
    *("empty", "unreadable", "low-score", "language", "copied", "truncated", "numbers"),
    *("mojibake", "markup"),
)
THRESHOLD = 0.7
# Increased when a check changes: stored verdicts of older checks are not used.
_CHECKS_VERSION = 4

_PAIRS_PER_BLOCK = 8192
_SAMPLE = 10_000
_LANGUAGE_SAMPLE = 500
_FIRST = 100  # pairs whose languages are compared with the given ones before the work begins
_MIN_COPIED_WORDS = 3

_RECORD = np.dtype([("score", "<f4"), ("cosine", "<f4"), ("reasons", "<u2")])


class Verdict(NamedTuple):
    """The result of the checks of a pair."""

    score: float  # the ratio margin; NaN if a side is blank or unreadable
    cosine: float  # of the two sides; NaN if one is blank or unreadable
    reasons: tuple[str, ...]  # why to drop the pair, from REASONS; empty for a pair to keep


@dataclass(frozen=True)
class Filtered:
    """A corpus; its iterator gives the `Verdict` on each pair.

    Attributes:
        languages: The expected languages; None if they were not checked or no pair is complete.
        counts: The number of pairs for each reason, and for ``kept``.
    """

    languages: tuple[str, str] | None
    counts: dict[str, int]
    _records: NDArray[Any]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Verdict]:
        for start in range(0, len(self._records), _PAIRS_PER_BLOCK):
            for score, cosine, bits in self._records[start : start + _PAIRS_PER_BLOCK, 0].tolist():
                reasons = (reason for reason in REASONS if bits & _bit(reason))
                yield Verdict(score, cosine, tuple(reasons))


@contextlib.contextmanager
def filter_pairs(
    sources: Iterable[str],
    targets: Iterable[str],
    encoder: SentenceEncoder,
    *,
    threshold: float = THRESHOLD,
    identifier: LanguageIdentifier | None = None,
    ignore: Collection[str] = (),
    languages: tuple[str | None, str | None] = (None, None),
    k: int = 4,
    search: SearchKind = "auto",
    work: str | Path | None = None,
    progress: ProgressCallback | None = None,
) -> Iterator[Filtered]:
    """Check every pair of a parallel corpus, and find the pairs to drop.

    The reasons are: a side is blank (``empty``); the encoder cannot read a side, whose vector is
    zero (``unreadable``); the ratio margin among the nearest sentences of
    the corpus is below the threshold (``low-score``); a side is in another language
    (``language``); both sides are the same text (``copied``); one side lacks a part of the other
    (``truncated``); the sides contain different numbers (``numbers``); a side contains UTF-8 that
    was read in another encoding, such as "Ã©" (``mojibake``), or tags or entities of HTML
    (``markup``).

    Args:
        sources: One side of the pairs.
        targets: The other side, of the same length.
        encoder: The encoder of the sentences.
        threshold: The minimum score to keep; unrelated sentences have about 0, translations 1.3.
        identifier: Identifies languages; without it languages are not checked.
        ignore: Reasons that do not drop a pair.
        languages: The language codes of both sides; None for the most frequent one of a side.
        k: The number of neighbours that make a margin; see `babelite.mining.MiningOptions`.
        search: How neighbours are found.
        work: Work folder from which a killed run resumes.
        progress: Called with the step, the number of rows done and their total.

    Yields:
        The verdicts, in the order of the pairs; they can be iterated over several times.

    Raises:
        BabeliteError: ``ignore`` contains another reason, a side has no text, the first pairs are
            in the given languages in reverse, or the work folder belongs to another text or model.
        ValueError: The sides differ in length.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> letters = AdaptedEncoder("abc", lambda ss: [[s.count(c) for c in "abc"] for s in ss])
        >>> with filter_pairs(["a 25", "b", "c"], ["aa 52", "bb", "bb"], letters, k=2) as filtered:
        ...     [verdict.reasons for verdict in filtered]
        [('numbers',), (), ('low-score',)]
    """
    report = progress or (lambda what, done, total: None)
    options = MiningOptions(k=k, search=search, work=work)
    for reason in ignore:
        if reason not in REASONS:
            hint = f"choose among {', '.join(REASONS)}"
            problem = f"there is no reason {reason!r} to ignore"
            raise BabeliteError(problem, code="option-invalid", hint=hint)
    if identifier is not None and languages[0] and languages[1]:
        first, rest = _peek(sources), _peek(targets)
        sources, targets = first[1], rest[1]
        identifier.require_not_swapped(first[0], rest[0], (languages[0], languages[1]))
    with mine(sources, targets, encoder, options, progress=progress) as mined:
        yield _Checks(mined, encoder, identifier, languages).filtered(threshold, ignore, report)


def _peek(texts: Iterable[str]) -> tuple[list[str], Iterator[str]]:
    """The first texts of a stream, and the whole stream."""
    stream = iter(texts)
    first = list(islice(stream, _FIRST))
    return first, chain(first, stream)


class _Checks:
    """The checks of the pairs of a corpus; learns its usual lengths, last words and languages."""

    def __init__(
        self,
        mined: Mined,
        encoder: SentenceEncoder,
        identifier: LanguageIdentifier | None,
        languages: tuple[str | None, str | None],
    ) -> None:
        rows = mined.sources.rows, mined.targets.rows
        if len(rows[0]) != len(rows[1]):
            raise ValueError(f"{len(rows[0])} sources, but {len(rows[1])} targets")
        self._mined, self._identifier = mined, identifier
        self._means = mined.forward.scores.mean(1), mined.backward.scores.mean(1)
        complete = self._complete(rows)
        sample = complete[:: max(1, len(complete) // _SAMPLE)]
        texts = [(mined.sources[rows[0][i]], mined.targets[rows[1][i]]) for i in sample]
        self._truncation = TruncationCheck(texts, encoder)
        self.languages: tuple[str, str] | None = None
        if identifier is not None and texts:
            few = texts[:: max(1, len(texts) // _LANGUAGE_SAMPLE)]
            source, target = (
                base_language(given) if given else identifier.main_language(side)
                for given, side in zip(languages, zip(*few, strict=True), strict=True)
            )
            self.languages = source, target

    def filtered(
        self, threshold: float, ignore: Collection[str], progress: ProgressCallback
    ) -> Filtered:
        """The verdicts of all pairs; those of an earlier run are read from the work folder."""
        total, k = len(self._mined.sources.rows), self._mined.options.k
        settings = repr((_CHECKS_VERSION, self.languages, k, self._mined.search)).encode()
        name = hashlib.sha256(settings).hexdigest()[:16]
        file = self._mined.work.rows(f"{name}.verdicts", _RECORD, 1, total, _PAIRS_PER_BLOCK)
        progress("checking", file.done, total)
        for block in file.missing_blocks():
            file.append(block.start, self._records(block)[:, None])
            progress("checking", block.stop, total)
        records = np.array(file.read())
        reasons = records["reasons"]
        reasons |= (records["score"] < threshold) * np.uint16(_bit("low-score"))
        reasons &= ~np.uint16(sum(map(_bit, ignore)))
        counts = {reason: int(np.count_nonzero(reasons & _bit(reason))) for reason in REASONS}
        counts["kept"] = int(np.count_nonzero(reasons == 0))
        return Filtered(self.languages, counts, records)

    def _records(self, block: slice) -> NDArray[Any]:
        """The records of a block of pairs, without the threshold."""
        mined = self._mined
        rows = mined.sources.rows[block], mined.targets.rows[block]
        records = np.zeros(len(rows[0]), _RECORD)
        records["score"] = records["cosine"] = np.nan
        complete = self._complete(rows)
        records["reasons"] = _bit("unreadable")
        records["reasons"][complete] = 0
        records["reasons"][(rows[0] < 0) | (rows[1] < 0)] = _bit("empty")
        source, target = rows[0][complete], rows[1][complete]
        vectors = unit_rows(mined.source_vectors[source]), unit_rows(mined.target_vectors[target])
        cosines = np.einsum("ij,ij->i", *vectors)
        records["cosine"][complete] = cosines
        means = self._means[0][source], self._means[1][target]
        records["score"][complete] = margin_scores(cosines, *means)
        texts = [(mined.sources[s], mined.targets[t]) for s, t in zip(source, target, strict=True)]
        bits = np.array([self._text_bits(*pair) for pair in texts], dtype=np.uint16)
        bits |= self._truncation.truncated(texts, vectors, cosines) * np.uint16(_bit("truncated"))
        records["reasons"][complete] = bits
        return records

    def _complete(self, rows: tuple[NDArray[np.int64], NDArray[np.int64]]) -> NDArray[np.intp]:
        """The pairs whose sides have text and are readable."""
        usable = [
            (side >= 0) & ~unreadable[side]
            for side, unreadable in zip(rows, self._mined.unreadable, strict=True)
        ]
        return np.flatnonzero(usable[0] & usable[1])

    def _text_bits(self, source: str, target: str) -> int:
        reasons = set()
        if self._identifier is not None and self.languages is not None:
            pairs = zip((source, target), self.languages, strict=True)
            if any(self._identifier.is_wrong(text, language) for text, language in pairs):
                reasons.add("language")
        if is_copied(source, target):
            reasons.add("copied")
        if numbers_differ(source, target):
            reasons.add("numbers")
        if is_mojibake(source) or is_mojibake(target):
            reasons.add("mojibake")
        if has_markup(source) or has_markup(target):
            reasons.add("markup")
        return sum(map(_bit, reasons))


def is_copied(source: str, target: str) -> bool:
    """Whether both sides are the same three or more words (names are equal in all languages)."""
    return (
        comparison_key(source) == comparison_key(target)
        and count_words(source) >= _MIN_COPIED_WORDS
        and any(map(str.isalpha, source))
    )


def _bit(reason: str) -> int:
    return 1 << REASONS.index(reason)
