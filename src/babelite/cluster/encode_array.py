"""Encoding of files to one NumPy array file, resumable after a kill."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.cluster.encode_files import encode_blocks, in_blocks
from babelite.cluster.pool import WorkerPool
from babelite.cluster.shards import Dtype
from babelite.corpus import SentenceSource, SourceSurvey
from babelite.encoding import (
    EncoderFingerprint,
    SentenceEncoder,
    encode_stream,
    write_vectors,
    write_vectors_resumably,
)
from babelite.errors import BabeliteError
from babelite.mining import ProgressCallback
from babelite.storage import is_read_once

_ROWS_PER_BLOCK = 8192

_Vectors = NDArray[np.floating[Any]]


def encode_to_array(
    sources: Sequence[SentenceSource],
    out: str,
    encoder: SentenceEncoder,
    identity: EncoderFingerprint,
    *,
    pool: WorkerPool | None = None,
    dtype: Dtype = "float32",
    progress: ProgressCallback | None = None,
) -> int:
    """Encode all lines of files into the rows of one ``.npy`` file; return their number.

    A killed run resumes if it is called again with the same files and encoder, unless a source can
    be read only once, as standard input.

    Args:
        sources: The files, with at least one line in total.
        out: The array file.
        encoder: The encoder of the lines.
        identity: Its identity, from `babelite.encoding.fingerprint_of`.
        pool: Workers with the same encoder; default: this process.
        dtype: The type of the vectors.
        progress: Called with the step, the number of rows done and their total.

    Raises:
        BabeliteError: A source is empty, invalid or changes, or the file cannot be written.
    """
    progress = progress or (lambda what, done, total: None)
    number_type = np.float16 if dtype == "float16" else np.float32

    def encode(lines: Iterable[str], first: int, total: int | None) -> Iterator[_Vectors]:
        if pool is None:
            blocks: Iterable[_Vectors] = encode_stream(encoder, lines)
        else:
            blocks = encode_blocks(pool, in_blocks(lines, _ROWS_PER_BLOCK), dtype)
        return _reported(blocks, first, total, progress)

    is_special_file = Path(out).exists() and not Path(out).is_file()
    if is_special_file or any(is_read_once(source.place) for source in sources):
        lines = chain.from_iterable(source.read() for source in sources)
        if (line := next(lines, None)) is None:
            hint = "give a file with one sentence a line"
            raise BabeliteError("is empty", code="input-empty", path=sources[0].place, hint=hint)
        blocks = encode(chain([line], lines), 0, None)
        return write_vectors(out, blocks, dim=encoder.dim, dtype=number_type)
    surveys = [source.survey(_ROWS_PER_BLOCK) for source in sources]
    total = sum(survey.rows for survey in surveys)
    write_vectors_resumably(
        out,
        lambda first: encode(_lines_from(first, sources, surveys), first, total),
        rows=total,
        dim=encoder.dim,
        block_rows=_ROWS_PER_BLOCK,
        key=_key(sources, surveys, identity, dtype),
        dtype=number_type,
    )
    return total


def _key(
    sources: Sequence[SentenceSource],
    surveys: Sequence[SourceSurvey],
    identity: EncoderFingerprint,
    dtype: Dtype,
) -> str:
    """A hash of everything that determines the rows; a run with another key does not resume."""
    first = sources[0].column_number, sources[0].column_name
    digests = [survey.digest for survey in surveys]
    parts = [dtype, identity.name, identity.checksum, identity.dim, *digests, *first]
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def _lines_from(
    first: int, sources: Sequence[SentenceSource], surveys: Sequence[SourceSurvey]
) -> Iterator[str]:
    """The lines of several sources, from line ``first`` of all on."""
    for source, survey in zip(sources, surveys, strict=True):
        if first < survey.rows:
            skipped = first % survey.stride
            start = first - skipped
            rows = source.read_rows(survey.part(start, survey.rows - start))
            yield from islice(rows, skipped, None)
        first = max(0, first - survey.rows)


def _reported(
    blocks: Iterable[_Vectors], done: int, total: int | None, progress: ProgressCallback
) -> Iterator[_Vectors]:
    """The blocks; reports the number of rows."""
    if total is not None:
        progress("encoding", done, total)
    for block in blocks:
        done += len(block)
        progress("encoding", done, total or done + 1)
        yield block
