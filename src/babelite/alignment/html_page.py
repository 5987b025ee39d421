"""HTML page of an alignment: the two documents side by side, one row a segment pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelite._version import __version__
from babelite.alignment.align import SegmentPair
from babelite.alignment.alignment_files import GoldPair
from babelite.corpus import Document, numbers_differ
from babelite.plots import jinja_environment

if TYPE_CHECKING:
    import jinja2

# Segment pairs with lower scores can be filtered on the page.
LOW_SCORE = 0.5

_SLICES = 240
# The scores at the two ends of the colour scale.
_WORST, _BEST = 0.25, 0.9


@dataclass(frozen=True)
class _Row:
    """A segment pair as the page shows it."""

    pair: SegmentPair
    source: list[tuple[int, str]]
    target: list[tuple[int, str]]
    wrong: bool
    other_numbers: bool

    @property
    def classes(self) -> str:
        """The CSS classes by which the page filters rows."""
        smaller, larger = sorted(self.pair.size)
        classes = {
            "unmatched": not smaller,
            "many": smaller and larger > 1,
            "low": smaller and self.pair.score < LOW_SCORE,
            "wrong": self.wrong,
            "numbers": self.other_numbers,
        }
        return " ".join(["pair", *(name for name, applies in classes.items() if applies)])


def _shade(score: float) -> str:
    """The position of a score on the colour scale, from 0 to 1."""
    return f"{min(max((score - _WORST) / (_BEST - _WORST), 0.0), 1.0):.2f}"


def page_template() -> jinja2.Template:
    """The template of the page; raises `MissingExtraError` without the extra ``report``."""
    environment = jinja_environment("writing an HTML page", shade=_shade)
    return environment.get_template("alignment.html.j2")


def alignment_page(
    pairs: Sequence[SegmentPair],
    source: Document,
    target: Document,
    gold: Collection[GoldPair] | None = None,
) -> str:
    """The HTML of an alignment, self-contained; pairs that are not in ``gold`` are marked."""
    template = page_template()
    right = None if gold is None else set(gold)
    rows = []
    for pair in pairs:
        sides = _numbered(source, pair.source), _numbered(target, pair.target)
        sentences = frozenset(pair.source), frozenset(pair.target)
        texts = [" ".join(text for _, text in side) for side in sides]
        wrong = right is not None and sentences not in right
        rows.append(_Row(pair, *sides, wrong, all(texts) and numbers_differ(*texts)))
    matched = [pair.score for pair in pairs if all(pair.size)]
    return template.render(
        version=__version__,
        source=source,
        target=target,
        rows=rows,
        kinds=Counter(name for row in rows for name in row.classes.split()),
        low=LOW_SCORE,
        mean=sum(matched) / len(matched) if matched else 0.0,
        sizes=Counter(pair.size for pair in pairs).most_common(),
        gold=gold is not None,
        slices=list(_slices(pairs)),
    )


def _numbered(document: Document, rows: range) -> list[tuple[int, str]]:
    return [(document.numbers[row], document.sentences[row]) for row in rows]


def _slices(pairs: Sequence[SegmentPair]) -> Iterator[tuple[float, float, int]]:
    """Slices of the documents in order: matched share, mean score, first segment pair."""
    count = min(len(pairs), _SLICES)
    for number in range(count):
        first = number * len(pairs) // count
        slice_ = pairs[first : (number + 1) * len(pairs) // count]
        scores = [pair.score for pair in slice_ if all(pair.size)]
        yield len(scores) / len(slice_), sum(scores) / len(scores) if scores else 0.0, first
