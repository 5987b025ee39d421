"""Numbers in fewer bits: tables and matrices at 7 bits, activations at 8.

Why 7: processors without dot-product instructions multiply unsigned by signed bytes two at a time
and add the two products in 16 bits. With weights from -63 to 63 that sum always fits
(2 · 255 · 63 < 2¹⁵), so results are the same on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 63


def quantize_rows(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round each row to 7-bit integers on a scale of its own.

    Args:
        matrix: float32 of shape (rows, columns).

    Returns:
        The integers, from -63 to 63, of the same shape, and the scales, of shape (rows, 1); their
        product is the matrix, each element within half a scale. The scale of a row of zeros is 0.

    Example:
        >>> values, scales = quantize_rows(np.array([[0.5, -0.63]], np.float32))
        >>> values.tolist(), round(float(scales[0, 0]), 6)
        ([[50, -63]], 0.01)
    """
    scales = np.abs(matrix).max(axis=1, keepdims=True) / np.float32(LARGEST)
    divisors = np.where(scales > 0, scales, np.float32(1))
    return np.rint(matrix / divisors).astype(np.int8), scales


def pack_rows(values: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Lay rows of 7-bit integers into bytes without a bit to spare.

    The columns are taken as eight equal blocks. Seven bytes hold eight values, one of each block:
    the low bits are the values of the first seven blocks, and the high bits together are that of
    the eighth, lowest bit first. Stored are the integers plus 64, hence 1 to 127.

    Args:
        values: From -63 to 63, of shape (rows, columns).

    Returns:
        Bytes of shape (rows, 7 · ceil(columns / 8)); the last block is filled up with zeros.

    Example:
        >>> pack_rows(np.array([[-63, 0, 0, 0, 0, 0, 63, 63]], np.int8)).tolist()
        [[129, 192, 192, 192, 192, 192, 255]]
    """
    rows, columns = values.shape
    filled = np.pad(values, ((0, 0), (0, -columns % 8)))
    blocks = (filled.astype(np.int16) + 64).astype(np.uint8).reshape(rows, 8, -1)
    place = np.arange(7, dtype=np.uint8)[:, None]
    high = (blocks[:, 7:] >> place) & 1
    packed: NDArray[np.uint8] = (blocks[:, :7] | (high << 7)).astype(np.uint8)
    return packed.reshape(rows, -1)


def byte_scale(low: float, high: float) -> tuple[np.float32, np.uint8]:
    """The scale and the zero point that lay a range of numbers over the bytes 0 to 255.

    Args:
        low: The least number; zero is always made part of the range.
        high: The greatest.

    Returns:
        ``scale`` and ``zero``, so that x is stored as round(x / scale) + zero.

    Example:
        >>> scale, zero = byte_scale(-1.0, 1.55)
        >>> round(float(scale), 6), int(zero)
        (0.01, 100)
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / 255) or np.float32(1)
    return scale, np.uint8(np.rint(-low / scale))
