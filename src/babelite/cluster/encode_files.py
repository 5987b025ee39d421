"""Encoding of files to a folder of Parquet shards, by any number of workers.

Each shard is a task of a worker. Existing shard files are the record of progress.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.pool import ReportLines, Task, WorkerPool
from babelite.cluster.shards import (
    MANIFEST,
    Dtype,
    EncodedSource,
    Shard,
    ShardManifest,
    is_readable_shard,
    read_manifest,
    read_shard_checksums,
    require_same_manifest,
    shard_checksum,
    write_shard,
    write_shard_checksums,
)
from babelite.cluster.worker import Worker
from babelite.corpus import SentenceSource, SourceSurvey, SurveyedRows, require_distinct_names
from babelite.encoding import EncoderFingerprint, require_same_encoder
from babelite.errors import BabeliteError, quantity, requires_extra
from babelite.mining import ProgressCallback
from babelite.storage import Folder, is_read_once, is_url, json_with_checksum, locked_folder

SHARD_ROWS = 65_536
_ROWS_PER_BLOCK = 4096


@dataclass(frozen=True)
class EncodedFolder:
    """A complete folder of shards.

    Attributes:
        new_rows: The number of lines that this run has encoded.
        peak_memory: The largest peak memory of a worker, in bytes; 0 if it is unknown.
        lost_workers: The number of workers that died.
    """

    place: str
    manifest: ShardManifest
    new_rows: int
    peak_memory: int
    lost_workers: int


def require_shard_sources(sources: Sequence[SentenceSource]) -> None:
    """Raise `BabeliteError` unless workers can read the sources and Parquet can be written."""
    for source in sources:
        if is_read_once(source.place):
            hint = "save it to a file, or give an .npy file as output"
            problem = "cannot be read by several workers"
            raise BabeliteError(problem, code="input-invalid", path=source.place, hint=hint)
    with requires_extra("a folder of Parquet shards", "cluster"):
        import pyarrow.parquet  # noqa: F401


def encode_files(
    sources: Sequence[SentenceSource],
    out: str,
    pool: WorkerPool,
    identity: EncoderFingerprint,
    *,
    dtype: Dtype = "float32",
    text: bool = True,
    shard_rows: int = SHARD_ROWS,
    progress: ProgressCallback | None = None,
) -> EncodedFolder:
    """Encode all lines of files into a folder of Parquet shards.

    A killed run resumes if it is called again with the same sources: existing shards are kept,
    unless they are damaged (not verified in object storage). If a worker dies, another repeats its
    shard.

    Args:
        sources: The files, readable by all workers.
        out: The folder, writable by all workers; a path or a URL.
        pool: The workers.
        identity: Their encoder, from `babelite.encoding.fingerprint_of`.
        dtype: The type of the vectors.
        text: Whether to store the text beside them.
        shard_rows: The number of lines in a shard.
        progress: Called with the step, the number of rows done and their total.

    Raises:
        BabeliteError: A source cannot be read, the folder contains other files or cannot be
            written, the workers use another encoder, or several die during one shard.
    """
    require_shard_sources(sources)
    report = progress or (lambda what, done, total: None)
    folder = Folder(out)
    others = sorted(name for name in folder.names() if name[0] != ".")
    if others and read_manifest(folder) is None:
        problem, hint = f"contains other files, such as {others[0]}", "choose another folder"
        raise BabeliteError(problem, code="run-mismatch", path=out, hint=hint)
    require_distinct_names([source.place for source in sources])
    surveys = _survey_sources(sources, shard_rows, pool, report)
    encoded = tuple(map(EncodedSource.of, sources, surveys))
    manifest = ShardManifest(
        encoder=identity, dtype=dtype, text=text, shard_rows=shard_rows, sources=encoded
    )
    folder.make()
    # Object storage has no locks.
    with nullcontext() if is_url(folder.place) else locked_folder(Path(folder.place)):
        return _fill(folder, manifest, sources, surveys, pool, report)


def _survey_sources(
    sources: Sequence[SentenceSource], stride: int, pool: WorkerPool, progress: ProgressCallback
) -> list[SourceSurvey]:
    """Read all sources once, in parallel; invalid input raises `BabeliteError`."""
    tasks = (Task(source.place, _survey, (source.absolute(), stride)) for source in sources)
    surveys = []
    for survey in pool.in_order(tasks):
        surveys.append(survey)
        progress("reading", len(surveys), len(sources))
    return surveys


def _fill(
    folder: Folder,
    manifest: ShardManifest,
    sources: Sequence[SentenceSource],
    surveys: Sequence[SourceSurvey],
    pool: WorkerPool,
    report: ProgressCallback,
) -> EncodedFolder:
    """Write the missing shards."""
    if (stored := read_manifest(folder)) is not None:
        require_same_manifest(stored, manifest, folder)
    else:
        folder.write_text(MANIFEST, json_with_checksum(manifest.model_dump()))
    checksums = read_shard_checksums(folder)
    intact = _intact_shards(folder, manifest, checksums, pool, report)
    missing = [shard for shard in manifest.shards() if shard.name not in intact]

    def task(shard: Shard) -> Task:
        source = sources[shard.source]
        lines = f"lines {shard.first + 1:,} to {shard.first + shard.rows:,} of {source.place}"
        rows = surveys[shard.source].part(shard.first, shard.rows)
        return Task(
            lines, _write_shard, (manifest, source.absolute(), shard, rows, folder.absolute)
        )

    new_rows = sum(shard.rows for shard in missing)
    before = manifest.rows - new_rows
    if missing:
        report("encoding", before, manifest.rows)
    try:
        tasks = map(task, missing)
        progress = pool.run(tasks, lambda done: report("encoding", before + done, manifest.rows))
        for number, checksum in progress:
            checksums[missing[number].name] = checksum
            write_shard_checksums(folder, checksums)
    finally:
        folder.remove_unfinished()
    return EncodedFolder(folder.place, manifest, new_rows, pool.peak_memory, pool.lost)


def _intact_shards(
    folder: Folder,
    manifest: ShardManifest,
    checksums: Mapping[str, int],
    pool: WorkerPool,
    report: ProgressCallback,
) -> set[str]:
    """The names of the shards that exist and are not damaged; in object storage, that exist."""
    names = folder.names()
    present = [shard.name for shard in manifest.shards() if shard.name in names]
    if is_url(folder.place):
        return set(present)
    place, intact = Path(folder.absolute), set[str]()
    tasks = (Task(name, _is_intact, (place / name, checksums.get(name))) for name in present)
    for number, is_intact in enumerate(pool.in_order(tasks)):
        if is_intact:
            intact.add(present[number])
        report("verifying", number + 1, len(present))
    return intact


def _is_intact(worker: Worker, report: ReportLines, path: Path, checksum: int | None) -> bool:
    """Whether a shard is not damaged; one without a checksum is read."""
    return is_readable_shard(path) if checksum is None else shard_checksum(path) == checksum


def encode_blocks(
    pool: WorkerPool, blocks: Iterable[Sequence[str]], dtype: Dtype
) -> Iterator[NDArray[np.floating]]:
    """Encode blocks of sentences with the workers of a pool.

    Blocks are read when a worker is idle, a few ahead of the first unfinished one.

    Args:
        pool: The workers.
        blocks: The blocks, each of at least one sentence.
        dtype: The type of the vectors.

    Yields:
        The vectors of each block, (sentences, dim), in order; see `babelite.encoding.encode_lines`.

    Raises:
        BabeliteError: See `WorkerPool.run`.
    """

    def task(texts: Sequence[str]) -> Task:
        return Task(
            f"{quantity(len(texts), 'line')}, the first {texts[0][:40]!r}", _encode, (texts, dtype)
        )

    return pool.in_order(map(task, blocks))


def _survey(
    worker: Worker, report: ReportLines, source: SentenceSource, stride: int
) -> SourceSurvey:
    return source.survey(stride)


def _encode(
    worker: Worker, report: ReportLines, texts: Sequence[str], dtype: Dtype
) -> NDArray[np.floating]:
    vectors = worker.encode(texts)
    report(len(texts))
    return vectors.astype(dtype)


def _write_shard(
    worker: Worker,
    report: ReportLines,
    manifest: ShardManifest,
    source: SentenceSource,
    shard: Shard,
    rows: SurveyedRows,
    out: str,
) -> int:
    """Encode the lines of a shard, write it, and return its checksum."""
    require_same_encoder(manifest.encoder, worker.encoder, Path(out), "folder")

    def encoded() -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        done = 0
        for texts in in_blocks(source.read_rows(rows), _ROWS_PER_BLOCK):
            yield texts, worker.encode(texts)
            done += len(texts)
            report(done)

    with Folder(out).writing(shard.name) as path:
        write_shard(path, shard, manifest, encoded())
        return shard_checksum(path)


def in_blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of up to ``size`` sentences."""
    remaining = iter(texts)
    while block := list(islice(remaining, size)):
        yield block
