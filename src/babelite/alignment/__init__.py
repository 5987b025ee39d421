"""Sentence alignment: which sentences of two versions of a document translate each other."""

from babelite.alignment.align import Bead, align, align_runs, align_vectors, encode_runs
from babelite.alignment.bead_files import WRITERS, read_beads
from babelite.alignment.page import alignment_page, page_template

__all__ = [
    "WRITERS",
    "Bead",
    "align",
    "align_runs",
    "align_vectors",
    "alignment_page",
    "encode_runs",
    "page_template",
    "read_beads",
]
