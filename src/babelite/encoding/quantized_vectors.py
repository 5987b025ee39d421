"""Smaller vectors: one byte or one bit for each component."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelite.encoding.vectors import unit_rows

_LARGEST = 127


def quantize_int8(vectors: ArrayLike) -> NDArray[np.int8]:
    """Store each component in a byte: a quarter of the size of float32.

    The largest component of each vector becomes ±127, so rows have different lengths: a cosine is
    the inner product divided by both lengths. The error of a component is about 1/254 of the
    largest one. The index of babelite stores vectors in this way.

    Args:
        vectors: Array of shape (n, dim), rows of any length.

    Returns:
        int8 array of shape (n, dim); a zero vector stays zero.

    Raises:
        BabeliteError: The array is not two-dimensional, or contains NaN or infinity.

    Example:
        >>> quantize_int8([[0.6, -0.8]])
        array([[  95, -127]], dtype=int8)
    """
    rows = unit_rows(vectors)
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    steps = np.where(largest == 0, 0, _LARGEST / np.where(largest == 0, 1, largest))
    return np.rint(rows * steps).astype(np.int8)


def quantize_binary(vectors: ArrayLike) -> NDArray[np.uint8]:
    """Store the sign of each component in a bit: a 32nd of the size of float32.

    The number of different bits (Hamming distance) stands for the angle of two vectors. Vector
    stores read this layout as binary vectors: bit 7 of the first byte is the first component.

    Args:
        vectors: Array of shape (n, dim), rows of any length.

    Returns:
        uint8 array of shape (n, dim / 8, rounded up): a bit is 1 where the component is positive.

    Raises:
        BabeliteError: The array is not two-dimensional, or contains NaN or infinity.

    Example:
        >>> quantize_binary([[0.5, -0.5, 0.5, -0.5, 0, 0, 0, 1]])
        array([[161]], dtype=uint8)
    """
    return np.packbits(unit_rows(vectors) > 0, axis=1)
