"""Extraction of weights from an ONNX graph, for model folders without a weight file."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from babelite.training.export.quantization import restore_table, unpack_levels


def read_graph_weights(graph: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """Read the weights of a graph that `build_graph` or `build_int8_graph` built.

    Returns float32 arrays by their names in transformers' ``DistilBertModel``; those of an 8-bit
    graph are dequantized.
    """
    constants = {c.name: numpy_helper.to_array(c) for c in graph.graph.initializer}
    positions = constants["positions"]
    weights = {
        "embeddings.word_embeddings.weight": _tokens(constants, positions.shape[1]),
        "embeddings.position_embeddings.weight": positions,
    }
    for name, value in constants.items():
        if not name.startswith(("embeddings.", "transformer.")):
            continue
        if name.endswith(".bias") or (name.endswith(".weight") and value.ndim == 1):
            weights[name] = value
        elif name.endswith(".weight"):
            scales = constants.get(f"{name.removesuffix('.weight')}.scales", np.float32(1))
            weights[name] = (value * scales).T
    return {name: np.array(value, np.float32) for name, value in weights.items()}


def _tokens(constants: dict[str, NDArray[np.generic]], dim: int) -> NDArray[np.generic]:
    if "tokens" in constants:
        return constants["tokens"]
    levels = unpack_levels(constants["packed_tokens"].astype(np.uint8), dim)
    return restore_table(levels, constants["token_scales"].astype(np.float32))
