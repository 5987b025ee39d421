"""Mining from text to pairs: encode both sides, find neighbours both ways, choose by margin."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import SentenceEncoder, same_vectors, unit_rows
from babelite.errors import BabeliteError
from babelite.mining.margins import Candidates, Direction, Margin, candidate_pairs
from babelite.mining.work_folder import PROBE, RowFile, Sentences, Work
from babelite.neighbors import (
    Clusters,
    ClusterSearch,
    ExactSearch,
    Neighbours,
    Searcher,
    SearchKind,
    Vectors,
    chosen_search,
    usable_threads,
)
from babelite.storage import locked_folder

SENTENCES_A_BLOCK = 8192
QUERIES_A_BLOCK = 32768

# Told what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


class Steps(Protocol):
    """How the two steps that take the time are done, block by block and in order."""

    def encode(
        self, sentences: Sentences, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """Encode blocks of sentences.

        Yields:
            Unit rows, shape (rows of the block, dim).
        """
        ...

    def search(
        self,
        work: Work,
        name: str,
        queries: Vectors,
        candidates: Vectors,
        blocks: Sequence[slice],
        k: int,
        kind: SearchKind,
    ) -> Iterator[Neighbours]:
        """Find the neighbours of blocks of queries.

        Args:
            work: Where clusters are kept.
            name: Of the direction.
            queries: Unit rows.
            candidates: Unit rows, at least ``k``.
            blocks: Rows of the queries.
            k: How many neighbours to find.
            kind: ``exact`` or ``clusters``.

        Yields:
            Cosines and rows of the candidates, shape (rows of the block, k).
        """
        ...


@dataclass(frozen=True)
class InThisProcess:
    """Steps with all the cores of this process.

    Attributes:
        encoder: What turns sentences into vectors.
    """

    encoder: SentenceEncoder

    def encode(
        self, sentences: Sentences, blocks: Sequence[slice]
    ) -> Iterator[NDArray[np.floating[Any]]]:
        """See `Steps`."""
        for block in blocks:
            texts = [sentences[row] for row in range(block.start, block.stop)]
            yield unit_rows(self.encoder.encode(texts))

    def search(
        self,
        work: Work,
        name: str,
        queries: Vectors,
        candidates: Vectors,
        blocks: Sequence[slice],
        k: int,
        kind: SearchKind,
    ) -> Iterator[Neighbours]:
        """See `Steps`."""
        searcher = _searcher(work, name, candidates, kind)
        for block in blocks:
            yield searcher.nearest(unit_rows(queries[block]), k)


class Explanation(NamedTuple):
    """The neighbours that made the margin of a pair.

    Attributes:
        source: The source sentence.
        target: The target sentence.
        source_neighbours: Cosines and sentences: what is nearest to the source sentence.
        target_neighbours: The same for the target sentence.
    """

    source: str
    target: str
    source_neighbours: tuple[tuple[float, str], ...]
    target_neighbours: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Mined:
    """Two texts with the nearest neighbours of all their sentences.

    Attributes:
        sources: The different sentences of the source side.
        targets: The different sentences of the target side.
        wide_forward: The nearest targets of each source: ``k`` and, where there is one, a spare.
        wide_backward: The nearest sources of each target.
        k: How many of them make a margin.
        search: How they were found: ``exact`` or ``clusters``.
        source_vectors: One unit row for each of ``sources``, float16, on disk.
        target_vectors: The same for ``targets``.
        folder: Where all that is kept.
    """

    sources: Sentences
    targets: Sentences
    wide_forward: Neighbours
    wide_backward: Neighbours
    k: int
    search: SearchKind
    source_vectors: Vectors
    target_vectors: Vectors
    folder: Path

    @property
    def forward(self) -> Neighbours:
        """The k nearest targets of each source, shape (sources, k)."""
        return _first(self.wide_forward, self.k)

    @property
    def backward(self) -> Neighbours:
        """The k nearest sources of each target, shape (targets, k)."""
        return _first(self.wide_backward, self.k)

    def pairs(
        self, margin: Margin = "ratio", direction: Direction = "max", *, one_to_one: bool = False
    ) -> Candidates:
        """The pairs by falling score; see `babelite.mining.candidate_pairs`."""
        return candidate_pairs(
            self.forward, self.backward, margin, direction, one_to_one=one_to_one
        )

    def explain(self, source: int, target: int) -> Explanation:
        """The neighbours that made the margin of a pair of rows."""

        def neighbours(
            row: int, found: Neighbours, texts: Sentences
        ) -> tuple[tuple[float, str], ...]:
            return tuple(
                (float(cosine), texts[int(index)])
                for cosine, index in zip(found.scores[row], found.indices[row], strict=True)
            )

        return Explanation(
            self.sources[source],
            self.targets[target],
            neighbours(source, self.forward, self.targets),
            neighbours(target, self.backward, self.sources),
        )


@contextlib.contextmanager
def mine(
    sources: Iterable[str],
    targets: Iterable[str],
    encoder: SentenceEncoder,
    *,
    k: int = 4,
    search: SearchKind = "auto",
    work: str | Path | None = None,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> Iterator[Mined]:
    """Find the nearest neighbours of two texts, from which pairs are chosen.

    Blank lines are left out, and equal lines of a side count once. Memory holds a block of
    sentences and some 350 bytes a line; vectors and neighbours are on disk. A run that was killed
    loses at most one block: call it again with the same ``work``.

    Args:
        sources: Sentences of one language.
        targets: Sentences of another.
        encoder: What turns them into vectors.
        k: How many neighbours make a margin; less if a side has fewer sentences.
        search: ``exact``, ``clusters`` (approximate, for large texts), or ``auto``, which takes
            exact search for up to two billion comparisons.
        work: A folder for vectors and neighbours, which is kept: with the same text and model it
            is gone on with. A temporary folder that is deleted at the end if not given.
        progress: Told how far the work is.
        steps: How sentences are encoded and searched; in this process if not given. See
            `babelite.cluster.PooledSteps`.

    Yields:
        Both texts with their neighbours.

    Raises:
        BabeliteError: A side has no text, or the work folder belongs to another text or model,
            or another process is at it, or the steps encode with another model.
        ValueError: ``k`` is below 1.

    Example:
        >>> from babelite.encoding import AdaptedEncoder
        >>> letters = AdaptedEncoder("abc", lambda ss: [[s.count(c) for c in "abc"] for s in ss])
        >>> with mine(["a", "b", "", "a"], ["bb", "aa", "c"], letters, k=1) as mined:
        ...     best = mined.pairs().above(1.0)
        ...     [(mined.sources[s], mined.targets[t]) for s, t in zip(best.source, best.target)]
        [('a', 'aa'), ('b', 'bb')]
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    with contextlib.ExitStack() as stack:
        if work is None:
            work = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="babelite-", ignore_cleanup_errors=True)
            )
        place = Work(Path(work)).folder  # sees that it may be used
        stack.enter_context(locked_folder(place))
        folder = Work(place)  # and what another process has left there
        steps = steps or InThisProcess(encoder)
        yield _mined(folder, sources, targets, encoder, steps, k, search, progress or _silent)


