"""An alignment as one HTML page: the two documents side by side, bead by bead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelite._version import __version__
from babelite.alignment.align import Bead
from babelite.alignment.bead_files import texts
from babelite.corpus import Document
from babelite.plots import jinja_environment

if TYPE_CHECKING:
    import jinja2

# Beads of lower scores are worth a look.
LOW = 0.5

_SLICES = 240
# Scores between these make all the difference in colour.
_WORST, _BEST = 0.25, 0.9


@dataclass(frozen=True)
class _Row:
    """A bead as the page shows it."""

    bead: Bead
    source: list[tuple[int, str]]
    target: list[tuple[int, str]]
    wrong: bool

    @property
    def kinds(self) -> str:
        """The classes by which the page chooses rows."""
        smaller, larger = sorted(self.bead.size)
        kinds = {
            "unmatched": not smaller,
            "many": bool(smaller) and larger > 1,
            "low": bool(smaller) and self.bead.score < LOW,
            "wrong": self.wrong,
        }
        return " ".join(["bead", *(kind for kind, held in kinds.items() if held)])


def _shade(score: float) -> str:
    """How good a score looks, from 0 to 1."""
    return f"{min(max((score - _WORST) / (_BEST - _WORST), 0.0), 1.0):.2f}"


def page_template() -> jinja2.Template:
    """The template of the page.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    environment = jinja_environment("writing an HTML page", shade=_shade)
    return environment.get_template("alignment.html.j2")


def alignment_page(
    beads: Sequence[Bead],
    source: Document,
    target: Document,
    gold: Collection[tuple[frozenset[int], frozenset[int]]] | None = None,
) -> str:
    """Show an alignment on a page that needs nothing beside it.

    Args:
        beads: The beads of the two documents, at least one.
        source: The document on the left.
        target: The document on the right.
        gold: The right beads; those that are not among them are marked.

    Returns:
        HTML.

    Raises:
        MissingExtraError: The extra ``report`` is not installed.
    """
    template = page_template()
    right = None if gold is None else set(gold)
    rows = [
        _Row(
            bead,
            _numbered(source, bead.source),
            _numbered(target, bead.target),
            right is not None and (frozenset(bead.source), frozenset(bead.target)) not in right,
        )
        for bead in beads
    ]
    kinds = Counter(kind for row in rows for kind in row.kinds.split())
    matched = [bead.score for bead in beads if all(bead.size)]
    return template.render(
        version=__version__,
        source=source,
        target=target,
        rows=rows,
        kinds=kinds,
        low=LOW,
        mean=sum(matched) / len(matched) if matched else 0.0,
        sizes=Counter(bead.size for bead in beads).most_common(),
        gold=gold is not None,
        slices=list(_slices(beads)),
    )


def _numbered(document: Document, rows: range) -> list[tuple[int, str]]:
    return [
        (document.numbers[row], text) for row, text in zip(rows, texts(document, rows), strict=True)
    ]


def _slices(beads: Sequence[Bead]) -> Iterator[tuple[float, float, int]]:
    """The documents from beginning to end in slices: share matched, mean score, first bead."""
    count = min(len(beads), _SLICES)
    for number in range(count):
        first = number * len(beads) // count
        part = beads[first : (number + 1) * len(beads) // count]
        scores = [bead.score for bead in part if all(bead.size)]
        yield len(scores) / len(part), sum(scores) / len(scores) if scores else 0.0, first
