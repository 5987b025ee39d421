"""The encoder as an ONNX graph, built from plain arrays: token ids in, sentence vectors out.

Two graphs come from the same weights: one in float32, and one whose weights are stored as 8-bit
integers. Both take and give the same things, so every runtime of ONNX files can use either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]

_OPSET = 17  # the first with LayerNormalization
_IR_VERSION = 8  # what came with that opset, so that older runtimes open the file
_EPSILON = 1e-12  # of every LayerNorm, and the least length a vector is divided by


def build_graph(weights: Weights, *, n_heads: int, activation: str = "silu") -> onnx.ModelProto:
    """Build the float32 graph, of standard operators only.

    Inputs: ``input_ids`` and ``attention_mask``, int64 of shape (batch, tokens). Outputs:
    ``last_hidden_state``, float32 of shape (batch, tokens, dim), and ``sentence_embedding``,
    float32 of shape (batch, dim), the mean of the states that are not masked at unit length; it
    is zero for a row that is masked throughout.

    Args:
        weights: Arrays by the names they have in the state of transformers' ``DistilBertModel``.
        n_heads: Attention heads; they divide the width.
        activation: Of the feed-forward layers: ``silu``, ``relu`` or ``gelu``.

    Returns:
        The model, checked.

    Raises:
        ValueError: An unknown activation, or heads that do not divide the width.
    """
    return _Graph(weights, n_heads, activation, quantized=False).build()


def build_int8_graph(
    weights: Weights, *, n_heads: int, activation: str = "silu"
) -> onnx.ModelProto:
    """Build the graph whose matrices are stored as 8-bit integers, a fourth of the size.

    Arguments, inputs, outputs and errors are those of `build_graph`.
    """
    return _Graph(weights, n_heads, activation, quantized=True).build()


class _Graph:
    """Nodes and constants as they are added; each method returns the name of what it computes."""

    def __init__(self, weights: Weights, n_heads: int, activation: str, *, quantized: bool) -> None:
        self.weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self.dim = self.weights["embeddings.word_embeddings.weight"].shape[1]
        if n_heads < 1 or self.dim % n_heads:
            raise ValueError(f"{n_heads} heads do not divide a width of {self.dim}")
        if activation not in ("silu", "relu", "gelu"):
            raise ValueError(f"unknown activation {activation!r}")
        self.n_heads, self.activation, self.quantized = n_heads, activation, quantized
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def build(self) -> onnx.ModelProto:
        mask = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        hidden = self.embeddings()
        n_layers = sum(name.endswith(".ffn.lin1.weight") for name in self.weights)
        bias = self.attention_bias(mask) if n_layers else ""
        for i in range(n_layers):
            hidden = self.layer(f"transformer.layer.{i}", hidden, bias)
        self.op("Identity", hidden, output="last_hidden_state")
        self.sentence_vector(hidden, mask)
        return self.model()

    def embeddings(self) -> str:
        table = self.weights["embeddings.word_embeddings.weight"]
        if self.quantized:
            values, scales = quantize_rows(table)
            rows = self.op("Gather", self.constant("token_rows", values), "input_ids")
            row_scales = self.op("Gather", self.constant("token_scales", scales), "input_ids")
            tokens = self.op("Mul", self.op("Cast", rows, to=TensorProto.FLOAT), row_scales)
        else:
            tokens = self.op("Gather", self.constant("token_rows", table), "input_ids")
        positions = self.constant(
            "positions", self.weights["embeddings.position_embeddings.weight"]
        )
        length = self.op("Shape", "input_ids", start=1)
        used = self.op("Slice", positions, self.integers("zero", 0), length)
        return self.layer_norm("embeddings.LayerNorm", self.op("Add", tokens, used))

    def attention_bias(self, mask: str) -> str:
        hidden_keys = self.op("Sub", self.floats("one", 1.0), mask)
        bias = self.op("Mul", hidden_keys, self.floats("masked", -1e9))
        return self.op("Unsqueeze", bias, self.integers("key_axes", 1, 2))

    def layer(self, name: str, hidden: str, bias: str) -> str:
        attended = self.attention(f"{name}.attention", hidden, bias)
        hidden = self.layer_norm(f"{name}.sa_layer_norm", self.op("Add", attended, hidden))
        inner = self.activate(self.linear([f"{name}.ffn.lin1"], hidden))
        outer = self.linear([f"{name}.ffn.lin2"], inner)
        return self.layer_norm(f"{name}.output_layer_norm", self.op("Add", outer, hidden))

    def attention(self, name: str, hidden: str, bias: str) -> str:
        projections = [f"{name}.{part}" for part in ("q_lin", "k_lin", "v_lin")]
        merged = self.linear(projections, hidden)
        by_head = self.integers("by_head", 0, 0, self.n_heads, self.dim // self.n_heads)
        query, key, value = (self.op("Reshape", p, by_head) for p in self.split(merged, 3))
        query = self.op("Transpose", query, perm=[0, 2, 1, 3])
        key = self.op("Transpose", key, perm=[0, 2, 3, 1])
        value = self.op("Transpose", value, perm=[0, 2, 1, 3])
        scale = self.floats("head_scale", (self.dim // self.n_heads) ** -0.5)
        scores = self.op("Add", self.op("Mul", self.op("MatMul", query, key), scale), bias)
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), value)
        mixed = self.op("Transpose", mixed, perm=[0, 2, 1, 3])
        mixed = self.op("Reshape", mixed, self.integers("joined", 0, 0, self.dim))
        return self.linear([f"{name}.out_lin"], mixed)

    def linear(self, names: list[str], x: str) -> str:
        """One product for all the named linear maps; their outputs lie side by side."""
        weight = np.concatenate([self.weights[f"{n}.weight"] for n in names]).T
        bias = np.concatenate([self.weights[f"{n}.bias"] for n in names])
        if self.quantized:
            values, scales = quantize_rows(weight.T)
            stored = self.op(
                "Cast", self.constant(f"{names[0]}.weight", values.T), to=TensorProto.FLOAT
            )
            matrix = self.op("Mul", stored, self.constant(f"{names[0]}.scales", scales.T))
        else:
            matrix = self.constant(f"{names[0]}.weight", weight)
        product = self.op("MatMul", x, matrix)
        return self.op("Add", product, self.constant(f"{names[0]}.bias", bias))

    def activate(self, x: str) -> str:
        if self.activation == "relu":
            return self.op("Relu", x)
        if self.activation == "silu":
            return self.op("Mul", x, self.op("Sigmoid", x))
        scaled = self.op("Mul", x, self.floats("inverse_root_2", 0.5**0.5))
        grown = self.op("Add", self.op("Erf", scaled), self.floats("one", 1.0))
        return self.op("Mul", self.op("Mul", x, grown), self.floats("half", 0.5))

    def layer_norm(self, name: str, x: str) -> str:
        scale = self.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        bias = self.constant(f"{name}.bias", self.weights[f"{name}.bias"])
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=_EPSILON)

    def sentence_vector(self, hidden: str, mask: str) -> None:
        # The length of the vector is set to one, so the sum serves as well as the mean.
        row = self.op("Unsqueeze", mask, self.integers("row_axis", 1))
        total = self.op("Squeeze", self.op("MatMul", row, hidden), self.integers("row_axis", 1))
        length = self.op("ReduceL2", total, axes=[-1], keepdims=1)
        length = self.op("Max", length, self.floats("least_length", _EPSILON))
        self.op("Div", total, length, output="sentence_embedding")

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:  # noqa: ANN401
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def split(self, x: str, parts: int) -> list[str]:
        outputs = [f"Split_{len(self.nodes)}_{i}" for i in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], outputs, axis=-1))
        return outputs

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def floats(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def model(self) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", self.dim]
            ),
            helper.make_tensor_value_info(
                "sentence_embedding", TensorProto.FLOAT, ["batch", self.dim]
            ),
        ]
        graph = helper.make_graph(
            self.nodes, "encoder", inputs, outputs, list(self.constants.values())
        )
        model = helper.make_model(
            graph,
            producer_name="babelite",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model)
        return model


def quantize_rows(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each row to 8-bit integers of its own scale.

    Args:
        matrix: float32 of shape (rows, columns).

    Returns:
        The integers, from -127 to 127, of the same shape, and the scales, of shape (rows, 1);
        their product is the matrix, each element within half a scale.

    Example:
        >>> values, scales = quantize_rows(np.array([[0.5, -1.27]], np.float32))
        >>> values.tolist(), round(float(scales[0, 0]), 6)
        ([[50, -127]], 0.01)
    """
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    scales = np.where(largest > 0, largest, 1).astype(np.float32) / np.float32(127)
    return np.rint(matrix / scales).astype(np.int8), scales
