"""Sentence encoders: the model folder, and sentences to vectors without torch."""

from babelite.encoding.adapters import (
    AdaptedEncoder,
    encode_lines,
    encode_stream,
    names_encoder,
    open_encoder,
)
from babelite.encoding.encoder import Encoder, SentenceEncoder
from babelite.encoding.fingerprint import (
    EncoderIdentity,
    identify,
    other_encoder,
    reopen,
    require_same,
    require_same_vectors,
)
from babelite.encoding.model_description import ModelDescription, Precision, TrainingData
from babelite.encoding.model_folder import (
    CONFIG,
    DEFAULT_MODEL,
    DESCRIPTION,
    GRAPHS,
    PACKAGED,
    TOKENIZER,
    WEIGHTS,
    ModelFolder,
    read_description,
    read_model_folder,
)
from babelite.encoding.model_writer import ModelContents, write_model_folder
from babelite.encoding.vectors import unit_rows, write_vectors, write_vectors_resumably

__all__ = [
    "CONFIG",
    "DEFAULT_MODEL",
    "DESCRIPTION",
    "GRAPHS",
    "PACKAGED",
    "TOKENIZER",
    "WEIGHTS",
    "AdaptedEncoder",
    "Encoder",
    "EncoderIdentity",
    "ModelContents",
    "ModelDescription",
    "ModelFolder",
    "Precision",
    "SentenceEncoder",
    "TrainingData",
    "encode_lines",
    "encode_stream",
    "identify",
    "names_encoder",
    "open_encoder",
    "other_encoder",
    "read_description",
    "read_model_folder",
    "reopen",
    "require_same",
    "require_same_vectors",
    "unit_rows",
    "write_model_folder",
    "write_vectors",
    "write_vectors_resumably",
]
