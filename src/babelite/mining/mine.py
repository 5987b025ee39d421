"""Bitext mining: encode both sides, find nearest neighbours both ways, choose pairs by margin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, same_vectors, unit_rows
from babelite.errors import BabeliteError
from babelite.mining.backend import LocalBackend, MiningBackend, NeighbourSearch, ProgressCallback
from babelite.mining.options import MiningOptions
from babelite.mining.pair_selection import Candidates, candidate_pairs
from babelite.mining.work_folder import PROBE_SENTENCE, SentenceStore, WorkFolder
from babelite.neighbors import Neighbours, SearchKind, StoredVectors, choose_search_kind
from babelite.storage import locked_folder, temporary_folder

SENTENCES_PER_BLOCK = 8192
QUERIES_PER_BLOCK = 32768


class Explanation(NamedTuple):
    """The neighbours that determine the margin of a pair.

    Attributes:
        source_neighbours: Cosines and sentences: the nearest targets of the source sentence.
        target_neighbours: Cosines and sentences: the nearest sources of the target sentence.
    """

    source: str
    target: str
    source_neighbours: tuple[tuple[float, str], ...]
    target_neighbours: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Mined:
    """Two texts with the nearest neighbours of all their sentences.

    Attributes:
        sources: The distinct sentences of the source side.
        targets: The distinct sentences of the target side.
        wide_forward: The nearest targets of each source: ``k`` and, if there is one, a spare.
        wide_backward: The nearest sources of each target.
        k: Number of neighbours that make a margin: ``options.k``, or fewer in small texts.
        search: How the neighbours were found: ``exact`` or ``clusters``.
        source_vectors: Unit rows of ``sources``, float16, on disk.
        target_vectors: Unit rows of ``targets``, float16, on disk.
    """

    sources: SentenceStore
    targets: SentenceStore
    wide_forward: Neighbours
    wide_backward: Neighbours
    options: MiningOptions
    k: int
    search: SearchKind
    source_vectors: StoredVectors
    target_vectors: StoredVectors
    work: WorkFolder

    @property
    def forward(self) -> Neighbours:
        """The k nearest targets of each source, shape (sources, k)."""
        return first_neighbours(self.wide_forward, self.k)

    @property
    def backward(self) -> Neighbours:
        """The k nearest sources of each target, shape (targets, k)."""
        return first_neighbours(self.wide_backward, self.k)

    @cached_property
    def unreadable(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The sources and the targets whose vector is zero: they are in no pair."""
        return (
            _zero_rows(self.wide_forward, self.source_vectors),
            _zero_rows(self.wide_backward, self.target_vectors),
        )

    def pairs(self, **fields: Any) -> Candidates:  # noqa: ANN401
        """The pairs in descending order of score; ``fields`` replace options of the run."""
        options = replace(self.options, **fields)
        pairs = choose_pairs(self.forward, self.backward, options)
        sources, targets = self.unreadable
        if sources.any() or targets.any():
            pairs = pairs.take(~(sources[pairs.source] | targets[pairs.target]))
        return pairs if options.threshold is None else pairs.above(options.threshold)

    def explain(self, source: int, target: int) -> Explanation:
        """The neighbours that determine the margin of a pair of rows."""
        sides = (source, self.forward, self.targets), (target, self.backward, self.sources)
        neighbours = [
            tuple(
                (float(found.scores[row, i]), texts[found.indices[row, i]]) for i in range(self.k)
            )
            for row, found, texts in sides
        ]
        return Explanation(self.sources[source], self.targets[target], *neighbours)


@contextlib.contextmanager
def mine(
    sources: Iterable[str],
    targets: Iterable[str],
    encoder: SentenceEncoder,
    options: MiningOptions | None = None,
    *,
    progress: ProgressCallback | None = None,
    backend: MiningBackend | None = None,
    **fields: Any,  # noqa: ANN401
) -> Iterator[Mined]:
    """Find translations in two collections of sentences (Artetxe & Schwenk 2019).

    Blank lines are ignored, and equal lines of a side count once. A sentence that the encoder
    cannot read (its vector is zero) is in no pair. Memory is one block of sentences
    and about 350 bytes a line; vectors and neighbours are on disk. A killed run loses at most one
    block: the same call with the same ``work`` folder resumes it.

    Args:
        sources: Sentences of one language.
        targets: Sentences of another.
        encoder: The encoder of both.
        options: The settings of the run.
        progress: Called with the step, the number of rows done and their total.
        backend: Encodes and searches; default: this process. `babelite.cluster.PoolBackend`
            distributes the work.
        **fields: Fields of `MiningOptions` as keywords, such as ``k=8``; they replace those of
            ``options``.

    Yields:
        Both texts with their neighbours; `Mined.pairs` chooses the pairs.

    Raises:
        BabeliteError: An option is invalid, a side has no text, the work folder belongs to another
            text or encoder or is locked, or the backend uses another encoder.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> letters = AdaptedEncoder("abc", lambda ss: [[s.count(c) for c in "abc"] for s in ss])
        >>> with mine(["a", "b", "", "a"], ["bb", "aa", "c"], letters, k=1, threshold=1) as mined:
        ...     best = mined.pairs()
        ...     [(mined.sources[s], mined.targets[t]) for s, t in zip(best.source, best.target)]
        [('a', 'aa'), ('b', 'bb')]
    """
    options = replace(options or MiningOptions(), **fields)
    with contextlib.ExitStack() as stack:
        folder = Path(options.work) if options.work else stack.enter_context(temporary_folder())
        WorkFolder(folder)  # checked before it is locked, and read after that
        stack.enter_context(locked_folder(folder))
        work, backend = WorkFolder(folder), backend or LocalBackend(encoder)
        report = progress or (lambda what, done, total: None)
        yield _Run(work, encoder, backend, options, report).mined(sources, targets)


