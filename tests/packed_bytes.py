"""Compressed bytes as other programs write them, made without babelite."""

from __future__ import annotations

import gzip
import lzma

import zstandard

SUFFIXES = ["", ".gz", ".xz", ".zst"]


def pack(data: bytes, suffix: str) -> bytes:
    """Compress bytes in the format of a file ending."""
    if suffix == ".gz":
        return gzip.compress(data)
    if suffix == ".xz":
        return lzma.compress(data)
    if suffix == ".zst":
        return zstandard.compress(data)
    return data
