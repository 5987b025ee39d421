"""Arrays of vectors: normalise to unit length, write ``.npy`` files block by block."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError
from babelite.storage import (
    InUseError,
    append_checksums,
    checksums_path,
    intact_bytes,
    lock_file,
    write_error,
    writing_atomically,
)

# Rows whose length differs from 1 by less are not scaled.
_UNIT_TOLERANCE = 1e-5


def unit_rows(vectors: ArrayLike) -> NDArray[np.float32]:
    """Normalise vectors of shape (n, dim) to unit length; a zero vector stays zero.

    Returns:
        float32 array of shape (n, dim), C-contiguous; the same array if nothing had to change.

    Raises:
        BabeliteError: The array is not two-dimensional, or contains NaN or infinity.

    Example:
        >>> unit_rows([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """
    rows = np.asarray(vectors)
    if rows.ndim != 2:
        problem, hint = f"the vectors have the shape {rows.shape}", "give shape (sentences, dim)"
        raise BabeliteError(problem, code="vectors-invalid", hint=hint)
    # In float64, because the square of a float32 may overflow.
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    if not np.isfinite(squares).all():
        row = int(np.flatnonzero(~np.isfinite(squares))[0])
        problem = f"the vector of sentence {row + 1} contains a value that is not a finite number"
        raise BabeliteError(problem, code="vectors-invalid", hint="fix the encoder that made it")
    lengths = np.sqrt(squares)
    if (np.abs(lengths - 1) > _UNIT_TOLERANCE).any():
        rows = rows / np.where(lengths == 0, 1.0, lengths)[:, None]
    return np.ascontiguousarray(rows, dtype=np.float32)


def write_vectors(
    out: str | Path,
    blocks: Iterable[NDArray[np.floating[Any]]],
    *,
    dim: int,
    dtype: type[np.float32] | type[np.float16] = np.float32,
) -> int:
    """Write blocks of vectors, shape (any, dim), to one ``.npy`` file; memory holds one block.

    The file appears when it is complete. ``dtype`` float16 halves its size.

    Returns:
        The number of vectors written.
    """
    count = 0
    with writing_atomically(out) as temporary, temporary.open("wb") as stream:
        if not stream.seekable():
            problem = "is a pipe, but the header of a .npy file is written last"
            raise BabeliteError(problem, code="not-writable", path=out, hint="give a file")
        _write_header(stream, (0, dim), dtype)
        for block in blocks:
            stream.write(np.ascontiguousarray(block, dtype=dtype).data)
            count += len(block)
        # The header has padding for a larger first axis, so it can be overwritten in place.
        stream.seek(0)
        _write_header(stream, (count, dim), dtype)
    return count


def write_vectors_resumably(
    out: str | Path,
    blocks_from: Callable[[int], Iterable[NDArray[np.floating[Any]]]],
    *,
    rows: int,
    dim: int,
    block_rows: int,
    key: str,
    dtype: type[np.float32] | type[np.float16] = np.float32,
) -> None:
    """Write a ``.npy`` file of known size, shape (rows, dim); after a kill the same call resumes.

    The rows written so far are in a hidden file beside ``out``. Its name contains ``key``, letters
    that differ whenever the rows would differ. Hidden files with other keys are deleted. After a
    kill, a multiple of ``block_rows`` rows is kept: ``blocks_from(row)`` continues from there, with
    arrays of shape (any, dim). Rows that differ from their checksums are written again.

    Raises:
        InUseError: Another process is writing the file.
        BabeliteError: The file cannot be written; the rows written so far are kept.
    """
    out = Path(out).resolve()
    partial = out.with_name(f".{out.name}.{key}.part")
    try:
        for other in out.parent.glob(f".{glob.escape(out.name)}.*.part"):
            if other != partial:
                with other.open("r+b") as stream:
                    lock_file(stream, out)
                other.unlink(missing_ok=True)
                checksums_path(other).unlink(missing_ok=True)
        for checksums in out.parent.glob(f".{glob.escape(out.name)}.*.part.crc"):
            if not checksums.with_suffix("").exists():
                checksums.unlink(missing_ok=True)
        partial.touch()
        with partial.open("r+b") as stream:
            lock_file(stream, out)
            row_bytes = dim * np.dtype(dtype).itemsize
            intact = intact_bytes(partial)  # what is damaged is written again
            _write_header(stream, (rows, dim), dtype)
            header = stream.tell()
            written = max(0, intact - header) // row_bytes
            first = rows if written >= rows else written - written % block_rows
            if intact < header:
                stream.seek(0)
                append_checksums(partial, stream.read(header), 0)
            stream.truncate(header + first * row_bytes)
            position = stream.seek(0, os.SEEK_END)
            for block in blocks_from(first) if first < rows else ():
                data = np.ascontiguousarray(block, dtype=dtype).data
                stream.write(data)
                append_checksums(partial, data, position)
                position += data.nbytes
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(out)
        checksums_path(partial).unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and out.parent.is_dir():
            raise InUseError(out) from error  # another process has just finished or deleted it
        raise write_error(out, error) from error


def _write_header(stream: BinaryIO, shape: tuple[int, int], dtype: type[np.floating[Any]]) -> None:
    described = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False}
    npy.write_array_header_1_0(stream, {**described, "shape": shape})
