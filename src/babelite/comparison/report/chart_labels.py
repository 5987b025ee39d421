"""Labels of chart points without overlaps, and number formats of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL_GAP = 0.05  # between two labels, as a share of the axes' height


def spread_out(values: Sequence[float], gap: float) -> list[float]:
    """Move numbers apart until neighbours have a minimum distance; order and centre are kept.

    Example:
        >>> spread_out([1.0, 1.0, 5.0], 1.0)
        [0.5, 1.5, 5.0]
    """
    blocks: list[tuple[float, list[int]]] = []  # centre and members of a group of labels
    for place in sorted(range(len(values)), key=lambda i: values[i]):
        blocks.append((values[place], [place]))
        while len(blocks) > 1 and _overlap(blocks[-2], blocks[-1], gap):
            (first, left), (second, right) = blocks[-2:]
            middle = (first * len(left) + second * len(right)) / (len(left) + len(right))
            blocks[-2:] = [(middle, left + right)]
    moved = [0.0] * len(values)
    for middle, places in blocks:
        for number, place in enumerate(places):
            moved[place] = middle + gap * (number - (len(places) - 1) / 2)
    return moved


def _overlap(first: tuple[float, list[int]], second: tuple[float, list[int]], gap: float) -> bool:
    needed = gap * (len(first[1]) + len(second[1])) / 2
    return second[0] - first[0] < needed - 1e-12


def label_points(
    axes: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], colours: Sequence[str]
) -> None:
    """Label points along the right edge, without overlaps, with room left of the labels."""
    if not points:
        return
    last = max(x for x, _ in points)
    if axes.get_xscale() == "log":
        axes.set_xlim(min(x for x, _ in points) / 2, last * 2)
    else:
        axes.set_xlim(right=1.05 * last)
    bottom, top = axes.get_ylim()
    heights = spread_out([y for _, y in points], _LABEL_GAP * (top - bottom))
    lowest, highest = min(heights), max(heights)
    axes.set_ylim(min(bottom, lowest - 0.03 * (top - bottom)), max(top, highest))
    for point, height, text, colour in zip(points, heights, texts, colours, strict=True):
        axes.annotate(
            text,
            point,
            xytext=(1.02, height),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize="small",
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.6},
        )


def format_x_as_integers(axes: Axes) -> None:
    """Write the numbers of the horizontal axis without exponents."""
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
