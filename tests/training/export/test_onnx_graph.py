"""The ONNX graphs give the vectors of the network whose weights they were built from."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from random_model import HEADS, config, random_weights

from babelite.training.export.graph_weights import read_graph_weights
from babelite.training.export.onnx_graph import build_graph, build_int8_graph
from babelite.training.export.quantization import (
    byte_scale,
    pack_levels,
    quantize_rows,
    quantize_table,
)

IDS = np.random.default_rng(1).integers(3, 200, (9, 17))
MASK = (np.arange(17) < np.array([17, 1, 2, 3, 5, 8, 13, 16, 17])[:, None]).astype(np.int64)
SAMPLE = np.random.default_rng(2).integers(3, 200, (100, 12)).tolist()


def run(
    graph: onnx.ModelProto, ids: NDArray[Any] = IDS, mask: NDArray[Any] = MASK
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    states, vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})
    return states, vectors


def reference(
    weights: dict[str, NDArray[np.float32]], activation: str = "silu"
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The states and the mean-pooled unit vectors of transformers' own network."""
    pytest.importorskip("transformers")
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    fields = {**config(weights), "activation": activation}
    fields.pop("model_type")
    model = DistilBertModel(DistilBertConfig(**fields)).eval()
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.no_grad():
        output = model(input_ids=torch.tensor(IDS), attention_mask=torch.tensor(MASK))
    states = output.last_hidden_state.numpy()
    means = (states * MASK[..., None]).sum(1) / MASK.sum(1, keepdims=True)
    return states, means / np.linalg.norm(means, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("layers", "activation"), [(0, "silu"), (1, "silu"), (3, "silu"), (1, "relu"), (1, "gelu")]
)
def test_float_graph_is_the_network_of_transformers(layers: int, activation: str) -> None:
    weights = random_weights(layers)
    states, vectors = run(build_graph(weights, n_heads=HEADS, activation=activation))
    expected_states, expected_vectors = reference(weights, activation)
    np.testing.assert_allclose(states[MASK == 1], expected_states[MASK == 1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(vectors, expected_vectors, atol=1e-5)


@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("dim", [48, 44])
def test_int8_graph_is_close_to_the_float_graph(layers: int, dim: int) -> None:
    weights = random_weights(layers, dim=dim)
    _, exact = run(build_graph(weights, n_heads=HEADS))
    _, rounded = run(build_int8_graph(weights, n_heads=HEADS, sample=SAMPLE))
    assert (exact * rounded).sum(1).min() > 0.98


@pytest.mark.parametrize("dim", [48, 44])
def test_the_weights_can_be_read_back(dim: int) -> None:
    weights = random_weights(dim=dim)
    exact = read_graph_weights(build_graph(weights, n_heads=HEADS))
    assert set(exact) == set(weights)
    for name, value in weights.items():
        np.testing.assert_array_equal(exact[name], value, err_msg=name)
    graph = build_int8_graph(weights, n_heads=HEADS, sample=SAMPLE)
    rounded = read_graph_weights(graph)
    assert {name: w.shape for name, w in rounded.items()} == {n: w.shape for n, w in exact.items()}
    # They give the vectors of the graph, but for what it rounds between its layers.
    _, vectors = run(build_graph(rounded, n_heads=HEADS))
    _, expected = run(graph)
    assert (vectors * expected).sum(1).min() > 0.999


def test_int8_vector_does_not_depend_on_the_batch() -> None:
    graph = build_int8_graph(random_weights(), n_heads=HEADS, sample=SAMPLE)
    _, together = run(graph)
    for row, length in enumerate(MASK.sum(1)):
        _, alone = run(graph, IDS[row : row + 1, :length], MASK[row : row + 1, :length])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)


def test_row_without_any_token_is_zero() -> None:
    weights = random_weights()
    for graph in (
        build_graph(weights, n_heads=HEADS),
        build_int8_graph(weights, n_heads=HEADS, sample=SAMPLE),
    ):
        _, vectors = run(graph, IDS, MASK * (np.arange(9) != 4)[:, None])
        assert not vectors[4].any()
        assert np.isfinite(vectors).all()


def test_float_graph_is_portable_and_int8_graph_is_small() -> None:
    weights = random_weights()
    portable = build_graph(weights, n_heads=HEADS)
    assert {node.domain for node in portable.graph.node} == {""}
    assert [output.name for output in portable.graph.output] == [
        "last_hidden_state",
        "sentence_embedding",
    ]
    weights = random_weights(vocabulary=5000)
    whole = build_graph(weights, n_heads=HEADS).ByteSize()
    assert build_int8_graph(weights, n_heads=HEADS, sample=SAMPLE).ByteSize() < 0.27 * whole


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"n_heads": 5}, "do not divide"),
        ({"n_heads": 0}, "do not divide"),
        ({"n_heads": 4, "activation": "tanh"}, "unknown activation 'tanh'"),
    ],
)
def test_impossible_networks_are_refused(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_graph(random_weights(), **arguments)


def test_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="no token"):
        build_int8_graph(random_weights(), n_heads=HEADS, sample=[[], []])


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_packed_levels_unpack_to_themselves(rows: int, columns: int, seed: int) -> None:
    levels = np.random.default_rng(seed).integers(0, 16, (rows, columns)).astype(np.uint8)
    packed = pack_levels(levels)
    assert packed.shape == (rows, -(-columns // 2))
    assert (np.concatenate([packed % 16, packed // 16], axis=1)[:, :columns] == levels).all()


@given(st.integers(1, 5), st.integers(1, 40), st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
def test_tables_are_as_near_as_sixteen_levels_allow(
    rows: int, columns: int, spread: float, seed: int
) -> None:
    matrix = np.random.default_rng(seed).normal(0, spread, (rows, columns)).astype(np.float32)
    matrix[0] = 0
    levels, scales = quantize_table(matrix)
    assert levels.max() <= 15
    assert scales[0] == 0
    error = (levels.astype(np.float64) - 7.5) * scales - matrix
    # Evenly spaced over the whole row, no error is above half a step; other scales are better.
    step = np.abs(matrix).max(1) / 7.5
    assert (np.sqrt((error**2).mean(1)) <= 0.5001 * step).all()
    assert ((levels == 0) | (levels == 15) | (np.abs(error) <= 0.5001 * scales)).all()


@given(st.integers(1, 5), st.integers(1, 40), st.floats(1e-6, 1e6), st.integers(0, 2**32 - 1))
def test_quantised_rows_are_within_half_a_step(
    rows: int, columns: int, spread: float, seed: int
) -> None:
    matrix = np.random.default_rng(seed).normal(0, spread, (rows, columns)).astype(np.float32)
    matrix[0] = 0
    values, scales = quantize_rows(matrix)
    assert np.abs(values).max() <= 63
    assert scales[0] == 0
    assert (np.abs(values * scales - matrix) <= 0.5001 * scales).all()


@given(st.floats(-1e3, 1e3), st.floats(0, 1e3))
def test_byte_scale_covers_the_range_and_keeps_zero_exact(low: float, width: float) -> None:
    scale, zero = byte_scale(low, low + width)
    step = float(scale)
    assert (0 - int(zero)) * step <= min(low, 0) + step
    assert (255 - int(zero)) * step >= max(low + width, 0) - step