@dataclass(frozen=True)
class _Run:
    """A mining run: encodes and searches what is missing in a work folder."""

    work: WorkFolder
    encoder: SentenceEncoder
    backend: MiningBackend
    options: MiningOptions
    progress: ProgressCallback

    def mined(self, sources: Iterable[str], targets: Iterable[str]) -> Mined:
        texts = self.work.sentences("source", sources), self.work.sentences("target", targets)
        probe = unit_rows(self.encoder.encode([PROBE_SENTENCE]))[0]
        self.work.require_model(probe)
        source = self.vectors("source", texts[0], len(probe))
        target = self.vectors("target", texts[1], len(probe))
        fewest = min(map(len, texts))
        wide = min(self.options.k + 1, fewest)
        kind = choose_search_kind(self.options.search, len(texts[0]), len(texts[1]))
        forward = self.neighbours(NeighbourSearch("forward", source, target, wide, kind))
        backward = self.neighbours(NeighbourSearch("backward", target, source, wide, kind))
        k = min(self.options.k, fewest)
        return Mined(*texts, forward, backward, self.options, k, kind, source, target, self.work)

    def vectors(self, name: str, sentences: SentenceStore, dim: int) -> StoredVectors:
        """The vectors of a side, float16 of shape (len(sentences), dim), on disk."""
        total = len(sentences)
        rows = self.work.rows(f"{name}.vectors", np.float16, dim, total, SENTENCES_PER_BLOCK)
        step = f"encoding the {name} side"
        self.progress(step, rows.done, total)
        blocks = list(rows.missing_blocks())
        for block, vectors in zip(blocks, self.backend.encode(sentences, blocks), strict=True):
            if block is blocks[0] and not isinstance(self.backend, LocalBackend):
                own = unit_rows(self.encoder.encode([sentences[block.start]]))[0]
                if not same_vectors(own, vectors[0]):
                    raise BabeliteError(
                        "the workers use another model than the given encoder",
                        code="encoder-mismatch",
                        hint="give the same model to open_pool and to mine",
                    )
            rows.append(block.start, vectors)
            self.progress(step, block.stop, total)
        return rows.read()

    def neighbours(self, search: NeighbourSearch) -> Neighbours:
        """The neighbours one way: cosines and rows, shape (len(queries), k)."""
        record = np.dtype([("cosine", "<f4"), ("row", "<i4")])
        name, total = f"{search.name}.{search.kind}.{search.k}.neighbours", len(search.queries)
        rows = self.work.rows(name, record, search.k, total, QUERIES_PER_BLOCK)
        step = f"neighbours {search.name}"
        self.progress(step, rows.done, total)
        if blocks := list(rows.missing_blocks()):
            results = self.backend.search(self.work, search, blocks)
            for block, found in zip(blocks, results, strict=True):
                filled = np.empty(found.scores.shape, record)
                filled["cosine"], filled["row"] = found
                rows.append(block.start, filled)
                self.progress(step, block.stop, total)
        stored: NDArray[Any] = rows.read()
        return Neighbours(np.ascontiguousarray(stored["cosine"]), stored["row"].astype(np.int64))


def choose_pairs(forward: Neighbours, backward: Neighbours, options: MiningOptions) -> Candidates:
    """All pairs by the options, without the threshold."""
    margin, direction = options.margin, options.direction
    return candidate_pairs(forward, backward, margin, direction, one_to_one=options.one_to_one)


def _zero_rows(neighbours: Neighbours, vectors: StoredVectors) -> NDArray[np.bool_]:
    """Where vectors are zero, shape (n,); all their cosines are zero."""
    zero: NDArray[np.bool_] = ~np.any(neighbours.scores, axis=1)
    rows = np.flatnonzero(zero)
    zero[rows] = ~np.asarray(vectors[rows]).any(axis=1)
    return zero


def first_neighbours(neighbours: Neighbours, k: int) -> Neighbours:
    """The k nearest of each row."""
    return Neighbours(neighbours.scores[:, :k], neighbours.indices[:, :k])
