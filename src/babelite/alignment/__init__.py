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
    AlignmentFormat,
    alignment_format,
    alignment_lines,
    read_alignment,
)

__all__ = [
    "ALIGNMENT_FORMATS",
    "MAX_SIZE",
    "MIN_SCORE",
    "AlignmentFormat",
    "SegmentPair",
    "align",
    "align_runs",
    "align_vectors",
    "alignment_format",
    "alignment_lines",
    "encode_runs",
    "read_alignment",
    "text_lengths",
]
