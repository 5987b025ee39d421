"""Integer products, beside float64; and their graph."""

from __future__ import annotations

from base64 import b64decode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.neighbors import int8_products
from babelite.neighbors.int8_products import _GRAPH


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 50),
    queries=st.integers(1, 5),
    dim=st.sampled_from([1, 3, 64, 256, 1024]),
    scale=st.sampled_from([1e-20, 1e-3, 1.0, 300.0]),
)
def test_products_are_within_the_stated_error(
    seed: int, count: int, queries: int, dim: int, scale: float
) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.integers(-127, 128, (count, dim), dtype=np.int8)
    given_queries = chance.standard_normal((queries, dim)).astype(np.float32)
    given_queries *= scale / np.linalg.norm(given_queries, axis=1, keepdims=True)
    products, errors = int8_products(rows, given_queries)
    exact = rows.astype(np.float64) @ given_queries.astype(np.float64).T
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    assert (np.abs(products - exact) <= errors * lengths + 1e-5 * scale * lengths).all()
    assert (errors <= scale * 1e-3 + 1e-6).all()


def test_a_zero_query_has_zero_products() -> None:
    products, _ = int8_products(np.ones((2, 3), np.int8), np.zeros((1, 3), np.float32))
    assert products.tolist() == [[0], [0]]


def test_the_graph_is_what_onnx_writes() -> None:
    onnx = pytest.importorskip("onnx")
    types = onnx.TensorProto
    a, b, c = (
        onnx.helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("a", types.INT8, ["n", "d"]),
            ("b", types.INT8, ["d", "q"]),
            ("c", types.INT32, ["n", "q"]),
        )
    )
    node = onnx.helper.make_node("MatMulInteger", ["a", "b"], ["c"])
    graph = onnx.helper.make_graph([node], "products", [a, b], [c])
    opsets = [onnx.helper.make_opsetid("", 13)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    assert onnx.ModelProto.FromString(b64decode(_GRAPH)) == model
