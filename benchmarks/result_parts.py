"""The parts of `make results`: the command of each benchmark, and the tables made from its record.

A command writes its numbers as JSON. ``{dev}`` and ``{train}`` in its arguments are the folders of
the evaluation sets and of the training text. A record is what results.py stores for a part:
``numbers`` and how they were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import quality
import robustness

Numbers = Mapping[str, Any]

_TATOEBA = tuple(f"{{dev}}/tatoeba.en-{code}.tsv.gz" for code in ("fr", "de", "es", "it"))
_MULTI30K = tuple(f"{{dev}}/multi30k.test_2016_flickr.en-{code}.tsv.gz" for code in ("fr", "de"))


@dataclass(frozen=True)
class Part:
    """A benchmark whose numbers are shown in pages.

    Attributes:
        program: The program in this folder; it writes its numbers to the file after ``--json``.
        arguments: Its other arguments.
        views: Name of a view -> numbers to Markdown. ``<!-- results: PART/VIEW -->`` in a page is
            followed by it; ``<!-- results: PART -->`` by the view ``table``.
        pictures: Path in the repository -> numbers and output path to a picture.
        small: Arguments added for small inputs, as a test of the program.
        seeds: The random seeds of the program.
    """

    program: str
    arguments: tuple[str, ...]
    views: Mapping[str, Callable[[Numbers], str]]
    pictures: Mapping[str, Callable[[Numbers, Path], None]] = field(default_factory=dict)
    small: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)


PARTS: dict[str, Part] = {
    "quality": Part(
        program="quality.py",
        arguments=(*_TATOEBA, *_MULTI30K, "--sib200", "{dev}/sib200", "--sts", "{dev}/stsb"),
        views={
            "table": quality.table,
            "differences": quality.difference_table,
            "summary": quality.summary,
        },
        pictures={"docs/images/quality.svg": quality.plot},
    ),
    "robustness": Part(
        program="robustness.py",
        arguments=(*_TATOEBA, "--queries", "250"),
        views={"table": robustness.table},
        small=("--queries", "10"),
    ),
}
