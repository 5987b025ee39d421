"""Arrays by name in a NumPy archive (npz), which is a zip file with a CRC-32 of each array."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelite.storage.atomic_write import writing_atomically

_DAMAGE = (
    *(ValueError, KeyError, EOFError, OSError, MemoryError, SyntaxError, TokenError, OverflowError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
)
_SUFFIX = ".npy"


def write_arrays(path: str | Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays atomically and reproducibly."""
    with writing_atomically(path) as temporary, temporary.open("wb") as stream:
        values: dict[str, Any] = dict(arrays)
        np.savez(stream, **values)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an archive; a damaged one is a ValueError.

    ``numpy.load`` reads as many bytes as the header of an array announces. If they are fewer than
    there are, the CRC-32 is not compared; if they are more than fit into memory, it fails.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
        return {name.removesuffix(_SUFFIX): _array(data) for name, data in contents.items()}
    except _DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _array(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    if stream.tell() != len(data):
        raise ValueError("an array is shorter than its file")
    return array
