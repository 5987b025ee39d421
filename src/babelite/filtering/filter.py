"""Filtering a parallel corpus: each pair scored among its neighbours, and checked."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.corpus import comparison_key, count_words
from babelite.encoding import SentenceEncoder, unit_rows
from babelite.filtering.language_id import LanguageIdentifier
from babelite.filtering.numbers import numbers_differ
from babelite.filtering.truncation import TruncationCheck
from babelite.mining import Mined, Progress, RowFile, margins, mine
from babelite.neighbors import SearchKind

# In the order in which they are told.
REASONS = ("empty", "margin", "language", "copied", "truncated", "numbers")
THRESHOLD = 0.7
# To be raised when a check changes: verdicts of an earlier one that are on disk no longer count.
_CHECKS = 2

_PAIRS_A_BLOCK = 8192
_SAMPLE = 10_000
_LANGUAGE_SAMPLE = 500
_FEWEST_WORDS_COPIED = 3

_RECORD = np.dtype([("margin", "<f4"), ("cosine", "<f4"), ("reasons", "u1")])


class Verdict(NamedTuple):
    """What was found about a pair.

    Attributes:
        margin: The ratio margin; NaN if a side is blank.
        cosine: The cosine of the two sides; NaN if one is blank.
        reasons: Why to drop it, of `REASONS`; empty for a pair to keep.
    """

    margin: float
    cosine: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Filtered:
    """A corpus with a verdict on each pair.

    Attributes:
        languages: What each side was checked for; None if languages were not checked, or no pair
            has text on both sides.
        counts: How many pairs each reason holds for, and ``kept``.
    """

    languages: tuple[str, str] | None
    counts: dict[str, int]
    _records: NDArray[Any]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Verdict]:
        for start in range(0, len(self._records), _PAIRS_A_BLOCK):
            for margin, cosine, bits in self._records[start : start + _PAIRS_A_BLOCK, 0].tolist():
                told = tuple(reason for i, reason in enumerate(REASONS) if bits >> i & 1)
                yield Verdict(margin, cosine, told)


@contextlib.contextmanager
def filter_pairs(
    sources: Iterable[str],
    targets: Iterable[str],
    encoder: SentenceEncoder,
    *,
    threshold: float = THRESHOLD,
    identifier: LanguageIdentifier | None = None,
    languages: tuple[str | None, str | None] = (None, None),
    k: int = 4,
    search: SearchKind = "auto",
    work: str | Path | None = None,
    progress: Progress | None = None,
) -> Iterator[Filtered]:
    """Judge every pair of a parallel corpus.

    A pair is dropped for one or more of these reasons: a side is blank (``empty``); its ratio
    margin among the nearest sentences of the corpus itself is below the threshold (``margin``); a
    side is in another language (``language``); both sides are the same text (``copied``); one side
    lacks a part of the other (``truncated``, see `babelite.filtering.truncation`); they name
    different numbers (``numbers``).

    Args:
        sources: One side of the pairs.
        targets: The other side, as many.
        encoder: What turns them into vectors.
        threshold: The lowest margin to keep; unrelated sentences have about 0, translations 1.3.
        identifier: What tells languages apart; languages are not checked without one.
        languages: The language codes of both sides; None for the one that most of a side is in.
        k: How many neighbours make a margin.
        search: How they are found; see `babelite.mining.mine`.
        work: A folder to go on from after a kill; see `babelite.mining.mine`.
        progress: Told how far the work is.

    Yields:
        The verdicts, in the order of the pairs; they may be gone through several times.

    Raises:
        BabeliteError: A side has no text, or the work folder belongs to another text or model.
        ValueError: The sides are not equally long.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> letters = AdaptedEncoder("abc", lambda ss: [[s.count(c) for c in "abc"] for s in ss])
        >>> with filter_pairs(["a 25", "b", "c"], ["aa 52", "bb", "bb"], letters, k=2) as filtered:
        ...     [verdict.reasons for verdict in filtered]
        [('numbers',), (), ('margin',)]
    """
    progress = progress or (lambda what, done, total: None)
    with mine(sources, targets, encoder, k=k, search=search, work=work, progress=progress) as mined:
        rows = mined.sources.rows, mined.targets.rows
        if len(rows[0]) != len(rows[1]):
            raise ValueError(f"{len(rows[0])} sources, but {len(rows[1])} targets")
        judge = _Judge(mined, encoder, identifier, languages)
        settings = repr((_CHECKS, judge.languages, k, mined.search)).encode()
        name = hashlib.sha256(settings).hexdigest()[:16]
        file = RowFile(mined.folder / f"{name}.verdicts", _RECORD, 1, len(rows[0]), _PAIRS_A_BLOCK)
        progress("checking", file.done, len(rows[0]))
        for block in file.blocks_left():
            file.append(block.start, judge.block(block)[:, None])
            progress("checking", block.stop, len(rows[0]))
        records = np.array(file.read())
        records["reasons"] |= (records["margin"] < threshold) * np.uint8(_bit("margin"))
        counts = {
            reason: int(np.count_nonzero(records["reasons"] & _bit(reason))) for reason in REASONS
        }
        counts["kept"] = int(np.count_nonzero(records["reasons"] == 0))
        yield Filtered(judge.languages, counts, records)


class _Judge:
    """Checks pairs of a corpus, whose usual lengths and languages it has learnt."""

    def __init__(
        self,
        mined: Mined,
        encoder: SentenceEncoder,
        identifier: LanguageIdentifier | None,
        languages: tuple[str | None, str | None],
    ) -> None:
        self._mined, self._identifier = mined, identifier
        self._means = mined.forward.scores.mean(1), mined.backward.scores.mean(1)
        rows = mined.sources.rows, mined.targets.rows
        whole = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
        sample = whole[:: max(1, len(whole) // _SAMPLE)]
        texts = [(mined.sources[rows[0][i]], mined.targets[rows[1][i]]) for i in sample]
        self._truncation = TruncationCheck(texts, encoder)
        self.languages: tuple[str, str] | None = None
        if identifier is not None and texts:  # else there is nothing to tell them by, or to check
            few = texts[:: max(1, len(texts) // _LANGUAGE_SAMPLE)]
            source, target = (
                given or identifier.main_language(pair[side] for pair in few)
                for side, given in enumerate(languages)
            )
            self.languages = source, target

    def block(self, block: slice) -> NDArray[Any]:
        """The records of some pairs, before the threshold."""
        rows = self._mined.sources.rows[block], self._mined.targets.rows[block]
        records = np.zeros(len(rows[0]), _RECORD)
        records["margin"] = records["cosine"] = np.nan
        whole = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
        records["reasons"][(rows[0] < 0) | (rows[1] < 0)] = _bit("empty")
        source, target = rows[0][whole], rows[1][whole]
        vectors = (
            unit_rows(self._mined.source_vectors[source]),
            unit_rows(self._mined.target_vectors[target]),
        )
        cosines = np.einsum("ij,ij->i", *vectors)
        records["cosine"][whole] = cosines
        records["margin"][whole] = margins(cosines, self._means[0][source], self._means[1][target])
        texts = [
            (self._mined.sources[s], self._mined.targets[t])
            for s, t in zip(source, target, strict=True)
        ]
        bits = np.array([self._text_bits(*pair) for pair in texts], dtype=np.uint8)
        truncated = self._truncation.found(texts, vectors, cosines)
        records["reasons"][whole] = bits | truncated * np.uint8(_bit("truncated"))
        return records

    def _text_bits(self, source: str, target: str) -> int:
        bits = 0
        if self._identifier is not None and self.languages is not None:
            for text, language in zip((source, target), self.languages, strict=True):
                if self._identifier.is_wrong(text, language):
                    bits |= _bit("language")
        if is_copied(source, target):
            bits |= _bit("copied")
        if numbers_differ(source, target):
            bits |= _bit("numbers")
        return bits


def is_copied(source: str, target: str) -> bool:
    """Whether both sides hold the same words, three at least: names are the same in all languages.

    Example:
        >>> is_copied("Where is the station?", "where is the station"), is_copied("Oslo", "Oslo")
        (True, False)
    """
    return (
        comparison_key(source) == comparison_key(target)
        and count_words(source) >= _FEWEST_WORDS_COPIED
        and any(map(str.isalpha, source))
    )


def _bit(reason: str) -> int:
    return 1 << REASONS.index(reason)
