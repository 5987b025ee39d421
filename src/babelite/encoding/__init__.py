"""Sentence encoders: model folders, and sentences to vectors without torch."""

from typing import TYPE_CHECKING

__all__ = [
    "DEFAULT_MODEL",
    "DEFAULT_MODEL_NAME",
    "AdaptedEncoder",
    "Encoder",
    "EncoderFingerprint",
    "ModelContents",
    "ModelDescription",
    "ModelFolder",
    "Precision",
    "SentenceEncoder",
    "TrainingData",
    "encode_lines",
    "encode_stream",
    "fingerprint_of",
    "is_encoder_spec",
    "iterate_items",
    "iterate_texts",
    "list_texts",
    "model_checksum",
    "open_encoder",
    "open_recorded_encoder",
    "quantize_binary",
    "quantize_int8",
    "read_model_description",
    "read_model_folder",
    "require_same_encoder",
    "require_same_fingerprint",
    "same_vectors",
    "unit_rows",
    "write_model_folder",
    "write_vectors",
    "write_vectors_resumably",
]

if TYPE_CHECKING:
    from babelite.encoding.adapters import (
        AdaptedEncoder,
        encode_lines,
        encode_stream,
        is_encoder_spec,
        open_encoder,
    )
    from babelite.encoding.encoder import Encoder, SentenceEncoder
    from babelite.encoding.fingerprint import (
        EncoderFingerprint,
        fingerprint_of,
        open_recorded_encoder,
        require_same_encoder,
        require_same_fingerprint,
        same_vectors,
    )
    from babelite.encoding.model_description import ModelDescription, Precision, TrainingData
    from babelite.encoding.model_folder import (
        DEFAULT_MODEL,
        DEFAULT_MODEL_NAME,
        ModelFolder,
        model_checksum,
        read_model_description,
        read_model_folder,
    )
    from babelite.encoding.model_writer import ModelContents, write_model_folder
    from babelite.encoding.quantized_vectors import quantize_binary, quantize_int8
    from babelite.encoding.texts import iterate_items, iterate_texts, list_texts
    from babelite.encoding.vectors import unit_rows, write_vectors, write_vectors_resumably
else:
    from babelite import lazy_exports

    # Lazy: a first vector needs neither pydantic (fingerprints) nor the writer of model folders.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "adapters": "AdaptedEncoder encode_lines encode_stream is_encoder_spec open_encoder",
            "encoder": "Encoder SentenceEncoder",
            "fingerprint": "EncoderFingerprint fingerprint_of open_recorded_encoder "
            "require_same_encoder require_same_fingerprint same_vectors",
            "model_description": "ModelDescription Precision TrainingData",
            "model_folder": "DEFAULT_MODEL DEFAULT_MODEL_NAME ModelFolder model_checksum "
            "read_model_description read_model_folder",
            "model_writer": "ModelContents write_model_folder",
            "quantized_vectors": "quantize_binary quantize_int8",
            "texts": "iterate_items iterate_texts list_texts",
            "vectors": "unit_rows write_vectors write_vectors_resumably",
        },
    )
