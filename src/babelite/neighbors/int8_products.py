"""Inner products of int8 rows and float32 queries by the integer kernels of ONNX Runtime.

These kernels read a quarter of the bytes of float32 rows, and the rows are not converted.
"""

from __future__ import annotations

import os
from base64 import b64decode
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from babelite.machine import usable_cores

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# MatMulInteger of a (n, d) and b (d, q), both int8; the package onnx writes it as
# make_model(make_graph([make_node("MatMulInteger", ["a", "b"], ["c"])], …), ir_version=8).
_GRAPH = (
    "CAg6aQoYCgFhCgFiEgFjIg1NYXRNdWxJbnRlZ2VyEghwcm9kdWN0c1oVCgFhEhAKDggDEgoKAxIBbgoD"
    "EgFkWhUKAWISEAoOCAMSCgoDEgFkCgMSAXFiFQoBYxIQCg4IBhIKCgMSAW4KAxIBcUIECgAQDQ=="
)
_LARGEST = 127
_STEPS = 254  # steps of the second digit in one step of the first


def int8_products(
    rows: NDArray[np.int8], queries: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The inner product of every row with every query, and how far they may be from the exact one.

    A query is written as two digits to the base 254, so that both factors are int8.

    Args:
        rows: Array of shape (n, dim).
        queries: Array of shape (q, dim).

    Returns:
        The products, float32 (n, q). The largest error of each query, float32 (q,), as a multiple
        of the length of a row.

    Example:
        >>> rows = np.array([[127, 0], [0, -127]], np.int8)
        >>> products, errors = int8_products(rows, np.array([[0.6, 0.8]], np.float32))
        >>> products.round(1).astype(str).tolist(), bool(errors[0] < 1e-4)
        ([['76.2'], ['-101.6']], True)
    """
    largest = np.abs(queries).max(axis=1, keepdims=True)
    step = np.where(largest == 0, 1, largest / _LARGEST).astype(np.float32)
    first = np.rint(queries / step)
    rest = np.rint((queries / step - first) * _STEPS)
    digits = np.concatenate([first, rest]).astype(np.int8)
    columns = np.ascontiguousarray(digits.T)
    found = _session(os.getpid()).run(None, {"a": rows, "b": columns})[0]
    one, two = np.split(found.astype(np.float32), 2, axis=1)
    products = np.asarray((one + two / np.float32(_STEPS)) * step[:, 0], np.float32)
    # A component of a query is off by half a step of the second digit at most; float32 adds less.
    errors = step[:, 0] * (np.sqrt(queries.shape[1]) / (2 * _STEPS)) + 1e-6
    return products, errors.astype(np.float32)


@cache
def _session(process: int) -> InferenceSession:
    """The session of a process; a forked process has none of the threads of its parent's."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = usable_cores()
    return InferenceSession(b64decode(_GRAPH), options, providers=["CPUExecutionProvider"])
