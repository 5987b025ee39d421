"""File format of classifiers: a NumPy archive (npz) of parameters with a JSON description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite._version import __version__
from babelite.encoding import EncoderFingerprint
from babelite.errors import BabeliteError
from babelite.storage import parse_versioned_json, read_arrays, require_file, write_arrays

FORMAT_VERSION = 1

_DESCRIPTION, _PROBES = "description", "probes"
_REPAIR = "copy it again or train it again"


class ClassifierDescription(BaseModel):
    """The JSON part of the file; the vectors of its probes (texts) identify the encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: int = FORMAT_VERSION
    babelite_version: str = __version__
    classifier: Literal["logistic", "mlp"]
    labels: tuple[str, ...] = Field(min_length=2)
    by_sentence: bool
    encoder: EncoderFingerprint
    probes: tuple[str, ...] = Field(min_length=1)


def write_classifier(
    path: str | Path,
    description: ClassifierDescription,
    probes: NDArray[np.float32],
    arrays: Mapping[str, NDArray[np.float32]],
) -> None:
    """Write a classifier atomically and reproducibly; ``probes`` are vectors (probes, dim)."""
    text = np.frombuffer(description.model_dump_json().encode(), np.uint8)
    parts: dict[str, Any] = {_DESCRIPTION: text, _PROBES: probes, **arrays}
    write_arrays(path, parts)


def read_classifier(
    path: Path,
) -> tuple[ClassifierDescription, NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Read the description, the vectors of its probes, and the parameters by name."""
    require_file(path)
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                hint = "make one with: babelite classify train LABELLED --out CLASSIFIER"
                raise BabeliteError(
                    "is not a classifier", code="format-unknown", path=path, hint=hint
                )
        arrays = read_arrays(path)
        text = arrays.pop(_DESCRIPTION).tobytes()
        description = parse_versioned_json(
            ClassifierDescription, text, path, newest=FORMAT_VERSION, hint=_REPAIR
        )
        probes = arrays.pop(_PROBES)
        if probes.shape != (len(description.probes), description.encoder.dim):
            raise ValueError("the probe vectors have the wrong shape")
        if any(array.dtype != np.float32 for array in arrays.values()):
            raise ValueError("a parameter is not float32")
    except (ValueError, KeyError, OSError) as error:
        problem = "is truncated, damaged or not a classifier of babelite"
        raise BabeliteError(problem, code="file-damaged", path=path, hint=_REPAIR) from error
    return description, probes, arrays
