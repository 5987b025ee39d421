"""Adapter for ``mteb`` (Massive Text Embedding Benchmark) from the extra ``mteb``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from babelite.encoding import Encoder, fingerprint_of, open_encoder
from babelite.errors import MissingExtraError
from babelite.evaluation.sib200 import SIB200_FOLDERS

try:
    from mteb.models.abs_encoder import AbsEncoder
    from mteb.models.model_meta import ModelMeta, ScoringFunction
except ImportError as error:
    raise MissingExtraError("evaluating with mteb", "mteb") from error

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

# Language code -> code of mteb (ISO 639-3 and script).
_LANGUAGES = {code: name.replace("_", "-") for code, name in SIB200_FOLDERS.items()}
_LANGUAGES["ar"] = "ara-Arab"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class MTEBEncoder(AbsEncoder):  # type: ignore[misc]
    """An encoder with the interface of mteb's ``EncoderProtocol``; prompts are ignored.

    Args:
        encoder: An encoder or a model specification; by default the packaged model.
        revision: Identifies the model in mteb's result cache; by default a checksum.
        name: Name in mteb's results, prefixed by ``babelite/``; by default the model's name.
        allow_download: Whether another library may download the model.

    Raises:
        BabeliteError: There is no such encoder.

    Example:
        Measure the packaged model on mteb's Tatoeba, which mteb downloads::

            import mteb
            from babelite.evaluation import MTEBEncoder

            print(mteb.evaluate(MTEBEncoder(), mteb.get_tasks(tasks=["Tatoeba"])))
    """

    def __init__(
        self,
        encoder: SentenceEncoder | str | Path | None = None,
        revision: str | None = None,
        *,
        name: str | None = None,
        allow_download: bool = False,
        **_: Any,  # noqa: ANN401 -- options of other kinds of models
    ) -> None:
        if encoder is None or isinstance(encoder, str | Path):
            spec = None if encoder is None else str(encoder)
            self.model: SentenceEncoder = open_encoder(spec, allow_download=allow_download)
        else:
            self.model = encoder
        self.mteb_model_meta = _describe(self.model, name, revision)

    def encode(
        self,
        inputs: Iterable[Mapping[str, Sequence[str]]],
        **_: Any,  # noqa: ANN401 -- task, split and prompts
    ) -> NDArray[np.float32]:
        """Encode batches, each with a list of texts under ``text``; float32 (texts, dim)."""
        # One call for all batches: the encoder sorts sentences by length.
        return self.model.encode([text for batch in inputs for text in batch["text"]])


def _describe(encoder: SentenceEncoder, name: str | None, revision: str | None) -> ModelMeta:
    identity = fingerprint_of(encoder)
    known: dict[str, Any] = {
        "name": "babelite/" + _NOT_IN_NAMES.sub("-", name or identity.name),
        "revision": revision or identity.checksum,
        "embed_dim": encoder.dim,
        "similarity_fn_name": ScoringFunction.COSINE,
        "use_instructions": False,
    }
    if isinstance(encoder, Encoder):
        described = encoder.description
        codes = [_LANGUAGES.get(language) for language in described.languages]
        known |= {
            "languages": codes if all(codes) else None,
            "n_parameters": described.parameters,
            "max_tokens": described.max_tokens,
            "release_date": described.created.date().isoformat(),
            "license": described.license.lower() if described.license else None,
            "framework": ["ONNX"],
        }
    return ModelMeta.create_empty(overwrites=known)
