"""Which encoder an index belongs to: written down, opened again, and told from others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelite.adapters import AdaptedEncoder, open_encoder
from babelite.encoder import Encoder, SentenceEncoder
from babelite.errors import BabeliteError
from babelite.index.description import EncoderIdentity
from babelite.index.storage import Storage
from babelite.model_folder import GRAPHS, TOKENIZER
from babelite.vectors import unit_rows

# A line gets a vector within this distance again, whatever the machine and the precision.
_SAME_VECTOR = 0.2
_PROBED_LINES = 3


def identify(encoder: SentenceEncoder, spec: str | None = None) -> EncoderIdentity:
    """Write down which encoder this is.

    Args:
        encoder: The encoder.
        spec: What `babelite.adapters.open_encoder` opened it by, if it did.

    Returns:
        Its identity; a folder's path is made absolute.
    """
    if spec is not None and Path(spec).exists():
        spec = str(Path(spec).resolve())
    if isinstance(encoder, Encoder):
        described = encoder.description
        parts = (TOKENIZER, GRAPHS[encoder.precision])
        text = " ".join([*(described.files.get(p, "") for p in parts), str(described.max_tokens)])
        checksum = hashlib.sha256(text.encode()).hexdigest()
        return EncoderIdentity(spec=spec, name=described.name, dim=encoder.dim, checksum=checksum)
    if isinstance(encoder, AdaptedEncoder):
        return EncoderIdentity(spec=spec or encoder.name, name=encoder.name, dim=encoder.dim)
    kind = type(encoder)
    return EncoderIdentity(
        spec=spec, name=f"{kind.__module__}.{kind.__qualname__}", dim=encoder.dim
    )


def reopen(
    identity: EncoderIdentity,
    folder: Path,
    *,
    allow_download: bool,
    kind: str = "index",
    giving: str = "Index.open(folder, encoder)",
) -> SentenceEncoder:
    """Open the encoder that an index, or something else, was made with.

    Args:
        identity: What the index says of it.
        folder: The folder of the index, for messages.
        allow_download: As for `babelite.adapters.open_encoder`.
        kind: What was made with it, for messages.
        giving: How to give the encoder itself, for messages.

    Raises:
        BabeliteError: It is no longer where it was, or was given as an object that has no name.
    """
    if identity.spec is None and identity.checksum is None:
        raise BabeliteError(
            f"was made with the encoder {identity.name}, which cannot be opened by a name",
            path=folder,
            remedy=f"give it: {giving}",
        )
    try:
        encoder = open_encoder(identity.spec, allow_download=allow_download)
    except BabeliteError as error:
        raise BabeliteError(
            f"was made with the model {identity.spec or identity.name}, which does not open "
            f"({error.problem})",
            path=folder,
            remedy="name it with --model",
        ) from error
    require_same(identity, encoder, folder, kind)
    return encoder


def require_same(
    identity: EncoderIdentity, encoder: SentenceEncoder, folder: Path, kind: str = "index"
) -> None:
    """Raise if an encoder is known to be another than the one an index was made with.

    Raises:
        BabeliteError: The checksums of two models of babelite, or the numbers of components differ.
    """
    given = identify(encoder)
    both = identity.checksum is not None and given.checksum is not None
    if given.dim != identity.dim or (both and given.checksum != identity.checksum):
        raise other_encoder(identity, given.name, folder, kind)


def require_same_vectors(
    identity: EncoderIdentity, encoder: SentenceEncoder, storage: Storage, folder: Path
) -> None:
    """Raise if an encoder gives the first lines of an index other vectors than they have.

    Raises:
        BabeliteError: It does, whatever its name and its checksum say.
    """
    texts, stored = storage.first_lines(_PROBED_LINES)
    if not same_vectors(encoder, texts, stored):
        raise other_encoder(identity, identify(encoder).name, folder)


def same_vectors(
    encoder: SentenceEncoder, texts: Sequence[str], vectors: NDArray[np.float32]
) -> bool:
    """Whether an encoder gives texts the vectors they have, the machine's rounding aside."""
    given = unit_rows(encoder.encode(texts))
    return bool((np.linalg.norm(given - vectors, axis=1) <= _SAME_VECTOR).all())


def other_encoder(
    identity: EncoderIdentity, given: str, folder: Path, kind: str = "index"
) -> BabeliteError:
    """The error for an encoder that does not belong to an index, or to something else."""
    made_with = identity.name if identity.spec is None else f"{identity.name} ({identity.spec})"
    other = "another model" if given == identity.name else f"the model {given}"
    return BabeliteError(
        f"was made with the model {made_with}, and {other} gives other vectors",
        path=folder,
        remedy=f"name that model, or make a new {kind} with this one",
    )
