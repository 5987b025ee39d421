"""Arrays of sentence vectors: checked, brought to unit length, written block by block."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from babelite.errors import BabeliteError
from babelite.storage import InUseError, lock_file, write_error, writing_atomically

# Rows whose length is this near to 1 are taken as they are.
_UNIT_TOLERANCE = 1e-5


def unit_rows(vectors: ArrayLike) -> NDArray[np.float32]:
    """Bring vectors to unit length; a zero vector (an empty sentence) stays zero.

    Args:
        vectors: Array of shape (n, dim), of any number type and any lengths.

    Returns:
        float32 array of shape (n, dim), C-contiguous, rows of length 1 or 0; the same array if it
        is so already.

    Raises:
        BabeliteError: It is not two-dimensional, or holds NaN or infinity.

    Example:
        >>> unit_rows([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]], dtype=float32)
    """
    rows = np.asarray(vectors)
    if rows.ndim != 2:
        raise BabeliteError(
            f"the vectors have the shape {rows.shape}",
            hint="an array of shape (sentences, components) is needed",
        )
    # In float64, so that no square of a float32 overflows.
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    if not np.isfinite(squares).all():
        row = int(np.flatnonzero(~np.isfinite(squares))[0])
        raise BabeliteError(
            f"the vector of sentence {row + 1} holds a value that is not a finite number",
            hint="mend the encoder that made it",
        )
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
    """Write blocks of vectors to one ``.npy`` file as they come; memory is one block.

    Args:
        out: The file to be; it appears when it is whole.
        blocks: Arrays of shape (any, dim), in order.
        dim: The number of components.
        dtype: The type written: float32, or float16 for half the size.

    Returns:
        The number of vectors written.

    Raises:
        BabeliteError: The file cannot be written.
    """
    count = 0
    with writing_atomically(out) as temporary, temporary.open("wb") as stream:
        if not stream.seekable():
            raise BabeliteError(
                "is a pipe, and the size of an array is written last",
                path=out,
                hint="name a file",
            )

        def write_header() -> None:
            # The header has room for its first axis to grow, so it can be written again in place.
            described = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False}
            npy.write_array_header_1_0(stream, {**described, "shape": (count, dim)})

        write_header()
        for block in blocks:
            stream.write(np.ascontiguousarray(block, dtype=dtype).data)
            count += len(block)
        stream.seek(0)
        write_header()
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
    """Write an ``.npy`` file of known size; when it is killed, the same call goes on.

    What is there so far is in a hidden file beside it, whose name holds the key. Such files of
    other keys are deleted.

    Args:
        out: The file to be; it appears when it is whole.
        blocks_from: Gives arrays of shape (any, dim) from a row on, which is a multiple of
            ``block_rows``.
        rows: The number of rows in the end.
        dim: The number of components.
        block_rows: Rows are kept in multiples of so many.
        key: Letters that differ for anything that would give other rows.
        dtype: The type written.

    Raises:
        InUseError: Another process is writing it.
        BabeliteError: The file cannot be written; what is there is kept.
    """
    out = Path(out).resolve()
    partial = out.with_name(f".{out.name}.{key}.part")
    described = {"descr": npy.dtype_to_descr(np.dtype(dtype)), "fortran_order": False}
    try:
        for other in out.parent.glob(f".{glob.escape(out.name)}.*.part"):
            if other != partial:
                with other.open("r+b") as stream:
                    lock_file(stream, out)
                other.unlink(missing_ok=True)
        partial.touch()
        with partial.open("r+b") as stream:
            lock_file(stream, out)
            npy.write_array_header_1_0(stream, {**described, "shape": (rows, dim)})
            header, row_bytes = stream.tell(), dim * np.dtype(dtype).itemsize
            there = max(0, stream.seek(0, os.SEEK_END) - header) // row_bytes
            first = rows if there >= rows else there - there % block_rows
            stream.truncate(header + first * row_bytes)
            stream.seek(0, os.SEEK_END)
            for block in blocks_from(first) if first < rows else ():
                stream.write(np.ascontiguousarray(block, dtype=dtype).data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(out)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and out.parent.is_dir():
            raise InUseError(out) from error  # another process has just finished or deleted it
        raise write_error(out, error) from error
