"""Files of sentences made folders of vectors, by any number of workers.

A shard is a task: a worker reads its lines from the source, wherever that is, encodes them and
writes the shard's file. Nothing passes through the process that gives the tasks, and nothing has to
be remembered of what was done but the files themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.pool import Pool, Tell
from babelite.cluster.shards import (
    MANIFEST,
    Dtype,
    Encoded,
    Manifest,
    Shard,
    ShardWriter,
    read_manifest,
    require_parquet,
    require_same,
)
from babelite.cluster.worker import Worker
from babelite.corpus import SentenceSource, SourceSurvey, require_distinct_names
from babelite.encoding import EncoderFingerprint, require_same_encoder
from babelite.errors import BabeliteError
from babelite.storage import Folder, is_url, locked_folder

SHARD_ROWS = 65_536
_ROWS_A_BLOCK = 4096

# Told what is being done, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class SurveySource:
    """The task of going through a source once."""

    source: SentenceSource
    stride: int

    def run(self, worker: Worker, tell: Tell) -> SourceSurvey:
        """See `babelite.cluster.pool.Task`."""
        return self.source.survey(self.stride)

    def __str__(self) -> str:
        return self.source.place


@dataclass(frozen=True)
class EncodeShard:
    """The task of making a shard.

    Attributes:
        source: Where its lines are.
        name: What their ids begin with.
        shard: Which of them.
        offset: Where they begin.
        out: The folder it belongs into.
        encoder: Which encoder is to make its vectors.
        dtype: The type of the vectors.
        text: Whether the text is kept.
    """

    source: SentenceSource
    name: str
    shard: Shard
    offset: int
    out: str
    encoder: EncoderFingerprint
    dtype: Dtype
    text: bool

    def run(self, worker: Worker, tell: Tell) -> int:
        """See `babelite.cluster.pool.Task`; the number of lines."""
        require_same_encoder(self.encoder, worker.encoder, Path(self.out), "folder")
        lines = self.source.read_rows(self.shard.first, self.shard.rows, self.offset)
        done = 0
        with (
            Folder(self.out).writing(self.shard.name) as path,
            ShardWriter.open(
                path, self.name, worker.encoder.dim, self.dtype, text=self.text
            ) as writer,
        ):
            for texts in _blocks(lines, _ROWS_A_BLOCK):
                writer.write(self.shard.first + done, texts, worker.encode(texts))
                done += len(texts)
                tell(done)
        return done

    def __str__(self) -> str:
        first = self.shard.first + 1
        return f"lines {first:,} to {first + self.shard.rows - 1:,} of {self.name}"


@dataclass(frozen=True)
class EncodeTexts:
    """The task of encoding sentences that come along with it."""

    texts: Sequence[str]
    dtype: Dtype

    def run(self, worker: Worker, tell: Tell) -> NDArray[np.floating]:
        """See `babelite.cluster.pool.Task`; the vectors, shape (len(texts), dim)."""
        vectors = worker.encode(self.texts)
        tell(len(self.texts))
        return vectors.astype(self.dtype)

    def __str__(self) -> str:
        return f"the {len(self.texts):,} lines from {self.texts[0][:40]!r} on"


@dataclass(frozen=True)
class EncodedFolder:
    """A folder with all its shards.

    Attributes:
        place: The folder.
        manifest: What it holds.
        new_rows: How many of its lines this run has encoded.
        peak_memory: The most memory that a worker has had, in bytes; 0 if that is not known.
        lost_workers: How many workers have died on the way.
    """

    place: str
    manifest: Manifest
    new_rows: int
    peak_memory: int
    lost_workers: int


def survey_sources(
    sources: Sequence[SentenceSource], stride: int, pool: Pool, progress: Progress
) -> list[SourceSurvey]:
    """Go through all sources once, side by side.

    Raises:
        BabeliteError: One cannot be read, or holds something that is no sentence, or is there
            twice.
    """
    require_distinct_names([source.place for source in sources])
    surveys: dict[int, SourceSurvey] = {}
    tasks = (SurveySource(source.absolute(), stride) for source in sources)
    for number, survey in pool.run(tasks):
        surveys[number] = survey
        progress("reading", len(surveys), len(sources))
    return [surveys[number] for number in range(len(sources))]


def encode_files(
    sources: Sequence[SentenceSource],
    out: str,
    pool: Pool,
    identity: EncoderFingerprint,
    *,
    dtype: Dtype = "float32",
    text: bool = True,
    shard_rows: int = SHARD_ROWS,
    progress: Progress | None = None,
) -> EncodedFolder:
    """Encode all lines of files into a folder of Parquet shards.

    The same call with the same sources goes on where an earlier one was stopped or killed: shards
    that are there are not made again. A worker that dies costs its shard's time and nothing else.

    Args:
        sources: The files, which all workers must be able to read.
        out: The folder, which all workers must be able to write to; a path or a URL.
        pool: The workers.
        identity: Which encoder they hold.
        dtype: The type of the vectors.
        text: Whether to keep the text beside them.
        shard_rows: Lines in a shard.
        progress: Told how far the work is.

    Returns:
        What was made.

    Raises:
        BabeliteError: A source cannot be read, the folder holds something else or cannot be
            written, the workers hold another encoder, or they die again and again.
    """
    require_parquet()
    tell = progress or (lambda what, done, total: None)
    folder = Folder(out)
    if read_manifest(folder) is None and (
        others := sorted(n for n in folder.names() if n[0] != ".")
    ):
        raise BabeliteError(
            f"is a folder that holds other files, such as {others[0]}",
            path=out,
            hint="name one that is empty or does not exist",
        )
    surveys = survey_sources(sources, shard_rows, pool, tell)
    manifest = Manifest(
        encoder=identity,
        dtype=dtype,
        text=text,
        shard_rows=shard_rows,
        sources=tuple(
            Encoded(
                name=s.place,
                column=s.column_number,
                field=s.column_name,
                rows=v.rows,
                digest=v.digest,
            )
            for s, v in zip(sources, surveys, strict=True)
        ),
    )
    folder.make()
    with _alone(folder):
        return _fill(folder, manifest, sources, surveys, pool, tell)


def _alone(folder: Folder) -> AbstractContextManager[None]:
    """Keep other processes out of a folder, where that can be done: not in object storage."""
    return nullcontext() if is_url(folder.place) else locked_folder(Path(folder.place))


def _fill(
    folder: Folder,
    manifest: Manifest,
    sources: Sequence[SentenceSource],
    surveys: Sequence[SourceSurvey],
    pool: Pool,
    tell: Progress,
) -> EncodedFolder:
    """Make the shards that are missing."""
    if (there := read_manifest(folder)) is not None:
        require_same(there, manifest, folder)
    else:
        folder.write_text(MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    names = folder.names()
    missing = [shard for shard in manifest.shards() if shard.name not in names]
    tasks = (
        EncodeShard(
            sources[shard.source].absolute(),
            sources[shard.source].place,
            shard,
            surveys[shard.source].offsets[shard.first // manifest.shard_rows],
            folder.absolute,
            manifest.encoder,
            manifest.dtype,
            manifest.text,
        )
        for shard in missing
    )
    new_rows = sum(shard.rows for shard in missing)
    before = manifest.rows - new_rows
    if missing:
        tell("encoding", before, manifest.rows)
    try:
        for _ in pool.run(tasks, lambda done: tell("encoding", before + done, manifest.rows)):
            pass
    finally:
        folder.remove_unfinished()
    return EncodedFolder(folder.place, manifest, new_rows, pool.peak_memory, pool.lost)


def encode_in_order(
    texts: Iterable[str], pool: Pool, dtype: Dtype, block_rows: int
) -> Iterator[NDArray[np.floating]]:
    """Encode sentences that this process reads, and get their vectors in order.

    Yields:
        Arrays of shape (up to block_rows, dim).
    """
    yield from pool.in_order(EncodeTexts(block, dtype) for block in _blocks(texts, block_rows))


def _blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(texts)
    while block := list(islice(remaining, size)):
        yield block
