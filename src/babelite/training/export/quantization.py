"""Quantization: embedding tables to 4 bits, matrices to 7, activations to 8.

Matrices have 7 bits because processors without dot-product instructions add two products of an
unsigned and a signed byte in 16 bits. With weights from -63 to 63 that sum cannot overflow
(2 · 255 · 63 < 2¹⁵), so results are equal on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 63
LEVELS = 16
_MIDDLE = np.float32(LEVELS / 2 - 0.5)

# Candidates for the value of the outermost level, as shares of a row's largest number.
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6)


def quantize_rows(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantize each row to 7-bit integers with its own scale.

    Returns integers from -63 to 63, int8 (rows, columns), and scales, float32 (rows, 1). Their
    product differs from the matrix by at most half a scale. The scale of a row of zeros is 0.
    """
    scales = np.abs(matrix).max(axis=1, keepdims=True) / np.float32(LARGEST)
    divisors = np.where(scales > 0, scales, np.float32(1))
    return np.rint(matrix / divisors).astype(np.int8), scales


def quantize_table(matrix: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Quantize each row to 4 bits: 16 evenly spaced levels with a scale for each row.

    Returns levels from 0 to 15, uint8 (rows, columns), and scales, float32 (rows, 1), for
    `restore_table`; the scale of a row of zeros is 0. Of several scales, each row gets the one with
    the least squared error. Its outermost levels may be below the row's largest numbers.

    Example:
        >>> levels, scales = quantize_table(np.array([[0.75, -0.25, 0.05]], np.float32))
        >>> levels.tolist(), round(float(scales[0, 0]), 6)
        ([[15, 5, 8]], 0.1)
    """
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    best = np.full(largest.shape, np.inf, np.float32)
    levels, scales = np.zeros(matrix.shape, np.uint8), np.zeros_like(largest)
    for share in _SHARES:
        tried = np.where(largest > 0, largest * np.float32(share) / _MIDDLE, np.float32(1))
        found = np.clip(np.rint(matrix / tried + _MIDDLE), 0, LEVELS - 1)
        error = np.square((found - _MIDDLE) * tried - matrix).sum(axis=1, keepdims=True)
        better = error < best
        levels = np.where(better, found, levels).astype(np.uint8)
        scales, best = np.where(better, tried, scales), np.where(better, error, best)
    return levels, np.where(largest > 0, scales, np.float32(0))


def restore_table(levels: NDArray[np.uint8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """Dequantize levels and scales of `quantize_table`: (levels - 7.5) · scales, float32."""
    table: NDArray[np.float32] = (levels - _MIDDLE) * scales
    return table


def pack_levels(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pack 4-bit levels (rows, columns) into bytes (rows, ceil(columns / 2)).

    The first half of a row is low, the second half high; an odd row is padded with a zero.
    """
    even = np.pad(levels, ((0, 0), (0, levels.shape[1] % 2)))
    low, high = np.split(even, 2, axis=1)
    packed: NDArray[np.uint8] = low + 16 * high
    return packed


def unpack_levels(packed: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Unpack bytes (rows, ceil(columns / 2)) of `pack_levels` to levels (rows, columns)."""
    return np.concatenate([packed & 15, packed >> 4], axis=1)[:, :columns]


def byte_scale(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """Scale and zero point that map a range, extended to include 0, to 0 … 255.

    A number x is stored as round(x / scale) + zero.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255) or np.float32(1)
    return scale, np.uint8(np.rint(-low / scale))
