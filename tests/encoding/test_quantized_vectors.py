"""Quantised vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.encoding import quantize_binary, quantize_int8, unit_rows
from babelite.errors import BabeliteError


@given(seed=st.integers(0, 1000), dim=st.integers(1, 70), count=st.integers(0, 9))
def test_int8_keeps_the_direction_and_binary_the_signs(seed: int, dim: int, count: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    vectors[:1] = 0
    quantized = quantize_int8(vectors)
    assert quantized.dtype == np.int8 and quantized.shape == vectors.shape
    restored = unit_rows(quantized.astype(np.float32))
    largest = np.abs(unit_rows(vectors)).max(axis=1, initial=0)[:, None]
    assert (np.abs(restored - unit_rows(vectors)) <= largest / 100).all()
    bits = quantize_binary(vectors)
    assert bits.dtype == np.uint8 and bits.shape == (count, -(-dim // 8))
    np.testing.assert_array_equal(np.unpackbits(bits, axis=1, count=dim), vectors > 0)


@pytest.mark.parametrize("quantize", [quantize_int8, quantize_binary])
def test_vectors_that_are_not_finite_are_refused(quantize: type) -> None:
    with pytest.raises(BabeliteError):
        quantize([[1.0, np.nan]])