def _mined(
    work: Work,
    sources: Iterable[str],
    targets: Iterable[str],
    encoder: SentenceEncoder,
    steps: Steps,
    k: int,
    search: SearchKind,
    progress: Progress,
) -> Mined:
    texts = work.sentences("source", sources), work.sentences("target", targets)
    probe = unit_rows(encoder.encode([PROBE]))[0]
    work.require_model(probe)
    vectors = [
        encoded(work, name, text, steps, encoder, len(probe), progress)
        for name, text in zip(("source", "target"), texts, strict=True)
    ]
    fewest = min(map(len, texts))
    k, wide = min(k, fewest), min(k + 1, fewest)
    kind = chosen_search(search, len(texts[0]), len(texts[1]))
    forward = neighbours(work, "forward", vectors[0], vectors[1], wide, kind, progress, steps)
    backward = neighbours(work, "backward", vectors[1], vectors[0], wide, kind, progress, steps)
    return Mined(*texts, forward, backward, k, kind, vectors[0], vectors[1], work.folder)


def encoded(
    work: Work,
    name: str,
    sentences: Sentences,
    steps: Steps,
    encoder: SentenceEncoder,
    dim: int,
    progress: Progress,
) -> Vectors:
    """The vectors of a side, those that are not there yet being made.

    Returns:
        float16 array of shape (len(sentences), dim), on disk.

    Raises:
        BabeliteError: The steps encode with another model than the encoder.
    """
    rows = RowFile(
        work.folder / f"{name}.vectors", np.float16, dim, len(sentences), SENTENCES_A_BLOCK
    )
    what = f"encoding the {name} side"
    progress(what, rows.done, len(sentences))
    blocks = list(rows.blocks_left())
    for block, vectors in zip(blocks, steps.encode(sentences, blocks), strict=True):
        if block is blocks[0] and not isinstance(steps, InThisProcess):
            own = unit_rows(encoder.encode([sentences[block.start]]))[0]
            if not same_vectors(own, vectors[0]):
                raise BabeliteError(
                    "the workers hold another model than the encoder that is given",
                    hint="give the same to open_pool and to mine",
                )
        rows.append(block.start, vectors)
        progress(what, block.stop, len(sentences))
    return rows.read()


def neighbours(
    work: Work,
    name: str,
    queries: Vectors,
    candidates: Vectors,
    k: int,
    kind: SearchKind,
    progress: Progress,
    steps: Steps,
) -> Neighbours:
    """The neighbours one way, those that are not there yet being found.

    Returns:
        Cosines and rows, shape (len(queries), k).
    """
    record = np.dtype([("cosine", "<f4"), ("row", "<i4")])
    path = work.folder / f"{name}.{kind}.{k}.neighbours"
    rows = RowFile(path, record, k, len(queries), QUERIES_A_BLOCK)
    what = f"neighbours {name}"
    progress(what, rows.done, len(queries))
    if blocks := list(rows.blocks_left()):
        search = steps.search(work, name, queries, candidates, blocks, k, kind)
        for block, found in zip(blocks, search, strict=True):
            filled = np.empty(found.scores.shape, record)
            filled["cosine"], filled["row"] = found
            rows.append(block.start, filled)
            progress(what, block.stop, len(queries))
    stored: NDArray[Any] = rows.read()
    return Neighbours(np.ascontiguousarray(stored["cosine"]), stored["row"].astype(np.int64))


def _searcher(work: Work, name: str, candidates: Vectors, kind: SearchKind) -> Searcher:
    if kind == "exact":
        return ExactSearch(candidates)
    stored = work.arrays(f"{name}.clusters")
    if stored is None:
        clusters = Clusters.of(candidates)
        work.store_arrays(f"{name}.clusters", vars(clusters))
    else:
        clusters = Clusters(**stored)
    return ClusterSearch(candidates, clusters, threads=usable_threads())


def _first(neighbours: Neighbours, k: int) -> Neighbours:
    return Neighbours(neighbours.scores[:, :k], neighbours.indices[:, :k])


def _silent(what: str, done: int, total: int) -> None:
    pass
