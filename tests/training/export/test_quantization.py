"""Quantization of matrices, embedding tables and activations."""

from __future__ import annotations

import numpy as np
import pytest

from babelite.training.export.quantization import (
    byte_scale,
    pack_levels,
    quantize_rows,
    quantize_table,
    restore_table,
    unpack_levels,
)


def test_rows_become_7_bit_integers_with_a_scale_each() -> None:
    values, scales = quantize_rows(np.array([[0.5, -0.63], [0, 0]], np.float32))
    assert values.tolist() == [[50, -63], [0, 0]]
    assert scales[:, 0].tolist() == pytest.approx([0.01, 0])


def test_a_table_is_restored_from_its_levels() -> None:
    levels, scales = quantize_table(np.array([[0.75, -0.25]], np.float32))
    assert restore_table(levels, scales).tolist() == [pytest.approx([0.75, -0.25])]


def test_packed_levels_are_unpacked() -> None:
    packed = pack_levels(np.array([[1, 2, 3]], np.uint8))
    assert packed.tolist() == [[49, 2]]
    assert unpack_levels(packed, columns=3).tolist() == [[1, 2, 3]]


def test_a_range_is_mapped_to_the_values_of_a_byte() -> None:
    scale, zero = byte_scale(-1.0, 1.55)
    assert scale == pytest.approx(0.01)
    assert zero == 100
