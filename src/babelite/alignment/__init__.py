"""Sentence alignment: which sentences of two versions of a document translate each other."""

from babelite.alignment.align import (
    MAX_SIZE,
    MIN_SCORE,
    SegmentPair,
    align,
    align_runs,
    align_vectors,
    encode_runs,
    text_lengths,
)
from babelite.alignment.alignment_files import (
    ALIGNMENT_FORMATS,
    alignment_format,
    read_alignment,
    write_alignment,
)

__all__ = [
    "ALIGNMENT_FORMATS",
    "MAX_SIZE",
    "MIN_SCORE",
    "SegmentPair",
    "align",
    "align_runs",
    "align_vectors",
    "alignment_format",
    "encode_runs",
    "read_alignment",
    "text_lengths",
    "write_alignment",
]
