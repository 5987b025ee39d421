"""Which encoder made some vectors: written down, opened again, and told from others.

Indexes, classifiers and folders of shards keep vectors, or what was learnt on them, and refuse any
other encoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite.encoding.adapters import AdaptedEncoder, open_encoder
from babelite.encoding.encoder import Encoder, SentenceEncoder
from babelite.encoding.model_folder import GRAPHS, TOKENIZER
from babelite.encoding.vectors import unit_rows
from babelite.errors import BabeliteError

# A text gets a vector within this distance again, whatever the machine and the precision.
_SAME_VECTOR = 0.2


class EncoderIdentity(BaseModel):
    """Which encoder made the vectors, so that no other is used with them.

    Attributes:
        spec: What `babelite.encoding.open_encoder` opens it by; None for the model that babelite
            carries, and for an encoder that was given as an object.
        name: What to call it in messages.
        dim: Components of a vector.
        checksum: The SHA-256 of what decides a babelite model's vectors; None for other encoders.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: str | None = None
    name: str
    dim: int = Field(ge=1)
    checksum: str | None = None


def identify(encoder: SentenceEncoder, spec: str | None = None) -> EncoderIdentity:
    """Write down which encoder this is.

    Args:
        encoder: The encoder.
        spec: What `babelite.encoding.open_encoder` opened it by, if it did.

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
    identity: EncoderIdentity, path: Path, *, allow_download: bool, giving: str
) -> SentenceEncoder:
    """Open the encoder that something was made with; whether it still is the same is not looked at.

    Args:
        identity: Which it was.
        path: What was made with it, for messages.
        allow_download: As for `babelite.encoding.open_encoder`.
        giving: How to give the encoder itself, for messages.

    Raises:
        BabeliteError: It is no longer where it was, or was given as an object that has no name.
    """
    if identity.spec is None and identity.checksum is None:
        raise BabeliteError(
            f"was made with the encoder {identity.name}, which cannot be opened by a name",
            path=path,
            hint=f"give it: {giving}",
        )
    try:
        return open_encoder(identity.spec, allow_download=allow_download)
    except BabeliteError as error:
        raise BabeliteError(
            f"was made with the model {identity.spec or identity.name}, which does not open "
            f"({error.problem})",
            path=path,
            hint="name it with --model",
        ) from error


def require_same(
    identity: EncoderIdentity, encoder: SentenceEncoder, path: Path, kind: str
) -> None:
    """Raise if an encoder is known to be another than the one that something was made with.

    Args:
        identity: Which it was.
        encoder: The encoder at hand.
        path: What was made with it, for messages.
        kind: What that is, for messages: ``index``, ``classifier``.

    Raises:
        BabeliteError: The checksums of two models of babelite, or the numbers of components differ.
    """
    given = identify(encoder)
    both = identity.checksum is not None and given.checksum is not None
    if given.dim != identity.dim or (both and given.checksum != identity.checksum):
        raise other_encoder(identity, given.name, path, kind)


def require_same_vectors(
    identity: EncoderIdentity,
    encoder: SentenceEncoder,
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    path: Path,
    kind: str,
) -> None:
    """Raise if an encoder gives texts other vectors than they had, the machine's rounding aside.

    Args:
        identity: Which encoder it was.
        encoder: The encoder at hand.
        texts: Some texts.
        vectors: The vectors they had, of shape (texts, dim).
        path: As for `require_same`.
        kind: As for `require_same`.

    Raises:
        BabeliteError: It does, whatever its name and its checksum say.
    """
    given = unit_rows(encoder.encode(texts))
    if not (np.linalg.norm(given - vectors, axis=1) <= _SAME_VECTOR).all():
        raise other_encoder(identity, identify(encoder).name, path, kind)


def other_encoder(identity: EncoderIdentity, given: str, path: Path, kind: str) -> BabeliteError:
    """The error for an encoder that does not belong to something; see `require_same`."""
    made_with = identity.name if identity.spec is None else f"{identity.name} ({identity.spec})"
    other = "another model" if given == identity.name else f"the model {given}"
    return BabeliteError(
        f"was made with the model {made_with}, and {other} gives other vectors",
        path=path,
        hint=f"name that model, or make a new {kind} with this one",
    )
