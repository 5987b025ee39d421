"""A classifier's file: a NumPy archive of plain arrays, one of which is a description in JSON."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite._version import __version__
from babelite.encoding import EncoderIdentity
from babelite.errors import BabeliteError
from babelite.storage import parse_versioned_json, require_file, writing_atomically

FORMAT_VERSION = 1

_DESCRIPTION, _PROBES = "description", "probes"
_DAMAGE = (ValueError, KeyError, EOFError, OSError, MemoryError, zipfile.BadZipFile, zlib.error)


class Description(BaseModel):
    """What a classifier is, beside what it learnt.

    Attributes:
        format_version: Of the file.
        babelite_version: What wrote it.
        classifier: ``logistic`` or ``mlp``.
        labels: In alphabetical order.
        by_sentence: Whether a text's vector is the mean of its sentences'.
        encoder: Which encoder made the vectors.
        probes: Texts whose vectors are in the file, to know the encoder again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    classifier: Literal["logistic", "mlp"]
    labels: tuple[str, ...] = Field(min_length=2)
    by_sentence: bool
    encoder: EncoderIdentity
    probes: tuple[str, ...] = Field(min_length=1)


def write_classifier(
    path: str | Path,
    description: Description,
    probes: NDArray[np.float32],
    arrays: Mapping[str, NDArray[np.float32]],
) -> None:
    """Write a classifier, whole or not at all; equal classifiers give equal files.

    Args:
        path: The file to be.
        description: What it is.
        probes: The vectors of its probes, shape (probes, dim).
        arrays: What it learnt, by name.

    Raises:
        BabeliteError: The file cannot be written.
    """
    text = np.frombuffer(description.model_dump_json().encode(), np.uint8)
    parts: dict[str, Any] = {_DESCRIPTION: text, _PROBES: probes, **arrays}
    with writing_atomically(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **parts)


def read_classifier(
    path: Path,
) -> tuple[Description, NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Read what `write_classifier` wrote.

    Args:
        path: The file.

    Returns:
        The description, the vectors of its probes, and what was learnt.

    Raises:
        BabeliteError: There is no such file, or it is cut off, damaged, of a newer version or
            something else.
    """
    require_file(path)
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                raise BabeliteError(
                    "is not a classifier",
                    path=path,
                    hint="make one with: babelite classify train LABELLED --out CLASSIFIER",
                )
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        description = parse_versioned_json(
            Description,
            arrays.pop(_DESCRIPTION).tobytes(),
            path,
            newest=FORMAT_VERSION,
            hint="copy it again or train it again",
        )
        probes = arrays.pop(_PROBES)
        if probes.shape != (len(description.probes), description.encoder.dim):
            raise ValueError("the probes have other vectors")
        if any(array.dtype != np.float32 for array in arrays.values()):
            raise ValueError("an array is of another type")
    except _DAMAGE as error:
        raise BabeliteError(
            "is cut off, damaged or not a classifier of babelite",
            path=path,
            hint="copy it again or train it again",
        ) from error
    return description, probes, arrays
