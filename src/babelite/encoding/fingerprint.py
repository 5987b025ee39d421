"""Encoder fingerprints: record which encoder made vectors, open it again, refuse any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from babelite.encoding.adapters import AdaptedEncoder, open_encoder
from babelite.encoding.encoder import Encoder, SentenceEncoder
from babelite.encoding.vectors import unit_rows
from babelite.errors import BabeliteError

# Largest distance of two vectors of one text by one encoder. Rounding to int8 moves a vector by
# 0.01; the packaged model before and after its last stage of training differs by 0.05 to 0.24.
_SAME_ENCODER_DISTANCE = 0.05


class EncoderFingerprint(BaseModel):
    """Identifies the encoder that made vectors; indexes and classifiers are valid with it only.

    Attributes:
        spec: The argument of `open_encoder`; None for the model in the package, and for an
            encoder that was passed as an object.
        name: The name of the encoder, for messages.
        checksum: SHA-256 of the files that determine the vectors; None unless a babelite model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    spec: str | None = None
    name: str
    dim: int = Field(ge=1)
    checksum: str | None = None

    def matches(self, other: EncoderFingerprint) -> bool:
        """Whether both are of one encoder; its spec may differ."""
        return self.model_dump(exclude={"spec"}) == other.model_dump(exclude={"spec"})


def fingerprint_of(encoder: SentenceEncoder, spec: str | None = None) -> EncoderFingerprint:
    """The fingerprint of an encoder; the path of a model folder in ``spec`` becomes absolute."""
    if spec is not None and Path(spec).exists():
        spec = str(Path(spec).resolve())
    if isinstance(encoder, Encoder):
        name, checksum = encoder.description.name, encoder.checksum
        return EncoderFingerprint(spec=spec, name=name, dim=encoder.dim, checksum=checksum)
    if isinstance(encoder, AdaptedEncoder):
        return EncoderFingerprint(spec=spec or encoder.name, name=encoder.name, dim=encoder.dim)
    name = f"{type(encoder).__module__}.{type(encoder).__qualname__}"
    return EncoderFingerprint(spec=spec, name=name, dim=encoder.dim)


def open_recorded_encoder(
    recorded: EncoderFingerprint, path: Path, *, allow_download: bool, argument: str
) -> SentenceEncoder:
    """Open the encoder that a file was made with; `require_same_encoder` then checks it.

    ``argument`` is the call that takes an encoder object, for the hint if there is no spec.
    """
    if recorded.spec is None and recorded.checksum is None:
        raise BabeliteError(
            f"was made with the encoder {recorded.name}, which has no spec to open it with",
            code="encoder-unknown",
            path=path,
            hint=f"pass the encoder: {argument}",
        )
    try:
        encoder = open_encoder(recorded.spec, allow_download=allow_download)
        if encoder.dim <= recorded.dim:
            return encoder
        return open_encoder(recorded.spec, allow_download=allow_download, dim=recorded.dim)
    except BabeliteError as error:
        model, hint = recorded.spec or recorded.name, f"give the model: {argument}, or --model"
        problem = f"was made with the model {model}, which does not open ({error.problem})"
        raise BabeliteError(problem, code=error.code, path=path, hint=hint) from error


def require_same_encoder(
    recorded: EncoderFingerprint,
    encoder: SentenceEncoder,
    path: Path,
    kind: str,
    texts: Sequence[str] = (),
    vectors: NDArray[np.float32] | None = None,
) -> None:
    """Raise if an encoder is not the one that a file was made with.

    The message names the file ``path`` and its ``kind``, such as ``index``. If there are ``texts``,
    they are encoded and compared with their ``vectors`` in the file, shape (len(texts), dim).
    """
    given = fingerprint_of(encoder)
    comparable = recorded.checksum is not None and given.checksum is not None
    same = given.dim == recorded.dim and (not comparable or given.checksum == recorded.checksum)
    if same and vectors is not None and len(texts):
        same = same_vectors(unit_rows(encoder.encode(texts)), vectors)
    if not same:
        raise _mismatch(recorded, given, path, kind)


def require_same_fingerprint(
    recorded: EncoderFingerprint, given: EncoderFingerprint, path: Path, kind: str
) -> None:
    """Raise if two fingerprints are not of one encoder; arguments as `require_same_encoder`."""
    if not recorded.matches(given):
        raise _mismatch(recorded, given, path, kind)


def same_vectors(left: ArrayLike, right: ArrayLike) -> bool:
    """Whether two arrays of vectors of the same texts, (dim,) or (texts, dim), are of one encoder.

    They are if no vector has moved by more than 0.05: rounding differs between machines and by
    storage, two models differ by more.

    Example:
        >>> same_vectors([1.0, 0.0], [0.9998, 0.02]), same_vectors([1.0, 0.0], [0.9, 0.436])
        (True, False)
    """
    a, b = np.asarray(left, np.float32), np.asarray(right, np.float32)
    if a.shape != b.shape:
        return False
    return bool((np.linalg.norm(a - b, axis=-1) <= _SAME_ENCODER_DISTANCE).all())


def _mismatch(
    recorded: EncoderFingerprint, given: EncoderFingerprint, path: Path, kind: str
) -> BabeliteError:
    made_with = recorded.name if recorded.spec is None else f"{recorded.name} ({recorded.spec})"
    other = "another model" if given.name == recorded.name else f"the model {given.name}"
    return BabeliteError(
        f"was made with the model {made_with}, and {other} gives other vectors",
        code="encoder-mismatch",
        path=path,
        hint=f"give that model, or make a new {kind} with this one",
    )
